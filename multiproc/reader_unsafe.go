package multiproc

import "unsafe"

// unsafeString returns bytes as a string without a copy. It is valid until they are modified.
func unsafeString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
