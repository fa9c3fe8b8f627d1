//go:build !unix

package multiproc

import "errors"

// Compact needs to know which processes are alive, which this system does not tell.
func (r *Reader) Compact() (files int, err error) {
	return 0, errors.New("multiproc: directories can be compacted on Unix only")
}

func lockShared(string) (unlock func()) { return func() {} }

// An archiveRestorer has nothing to restore on a system without archives.
type archiveRestorer struct{}

func newArchiveRestorer(string) *archiveRestorer              { return &archiveRestorer{} }
func (r *archiveRestorer) restore() (restored int, err error) { return 0, nil }
func (r *archiveRestorer) close()                             {}
