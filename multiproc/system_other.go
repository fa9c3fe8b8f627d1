//go:build !unix

package multiproc

import (
	"errors"
	"io/fs"
	"os"
)

var errUnix = errors.New("processes can share their counts on Unix only")

func mmap(*os.File, int64, int) ([]byte, error) { return nil, errUnix }

func munmap([]byte) {}

func remap(*os.File, int64, []byte) error { return errUnix }

func isUnlinked(fs.FileInfo) bool { return false }

func isReadOnly(error) bool { return false }

func isFull(error) bool { return false }

func hold(*os.File) error { return errUnix }

func release(*os.File) {}

func isHeld(*os.File) bool { return true }

func reserve(*os.File, int64, int64) error { return errUnix }
