package multiproc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// An id is what the files of a worker are called by. Of Python's clients it is the
// number of the process, or a name that the service gives its workers. Ours are
//
//	<pid>-<start>-<namespace>-<n>
//
// since numbers come again, and mean other processes in other containers. The
// last one counts what else the process has had: exec keeps its number.

// processID is the n-th id of this process.
func processID(n int) string {
	return fmt.Sprintf("%s-%d", ProcessName(os.Getpid()), n)
}

// ProcessName names a process of this machine such that no other one, before or
// after it, has the name.
func ProcessName(pid int) string {
	return fmt.Sprintf("%d-%d-%d", pid, startOf(pid), pidNamespace())
}

// IsGone reports whether a process is known to be gone that has a name by
// [ProcessName].
func IsGone(name string) bool {
	pid, start, namespace, ok := parseID(name + "-0")
	return ok && namespace == pidNamespace() && namespace != 0 && startOf(pid) != start
}

// parseID takes one of our ids apart.
func parseID(id string) (pid int, start, namespace uint64, ok bool) {
	parts := strings.Split(id, "-")
	if len(parts) != 4 {
		return 0, 0, 0, false
	}
	var numbers [4]uint64
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 63)
		if err != nil {
			return 0, 0, 0, false
		}
		numbers[i] = n
	}
	return int(numbers[0]), numbers[1], numbers[2], numbers[0] > 0
}

// isOurs reports whether an id is that of a Go process, which holds its file for
// as long as it lives.
func isOurs(id string) bool {
	_, _, _, ok := parseID(id)
	return ok
}

// pidOf is the process of a worker's id: of one of ours only where that number
// means the same process to us. Names are none.
func pidOf(id string) (pid int, ok bool) {
	if pid, start, namespace, ours := parseID(id); ours {
		return pid, namespace == pidNamespace() && startOf(pid) == start
	}
	pid, err := strconv.Atoi(id)
	return pid, err == nil && pid > 0
}

// shownPID is what the label pid says of a worker.
func shownPID(id string) string {
	if pid, _, _, ours := parseID(id); ours {
		return strconv.Itoa(pid)
	}
	return id
}
