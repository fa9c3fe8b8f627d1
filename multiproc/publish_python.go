package multiproc

import (
	"os"
	"path/filepath"
	"slices"
	"time"
)

// SharesDirWithPython reports whether Python's client writes into the directory, too. That
// happens when it starts after the Go service.
func (p *Publisher) SharesDirWithPython() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sharedDir
}

// adoptLayout switches to the layout that Python's client uses in this directory: its collector
// reads every file in the layout of its own release.
func (p *Publisher) adoptLayout() {
	dir := p.cells.Dir()
	info, err := os.Stat(dir)
	if err != nil || info.ModTime().Equal(p.listedAt) && time.Since(p.listedAt) > maxTimeResolution {
		return
	}
	names := pythonFiles(dir)
	p.sharedDir = len(names) > 0
	p.listedAt = info.ModTime()
	at := slices.IndexFunc(names, func(name string) bool { return layoutOfFile(filepath.Join(dir, name)) != unknownLayout })
	if at < 0 {
		if p.sharedDir {
			p.listedAt = p.listedAt.Add(-1) // the files are still empty: check again
		}
		return
	}
	layout := layoutOfFile(filepath.Join(dir, names[at]))
	if layout == p.layout {
		return
	}
	p.layout = layout
	for k := range p.files {
		p.staleKinds[k] = true
	}
}

// maxTimeResolution exceeds the resolution of a directory's modification time.
const maxTimeResolution = 3 * time.Second

// layoutOfFile returns the layout of a file of Python's client.
func layoutOfFile(path string) layout {
	k, _, _ := parseName(filepath.Base(path))
	in, _, _ := openRegular(path)
	if in == nil {
		return unknownLayout
	}
	defer func() { _ = in.Close() }()
	f, err := readEntire(in, k, newMerged(defaultSeriesLimit))
	if err != nil || len(f.entries) == 0 {
		return unknownLayout
	}
	return f.layout
}
