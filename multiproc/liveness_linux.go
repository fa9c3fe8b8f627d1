package multiproc

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// writersOf asks the kernel whether somebody has a file open for writing, or mapped so: in
// whatever PID namespace, and whatever is called so there. A lease for reading is given
// only if nobody has. It takes the file's owner, or root, and a file system with leases.
//
// The lease lasts for a moment. Who opens the file for writing just then waits that long.
func writersOf(in *os.File) life {
	set := func(kind int) syscall.Errno {
		_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, in.Fd(), setLease, uintptr(kind))
		return errno
	}
	switch set(syscall.F_RDLCK) {
	case 0:
		set(syscall.F_UNLCK)
		return isDead
	case syscall.EAGAIN:
		return isAlive
	}
	return unknownLife
}

// setLease is F_SETLEASE (fcntl.h), which package syscall lacks.
const setLease = 1024

// mappedBy reports which files a process has mapped, and whether that can be read.
func mappedBy(pid int, keys map[fileKey]bool) (found []fileKey, readable bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) // it has ended
	}
	left := len(keys)
	seen := map[fileKey]bool{}
	for line := range bytes.Lines(text) {
		if !bytes.Contains(line, metricsFile) {
			continue
		}
		key, ok := keyOfMapping(string(line))
		for want := range keys {
			if ok && !seen[want] && want.inode == key.inode && (want.device == key.device || hasOpen(pid, want)) {
				seen[want] = true
				found = append(found, want)
			}
		}
		if len(seen) == left {
			break
		}
	}
	return found, true
}

// metricsFile is in the path of each file of metrics, whatever it was renamed to.
var metricsFile = []byte(".db")

// keyOfMapping reads a line of /proc/PID/maps: address, permissions, offset, device, inode,
// path.
func keyOfMapping(line string) (key fileKey, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 6 {
		return key, false
	}
	major, minor, _ := strings.Cut(fields[3], ":")
	high, err1 := strconv.ParseUint(major, 16, 32)
	low, err2 := strconv.ParseUint(minor, 16, 32)
	inode, err3 := strconv.ParseUint(fields[4], 10, 64)
	return fileKey{deviceNumber(high, low), inode}, errors.Join(err1, err2, err3) == nil
}

// deviceNumber is a device as stat has it (makedev of glibc).
func deviceNumber(major, minor uint64) uint64 {
	return major&0xfffff000<<32 | major&0xfff<<8 | minor&0xffffff00<<12 | minor&0xff
}

// hasOpen reports whether a process has a file open. Some file systems (Btrfs, overlays)
// show another device in maps than stat does; whoever maps a file of metrics has it open as
// well.
func hasOpen(pid int, key fileKey) bool {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	listed, _ := os.ReadDir(dir)
	for _, e := range listed {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && keyOf(info) == key {
			return true
		}
	}
	return false
}

// allProcesses are the processes that can be seen, and whether there can be no others: in
// the first PID namespace all have a number.
func allProcesses() (pids []int, complete bool) {
	listed, err := os.ReadDir("/proc")
	for _, e := range listed {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, err == nil && pidNamespace() == firstNamespace
}

// firstNamespace is the number of the PID namespace that the machine began with
// (PROC_PID_INIT_INO in the kernel's proc_ns.h).
const firstNamespace = 0xEFFFFFFC
