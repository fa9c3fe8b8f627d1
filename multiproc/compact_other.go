//go:build !unix

package multiproc

import "errors"

// Compact needs to know which processes are alive, which cannot be found out
// here.
func (r *Reader) Compact() (files int, err error) {
	return 0, errors.New("multiproc: directories can be compacted on Unix only")
}

func shareDir(string) (unlock func()) { return func() {} }

// A keeper has nothing to keep where there are no archives.
type keeper struct{}

func newKeeper(string) *keeper                       { return &keeper{} }
func (k *keeper) restore() (restored int, err error) { return 0, nil }
func (k *keeper) close()                             {}
