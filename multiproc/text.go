package multiproc

import "unsafe"

// stringOf is bytes as a text, which is good for as long as they are not written to.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
