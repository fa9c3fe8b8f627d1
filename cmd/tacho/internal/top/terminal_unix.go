//go:build unix

package top

import (
	"os"
	"os/signal"
	"syscall"
)

// understandSequences has nothing to do here.
func understandSequences(*os.File) (restore func(), err error) { return func() {}, nil }

// resized sends when the terminal has another size.
func resized() (c chan os.Signal, stop func()) {
	c = make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGWINCH)
	return c, func() { signal.Stop(c) }
}
