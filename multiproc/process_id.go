package multiproc

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// An id names the files of a worker. Python's client uses the PID, or a name that the service
// gives its workers. Ours are
//
//	<pid>-<start>-<namespace>-<n>
//
// because PIDs are reused and mean different processes in different containers. The last number
// distinguishes the programs that one process has run: exec keeps the PID.

// processID returns the n-th id of this process.
func processID(n int) string {
	return fmt.Sprintf("%s-%d", ProcessName(os.Getpid()), n)
}

// ProcessName returns a name for a process of this machine that no earlier or later process
// shares.
func ProcessName(pid int) string {
	return fmt.Sprintf("%d-%d-%d", pid, startTicks(pid), pidNamespace())
}

// IsGone reports whether the process with a name from [ProcessName] is known to have ended.
func IsGone(name string) bool {
	pid, start, namespace, ok := parseID(name + "-0")
	return ok && namespace == pidNamespace() && namespace != 0 && startTicks(pid) != start
}

// parseID parses one of our ids.
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

// isGoID reports whether an id belongs to a Go process, which keeps its file locked for as long
// as it lives.
func isGoID(id string) bool {
	_, _, _, ok := parseID(id)
	return ok
}

// pidOf returns the PID in a worker's id. For a Go id it is valid only if it denotes the same
// process in this namespace. Names have none.
func pidOf(id string) (pid int, ok bool) {
	if pid, start, namespace, ours := parseID(id); ours {
		return pid, namespace == pidNamespace() && startTicks(pid) == start
	}
	pid, err := strconv.Atoi(id)
	return pid, err == nil && pid > 0
}

// pidLabel is the value of a worker's pid label.
func pidLabel(id string) string {
	if pid, _, _, ours := parseID(id); ours {
		return strconv.Itoa(pid)
	}
	return id
}
