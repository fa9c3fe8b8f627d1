//go:build unix

package multiproc

import (
	"fmt"
	"syscall"
	"time"
)

// lockExclusive keeps other compactors away, at most until this process ends.
func lockExclusive(dir string) (unlock func(), err error) {
	f, err := openLock(dir, true)
	if err != nil {
		return nil, fmt.Errorf("multiproc: compacting: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, ErrBusy
	}
	return func() { _ = f.Close() }, nil
}

// lockShared keeps compactors away while a reader reads. If it cannot lock, for example in a
// read-only directory or because another process keeps the lock, it does nothing: a scrape must
// not wait forever.
func lockShared(dir string) (unlock func()) {
	f, err := openLock(dir, false)
	if err != nil {
		return func() {}
	}
	deadline := time.Now().Add(lockWait)
	for syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	return func() { _ = f.Close() }
}

// lockWait is how long a reader waits for a compactor.
const lockWait = 5 * time.Second
