package multiproc

import (
	"sync/atomic"
	"time"

	dto "github.com/prometheus/client_model/go"
)

// A report is what a scan finds out about the directory itself.
type report struct {
	dir            string
	files, bytes   int64
	private        uint64 // cells
	unwritten      uint64 // samples
	compactedFiles uint64
	restoredFiles  uint64
	workers        workers
	goProcesses    map[string]bool // by id: whether it is alive
	damaged        map[Reason]int
}

// file counts a file.
func (r *report) file(f *file) {
	r.files++
	r.bytes += f.used
	if !f.dead {
		r.private += f.private
		r.unwritten += f.unwritten
	}
	if isGoID(f.id) {
		r.isAlive(f.id)
	}
	for _, why := range f.damage {
		r.damaged[why]++
	}
	if f.skipped > 0 {
		r.damaged[Limit] += f.skipped
	}
}

// own counts the cell file of this process, which is not read.
func (r *report) own(c *Cells) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r.private += uint64(c.privateLocked())
	r.unwritten += uint64(c.unwritten)
	if c.file != nil && !c.closed && !c.removed {
		r.files++
		r.bytes += c.used
		r.goProcesses[c.id] = true
	}
}

// isAlive reports whether a Go process is alive. The answer stays the same during a scan.
func (r *report) isAlive(id string) bool {
	is, known := r.goProcesses[id]
	if !known {
		is = isAlive(r.dir, id)
		r.goProcesses[id] = is
	}
	return is
}

// families returns the metrics about the directory; docs/multiproc.md lists them.
func (r *report) families(m *merged) []*dto.MetricFamily {
	damaged := gauge("tacho_multiproc_damaged", "Files and entries that could not be read completely in this scrape, by reason.")
	for _, why := range reasons {
		add(damaged, float64(r.damaged[why]), "reason", string(why))
	}
	workers := gauge("tacho_multiproc_workers", "Processes with files in the directory, by state. unknown: cannot tell which processes have mapped the files.")
	for _, life := range []liveness{livenessAlive, livenessDead, livenessUnknown} {
		add(workers, float64(r.workers.count(life)), "state", livenessLabels[life])
	}
	return []*dto.MetricFamily{
		add(gauge("tacho_multiproc_bytes", "Bytes in use in the files of the directory."), float64(r.bytes)),
		damaged,
		add(gauge("tacho_multiproc_files", "Files of processes in the directory."), float64(r.files)),
		add(newFamily("tacho_multiproc_folded_files_total", "Files of dead processes merged into archives, by this exporter or by the processes themselves.", dto.MetricType_COUNTER), float64(r.compactedFiles)),
		add(gauge("tacho_multiproc_private_cells", "Cells in the private memory of living processes because they could not be written, for example on a full disk. Only their own process shows them."), float64(r.private)),
		add(newFamily("tacho_multiproc_restored_files_total", "Files that were removed while in use and then recreated.", dto.MetricType_COUNTER), float64(r.restoredFiles)),
		add(gauge("tacho_multiproc_series", "Series of the merged view, and cells of Go processes."), float64(len(m.series)+len(m.cells))),
		add(gauge("tacho_multiproc_series_limit", "Maximum number of series in the merged view."), float64(m.limit)),
		add(gauge("tacho_multiproc_unwritten_samples", "Samples that living processes could not write, for example on a full disk."), float64(r.unwritten)),
		workers,
	}
}

func gauge(name, help string) *dto.MetricFamily {
	return newFamily(name, help, dto.MetricType_GAUGE)
}

func newFamily(name, help string, kind dto.MetricType) *dto.MetricFamily {
	return &dto.MetricFamily{Name: &name, Help: &help, Type: &kind}
}

// add adds a sample of a gauge or counter. Labels alternate names and values.
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

// A fileCounter counts the files that a Reader has handled. If this process has cells, it is one
// of them, so that all processes, now and later, report the same count.
type fileCounter struct {
	key   CellKey
	words []atomic.Uint64
	own   bool // words are those of a cell
}

// The keys are on disk and must not change.
var (
	compactedKey = CellKey{Text: "folded files"}
	restoredKey  = CellKey{Text: "restored files"} // processes count their own files here, too
)

func (f *fileCounter) add(files int, own *Cells) {
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

func (f *fileCounter) value(m *merged) (n uint64) {
	if c := m.cells[f.key]; c != nil && c.Seen && len(c.Words) > 0 {
		n = c.Words[0]
	}
	if !f.own && len(f.words) > 0 {
		n += f.words[0].Load()
	}
	return n
}
