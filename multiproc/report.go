package multiproc

import (
	"sync/atomic"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// A report is what a scan says about the directory itself.
type report struct {
	dir          string
	files, bytes int64
	private      uint64 // cells
	unwritten    uint64 // samples
	folded       uint64
	restored     uint64
	workers      cohort
	ours         map[string]bool // Go processes, by id, and whether they are alive
	damaged      map[Reason]int
}

// file counts a file.
func (r *report) file(f *file) {
	r.files++
	r.bytes += f.used
	if !f.dead {
		r.private += f.private
		r.unwritten += f.unwritten
	}
	if isOurs(f.id) {
		r.alive(f.id)
	}
	for _, why := range f.damage {
		r.damaged[why]++
	}
	if f.skipped > 0 {
		r.damaged[Limit] += f.skipped
	}
}

// own counts the file of this process's cells, which is not read.
func (r *report) own(c *Cells) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.private += uint64(c.privateNow())
	r.unwritten += uint64(c.unwritten)
	if c.file != nil && !c.closed && !c.lost {
		r.files++
		r.bytes += c.used
		r.ours[c.id] = true
	}
}

// alive reports whether a Go process is alive, as it was found once in this scan.
func (r *report) alive(id string) bool {
	is, known := r.ours[id]
	if !known {
		is = alive(r.dir, id)
		r.ours[id] = is
	}
	return is
}

// families are the metrics about the directory; docs/multiproc.md lists them.
func (r *report) families(m *merged) []*dto.MetricFamily {
	damaged := gauge("tacho_multiproc_damaged", "Files and entries that could not be read, or not as they should be, in this scrape, by reason.")
	for _, why := range reasons {
		add(damaged, float64(r.damaged[why]), "reason", string(why))
	}
	workers := gauge("tacho_multiproc_workers", "Processes that have files in the directory, by whether they are alive. Unknown are those of which it cannot be seen who has mapped their files.")
	for _, life := range []life{isAlive, isDead, unknownLife} {
		add(workers, float64(r.workers.count(life)), "state", lives[life])
	}
	return []*dto.MetricFamily{
		add(gauge("tacho_multiproc_bytes", "Bytes in use in the files of the directory."), float64(r.bytes)),
		damaged,
		add(gauge("tacho_multiproc_files", "Files of processes in the directory."), float64(r.files)),
		add(newFamily("tacho_multiproc_folded_files_total", "Files of dead processes that have been folded into archives, by this exporter or by the processes themselves.", dto.MetricType_COUNTER), float64(r.folded)),
		add(gauge("tacho_multiproc_private_cells", "Cells that living processes have in their own memory, since they could not be written, as on a full disk; only who has them shows them."), float64(r.private)),
		add(newFamily("tacho_multiproc_restored_files_total", "Files that were removed while their processes counted in them, and were made again.", dto.MetricType_COUNTER), float64(r.restored)),
		add(gauge("tacho_multiproc_series", "Series of the merged view, and cells of Go processes."), float64(len(m.series)+len(m.cells))),
		add(gauge("tacho_multiproc_series_limit", "Series that the merged view may have."), float64(m.limit)),
		add(gauge("tacho_multiproc_unwritten_samples", "Samples that living processes could not write, as on a full disk."), float64(r.unwritten)),
		workers,
	}
}

func gauge(name, help string) *dto.MetricFamily {
	return newFamily(name, help, dto.MetricType_GAUGE)
}

func newFamily(name, help string, kind dto.MetricType) *dto.MetricFamily {
	return &dto.MetricFamily{Name: &name, Help: &help, Type: &kind}
}

// add adds a sample, of a gauge or counter, with labels given as names and values.
func add(f *dto.MetricFamily, v float64, labels ...string) *dto.MetricFamily {
	m := &dto.Metric{}
	if f.GetType() == dto.MetricType_COUNTER {
		m.Counter = &dto.Counter{Value: &v}
	} else {
		m.Gauge = &dto.Gauge{Value: &v}
	}
	for i := 0; i < len(labels); i += 2 {
		m.Label = append(m.Label, &dto.LabelPair{Name: &labels[i], Value: &labels[i+1]})
	}
	f.Metric = append(f.Metric, m)
	return f
}

// A fileCount counts what a Reader has done to files: in a cell of this process, if it
// has cells, so that all processes and those after them say the same.
type fileCount struct {
	key   CellKey
	words []atomic.Uint64
	own   bool // they are those of a cell
}

var (
	foldedKey   = CellKey{Text: "folded files"}
	restoredKey = CellKey{Text: "restored files"} // processes make theirs again, too
)

func (f *fileCount) add(files int, own *Cells) {
	switch {
	case files == 0:
		return
	case f.words == nil && own != nil:
		f.words, f.own = own.Add(f.key, 1, time.Now().UnixNano()), true
	case f.words == nil:
		f.words = make([]atomic.Uint64, 1)
	}
	f.words[0].Add(uint64(files))
}

func (f *fileCount) total(m *merged) (n uint64) {
	if c := m.cells[f.key]; c != nil && c.Seen && len(c.Words) > 0 {
		n = c.Words[0]
	}
	if !f.own && len(f.words) > 0 {
		n += f.words[0].Load()
	}
	return n
}
