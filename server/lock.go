package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/prometheus/prometheus/tsdb/fileutil"
)

// A dirLock locks the data directory from New until the TSDB takes the lock itself, so
// that New fails if another server uses the directory.
type dirLock struct {
	release func() error
}

// lockDir locks the data directory. The error is [ErrInUse] if another process holds it.
func lockDir(dir string) (dirLock, error) {
	path := filepath.Join(dir, "lock")
	held, existed, err := fileutil.Flock(path)
	if err != nil {
		return dirLock{}, inUse(dir, err)
	}
	return dirLock{sync.OnceValue(func() error {
		if existed { // left by an unclean shutdown; the TSDB detects that by this file
			return held.Release()
		}
		return errors.Join(held.Release(), os.Remove(path))
	})}, nil
}

func inUse(dir string, err error) error {
	return fmt.Errorf("%w: the data directory %s is in use by another process: stop it or choose another directory (%w)", ErrInUse, dir, err)
}
