//go:build unix && !linux

package multiproc

import "os"

// reserve allocates n bytes of a file on disk.
func reserve(f *os.File, at, n int64) error { return writeZeros(f, at, n) }
