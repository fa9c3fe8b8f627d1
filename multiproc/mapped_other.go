//go:build !unix

package multiproc

import (
	"errors"
	"io/fs"
	"os"
)

var errUnsupported = errors.New("processes can share their counts on Unix only")

func mmap(*os.File, int64, int) ([]byte, error) { return nil, errUnsupported }

func munmap([]byte) {}

func remap(*os.File, int64, []byte) error { return errUnsupported }

func isUnlinked(fs.FileInfo) bool { return false }

func isReadOnly(error) bool { return false }

func isFull(error) bool { return false }

func lockFile(*os.File) error { return errUnsupported }

func unlockFile(*os.File) {}

func isLocked(*os.File) bool { return true }

func reserve(*os.File, int64, int64) error { return errUnsupported }
