package multiproc

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A directory belongs to one service: the counts of two would be summed, and each would export
// the sum. The first Go process of a service therefore writes the service's name into the
// directory, and other services are refused.

// claimName is the file that holds the service's name.
const claimName = "service.name"

// GoSubdir is the subdirectory that a Go service uses when Python's client already writes into
// its directory. Python's collector would read a Go process's files as a worker's, and fail on a
// different layout.
const GoSubdir = "go"

// An OtherServiceError is returned by OpenCells for a directory that belongs to another service.
type OtherServiceError struct {
	Dir, Service, Owner string
}

func (e *OtherServiceError) Error() string {
	return fmt.Sprintf("%s is the directory of the service %q, and this one is %q: give each service its own directory, or empty this one if the other service no longer runs",
		e.Dir, e.Owner, e.Service)
}

// claimDir returns the directory that a service counts in, and claims it.
func claimDir(dir, service string) (string, error) {
	if service == "" {
		return dir, nil
	}
	if claimOwner(dir) == "" && len(pythonFiles(dir)) > 0 {
		dir = filepath.Join(dir, GoSubdir)
	}
	return dir, ensureClaim(dir, service)
}

// ensureClaim claims a directory for a service. On a full disk it does nothing.
func ensureClaim(dir, service string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if claimOwner(dir) == "" {
		if err := writeClaim(dir, service); err != nil && !isFull(err) {
			return err
		}
	}
	if owner := claimOwner(dir); owner != "" && owner != service {
		return &OtherServiceError{dir, service, owner}
	}
	return nil
}

// writeClaim writes the claim atomically: a reader finds all of it or nothing. The first claim
// wins.
func writeClaim(dir, service string) error {
	path := filepath.Join(dir, claimName)
	f, err := os.CreateTemp(dir, claimName+".*"+tempSuffix)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.WriteString(service + "\n")
	err = errors.Join(err, f.Chmod(0o644), f.Close())
	if err != nil {
		return err
	}
	if err := os.Link(f.Name(), path); !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// claimOwner returns the service that has claimed a directory, or "".
func claimOwner(dir string) string {
	f, _, _ := openRegular(filepath.Join(dir, claimName))
	if f == nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	text, _ := io.ReadAll(io.LimitReader(f, 4096))
	return strings.TrimSpace(string(text))
}

// renewClaim claims the directory again after the claim was removed.
func (c *Cells) renewClaim() {
	if c.service == "" {
		return
	}
	if _, err := os.Lstat(filepath.Join(c.base, claimName)); errors.Is(err, fs.ErrNotExist) {
		_ = ensureClaim(c.base, c.service) // without the claim other services may enter, which is no reason to stop counting
	}
}

// pythonFiles returns the names of the files that Python's client has in a directory.
func pythonFiles(dir string) []string {
	listed, _ := os.ReadDir(dir)
	var names []string
	for _, e := range listed {
		_, id, ok := parseName(e.Name())
		if ok && id != archiveID && !isGoID(id) {
			names = append(names, e.Name())
		}
	}
	return names
}
