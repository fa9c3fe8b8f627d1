//go:build !unix

package multiproc

import (
	"errors"
	"os"
)

var errUnix = errors.New("processes can share their counts on Unix only")

func mmap(*os.File, int64, int) ([]byte, error) { return nil, errUnix }

func munmap([]byte) {}

func isFull(error) bool { return false }

func hold(*os.File) error { return errUnix }

func release(*os.File) {}

func isHeld(*os.File) bool { return true }

func reserve(*os.File, int64, int64) error { return errUnix }
