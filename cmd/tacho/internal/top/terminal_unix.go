//go:build unix

package top

import (
	"os"
	"os/signal"
	"syscall"
)

// enableSequences does nothing on Unix.
func enableSequences(*os.File) (restore func(), err error) { return func() {}, nil }

// resized sends after a change of the terminal size.
func resized() (c chan os.Signal, stop func()) {
	c = make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGWINCH)
	return c, func() { signal.Stop(c) }
}
