package multiproc

import "unsafe"

// stringOf is a text whose bytes are never written again.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
