// Package locked holds data that several goroutines of a test write and read. Only tests and
// what they start import it.
package locked

import (
	"strings"
	"sync"
)

// A Buffer collects the output of a process or a logger, and can be read at the same time. The
// zero value is empty.
type Buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (b *Buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// String returns everything written so far.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
