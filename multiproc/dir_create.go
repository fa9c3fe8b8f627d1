package multiproc

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The directory may belong to an untrusted user: an exporter that runs as root compacts the
// directory of a service. The owner can put a link anywhere, and can replace a file right after
// it was checked. So new files are created exclusively (O_EXCL), links are not followed
// (O_NOFOLLOW), and existing files are checked through the open descriptor, not by name.

// createAttempts is how often a name is freed that something else keeps taking.
const createAttempts = 5

// createFile creates a file. It removes whatever has the name instead of writing to it: that is
// a leftover of a dead process, or a trap.
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
	return nil, fmt.Errorf("%s: something creates it again whenever it is removed", path)
}

// lockName is the file by which compactors exclude each other.
const lockName = "compact.lock"

// openLock opens the file by which compactors exclude each other. With make it creates a missing
// one.
func openLock(dir string, make bool) (*os.File, error) {
	path := filepath.Join(dir, lockName)
	for range createAttempts {
		f, err := os.OpenFile(path, os.O_RDWR|noFollow|nonBlocking, 0)
		if errors.Is(err, fs.ErrPermission) { // a read-only file can still be locked
			f, err = os.OpenFile(path, os.O_RDONLY|noFollow|nonBlocking, 0)
		}
		switch {
		case err == nil:
			return f, checkLock(f, dir)
		case !make || !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
		f, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR|noFollow, 0o644)
		if err == nil {
			chownToDirOwner(f, dir)
			return f, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: something keeps creating and removing it", path)
}

// checkLock closes a lock that does not belong to the directory's owner, to root or to this
// user. A stranger's lock could block all compactors, and a file with a second link belongs to
// something else.
func checkLock(f *os.File, dir string) error {
	info, err := f.Stat()
	if err == nil && (!info.Mode().IsRegular() || hasOtherLinks(info)) {
		err = fmt.Errorf("%s is not a plain file with a single link: remove it", f.Name())
	}
	if err == nil && !ownedByOneOf(info, dir) {
		err = fmt.Errorf("%s belongs to a different user than the directory: remove it", f.Name())
	}
	if err != nil {
		_ = f.Close()
	}
	return err
}

// CheckDirOwner returns an error if a directory is a link, or belongs to a user other than the
// owner of its parent or of this process: that user could read and change the metrics. Use it
// for directories that already exist under a name that can be guessed.
func CheckDirOwner(dir string) error {
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
