package multiproc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A directory may belong to somebody whom this process must not trust: an exporter that
// runs as root compacts the directory of a service. Its owner can have put a link
// anywhere, and can replace what was just looked at. So whatever is made is made under
// a new name and by us (O_EXCL), no link is followed (O_NOFOLLOW), and of what is there
// already the open file is checked, and not its name.

// createAttempts is how often a name is cleared that somebody takes again.
const createAttempts = 5

// createFile makes a file. What has the name is taken away, and not written to: it is
// what a process has left that died, or a trap.
func createFile(path string) (*os.File, error) {
	for range createAttempts {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR|noFollow, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: somebody makes it again whenever it is removed", path)
}

// lockName is the file by which compactors keep each other away.
const lockName = "compact.lock"

// openLock opens the file by which compactors keep each other away. It is made if need
// be and if it may be.
func openLock(dir string, make bool) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	for range createAttempts {
		f, err := os.OpenFile(path, os.O_RDWR|noFollow|noWait, 0)
		if errors.Is(err, fs.ErrPermission) { // it can still be locked
			f, err = os.OpenFile(path, os.O_RDONLY|noFollow|noWait, 0)
		}
		switch {
		case err == nil:
			return f, checkLock(f, dir)
		case !make || !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
		f, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR|noFollow, 0o644)
		if err == nil {
			giveToOwnerOf(f, dir)
			return f, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: somebody makes and removes it again and again", path)
}

// checkLock closes a lock that is not a file of this directory's owner's, of root's, or of
// ours. By that of a stranger all compactors could be kept away, and one that
// has another name besides belongs to something else.
func checkLock(f *os.File, dir string) error {
	info, err := f.Stat()
	if err == nil && (!info.Mode().IsRegular() || hasOtherNames(info)) {
		err = fmt.Errorf("%s is not a plain file with one name: remove it", f.Name())
	}
	if err == nil && !ownedByOneOf(info, dir) {
		err = fmt.Errorf("%s belongs to another user than the directory: remove it", f.Name())
	}
	if err != nil {
		_ = f.Close()
	}
	return err
}

// PlainDir returns an error if a directory is a link, or another user's than its parent
// directory's or this process's: whoever made it could read and change what is put
// there. It is for directories that are there already under a name that can be guessed.
func PlainDir(dir string) error {
	info, err := os.Lstat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory: remove it", dir)
	case !ownedByOneOf(info, filepath.Dir(dir)):
		return fmt.Errorf("%s belongs to another user: remove it", dir)
	}
	return nil
}
