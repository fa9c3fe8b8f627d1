package multiproc

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A directory is one service's: what two have counted in it would be added up, and each
// would export the sum. So the first Go process of a service writes its name into the
// directory, and those of another one stay out.

// claimName is the file that has the service's name in it.
const claimName = "service.name"

// BelowPython is the folder in which a Go service counts whose directory has files of
// Python's client. Its collector would take a Go process's files for those of a worker,
// and fails where their layout is another one.
const BelowPython = "go"

// An OtherServiceError is what OpenCells returns for a directory that another service
// counts in.
type OtherServiceError struct {
	Dir, Service, Owner string
}

func (e *OtherServiceError) Error() string {
	return fmt.Sprintf("%s is the directory of the service %q, and this one is %q: give each a directory of its own, or empty this one if that service is no more",
		e.Dir, e.Owner, e.Service)
}

// settle finds the directory that a service counts in, and claims it.
func settle(dir, service string) (string, error) {
	if service == "" {
		return dir, nil
	}
	if claimOf(dir) == "" && len(pythonFiles(dir)) > 0 {
		dir = filepath.Join(dir, BelowPython)
	}
	return dir, claim(dir, service)
}

// claim makes a directory a service's. Without space for that it does nothing.
func claim(dir, service string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if claimOf(dir) == "" {
		if err := writeClaim(dir, service); err != nil && !isFull(err) {
			return err
		}
	}
	if owner := claimOf(dir); owner != "" && owner != service {
		return &OtherServiceError{dir, service, owner}
	}
	return nil
}

// writeClaim writes a claim such that whoever looks finds none or all of it. The first
// one stays.
func writeClaim(dir, service string) error {
	path := filepath.Join(dir, claimName)
	f, err := os.CreateTemp(dir, claimName+".*"+temporary)
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

// claimOf is the service that has claimed a directory, "" if none has.
func claimOf(dir string) string {
	f, _ := new(file).open(filepath.Join(dir, claimName))
	if f == nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	text, _ := io.ReadAll(io.LimitReader(f, 4096))
	return strings.TrimSpace(string(text))
}

// reclaim claims the directory again whose claim somebody has removed.
func (c *Cells) reclaim() {
	if c.service == "" {
		return
	}
	if _, err := os.Lstat(filepath.Join(c.base, claimName)); errors.Is(err, fs.ErrNotExist) {
		_ = claim(c.base, c.service) // without it others come, which is no reason not to count
	}
}

// pythonFiles are the names of files that workers of Python's client have in a
// directory.
func pythonFiles(dir string) []string {
	listed, _ := os.ReadDir(dir)
	var names []string
	for _, e := range listed {
		_, id, ok := parseName(e.Name())
		if ok && id != archiveID && !isOurs(id) {
			names = append(names, e.Name())
		}
	}
	return names
}

// BesidePython reports whether Python's client writes into the directory, too, as it can
// when it came later.
func (p *Publisher) BesidePython() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.beside
}

// followLayout writes values as Python's client does whose files have come into the
// directory: its collector reads all of them in the layout of its own release.
func (p *Publisher) followLayout() {
	dir := p.cells.Dir()
	info, err := os.Stat(dir)
	if err != nil || info.ModTime().Equal(p.listed) && time.Since(p.listed) > coarsestTime {
		return
	}
	names := pythonFiles(dir)
	p.beside = len(names) > 0
	p.listed = info.ModTime()
	at := slices.IndexFunc(names, func(name string) bool { return layoutIn(filepath.Join(dir, name)) != unknown })
	if at < 0 {
		if p.beside {
			p.listed = p.listed.Add(-1) // nothing is in them yet: look again
		}
		return
	}
	layout := layoutIn(filepath.Join(dir, names[at]))
	if layout == p.layout {
		return
	}
	p.layout = layout
	for k := range p.stores {
		p.stale[k] = true
	}
}

// coarsestTime is more than the resolution of a directory's time of change.
const coarsestTime = 3 * time.Second

// layoutIn is the layout of a file of Python's client.
func layoutIn(path string) layout {
	k, _, _ := parseName(filepath.Base(path))
	in, _ := new(file).open(path)
	if in == nil {
		return unknown
	}
	defer func() { _ = in.Close() }()
	f, err := readWhole(in, k, newMerged(defaultSeriesLimit))
	if err != nil || len(f.entries) == 0 {
		return unknown
	}
	return f.layout
}
