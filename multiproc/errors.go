package multiproc

import (
	"errors"
	"io/fs"
)

// ErrBusy is returned by Compact while another process compacts the directory, or while a reader
// has asked compactors to wait.
var ErrBusy = errors.New("multiproc: another process is compacting or reading this directory")

// ErrLivenessUnknown is returned by Compact when it cannot tell whether some workers of Python's
// client are dead, or when it finds no living one. Their files stay as they are. A worker is a
// process that has mapped its file. The compactor can see it as root or as the service's user;
// in a separate container it must share the service's PID namespace.
var ErrLivenessUnknown = errors.New("multiproc: cannot tell which processes have mapped the files of this directory; run the compactor " +
	"as the service's user and in its PID namespace")

// errDirInUse is why cells that found no space at first stay in private memory: other Cells of
// the process have taken the directory since.
var errDirInUse = errors.New("multiproc: other cells of this process use the directory")

var errClosed = errors.New("multiproc: these cells are closed")

// A cause is a class of reasons why something is not in a file.
type cause int

// causeOf returns the cause of an error.
func causeOf(err error) cause {
	for i, is := range causes {
		if is(err) {
			return cause(i + 1)
		}
	}
	return cause(len(causes) + 1)
}

var causes = []func(error) bool{
	isFull,
	func(err error) bool { return errors.Is(err, fs.ErrNotExist) },
	func(err error) bool { return errors.Is(err, fs.ErrPermission) },
	isReadOnly,
}

// IsFull reports whether an error means that there is no space: on the disk, in the user's
// quota, or within the limit for one file.
func IsFull(err error) bool { return isFull(err) }

// IsReadOnly reports whether an error means a read-only file system.
func IsReadOnly(err error) bool { return isReadOnly(err) }

var errTooLarge = errors.New("multiproc: a file would exceed 2 GiB")
