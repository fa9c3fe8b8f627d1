package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/prometheus/prometheus/tsdb/fileutil"
)

// A folderLock holds the data folder from New until the TSDB takes the lock itself, so
// that nobody is told of a server that cannot run.
type folderLock struct {
	release func() error
}

// lockFolder locks the data folder. The error is [ErrInUse] if another process has it.
func lockFolder(dir string) (folderLock, error) {
	path := filepath.Join(dir, "lock")
	held, existed, err := fileutil.Flock(path)
	if err != nil {
		return folderLock{}, inUse(dir, err)
	}
	return folderLock{sync.OnceValue(func() error {
		if existed { // an earlier end was not clean, which the TSDB finds by this file
			return held.Release()
		}
		return errors.Join(held.Release(), os.Remove(path))
	})}, nil
}

func inUse(dir string, err error) error {
	return fmt.Errorf("%w: the data folder %s belongs to a process that is running: end it or choose another folder (%w)", ErrInUse, dir, err)
}
