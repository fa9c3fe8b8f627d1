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

// leaseState asks the kernel whether a process has a file open or mapped for writing, in any PID
// namespace and under any name. The kernel grants a read lease only if none has. This works for
// the file's owner or root, on a file system with leases.
//
// The lease is released at once. A process that opens the file for writing in between waits for
// that.
func leaseState(in *os.File) liveness {
	set := func(kind int) syscall.Errno {
		_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, in.Fd(), setLease, uintptr(kind))
		return errno
	}
	switch set(syscall.F_RDLCK) {
	case 0:
		set(syscall.F_UNLCK)
		return livenessDead
	case syscall.EAGAIN:
		return livenessAlive
	}
	return livenessUnknown
}

// setLease is F_SETLEASE (fcntl.h), which package syscall lacks.
const setLease = 1024

// mappedBy returns the files that a process has mapped, and whether its mappings can be read.
func mappedBy(pid int, keys map[deviceInode]bool) (found []deviceInode, readable bool) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESRCH) // it has ended
	}
	left := len(keys)
	seen := map[deviceInode]bool{}
	for line := range bytes.Lines(text) {
		if !bytes.Contains(line, metricsFileMark) {
			continue
		}
		key, ok := parseMapping(string(line))
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

// metricsFileMark is part of the path of every metrics file, even of a renamed one.
var metricsFileMark = []byte(".db")

// parseMapping reads a line of /proc/PID/maps: address, permissions, offset, device, inode,
// path.
func parseMapping(line string) (key deviceInode, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 6 {
		return key, false
	}
	major, minor, _ := strings.Cut(fields[3], ":")
	high, err1 := strconv.ParseUint(major, 16, 32)
	low, err2 := strconv.ParseUint(minor, 16, 32)
	inode, err3 := strconv.ParseUint(fields[4], 10, 64)
	return deviceInode{deviceNumber(high, low), inode}, errors.Join(err1, err2, err3) == nil
}

// deviceNumber returns a device as stat reports it (makedev of glibc).
func deviceNumber(major, minor uint64) uint64 {
	return major&0xfffff000<<32 | major&0xfff<<8 | minor&0xffffff00<<12 | minor&0xff
}

// hasOpen reports whether a process has a file open. Some file systems (Btrfs, overlays) show
// another device in maps than in stat; a process that maps a metrics file also keeps it open.
func hasOpen(pid int, key deviceInode) bool {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	listed, _ := os.ReadDir(dir)
	for _, e := range listed {
		if info, err := os.Stat(filepath.Join(dir, e.Name())); err == nil && deviceInodeOf(info) == key {
			return true
		}
	}
	return false
}

// listProcesses returns the processes that can be seen, and whether these are all: in the
// initial PID namespace every process has a PID.
func listProcesses() (pids []int, complete bool) {
	listed, err := os.ReadDir("/proc")
	for _, e := range listed {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids, err == nil && pidNamespace() == initialNamespace
}

// initialNamespace is the number of the machine's initial PID namespace (PROC_PID_INIT_INO in
// the kernel's proc_ns.h).
const initialNamespace = 0xEFFFFFFC
