//go:build unix && !linux

package multiproc

import "os"

// reserve gives n bytes of a file their place on the disk.
func reserve(f *os.File, at, n int64) error { return writeZeros(f, at, n) }
