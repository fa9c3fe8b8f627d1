package multiproc

import (
	"strconv"

	dto "github.com/prometheus/client_model/go"
)

// A report is what a scan says about the directory itself.
type report struct {
	files, bytes int64
	folded       int
	workers      map[string]bool // by id, whether it is alive
	damaged      map[Reason]int
}

// file counts a file.
func (r *report) file(f *file) {
	r.files++
	r.bytes += f.used
	if _, known := r.workers[f.id]; !known && f.id != archiveID {
		r.workers[f.id] = alive(f.id)
	}
	for _, why := range f.damage {
		r.damaged[why]++
	}
}

// families are the metrics about the directory; docs/multiproc.md lists them.
func (r *report) families(m *merged) []*dto.MetricFamily {
	living := 0
	for _, alive := range r.workers {
		if alive {
			living++
		}
	}
	damaged := gauge("tacho_multiproc_damaged", "Files and entries that could not be read, or not as they should be, in this scrape, by reason.")
	for _, why := range reasons {
		add(damaged, float64(r.damaged[why]), "reason", string(why))
	}
	workers := gauge("tacho_multiproc_workers", "Processes that have files in the directory, by whether they are alive.")
	add(workers, float64(living), "state", "alive")
	add(workers, float64(len(r.workers)-living), "state", "dead")
	return []*dto.MetricFamily{
		add(gauge("tacho_multiproc_bytes", "Bytes in use in the files of the directory."), float64(r.bytes)),
		damaged,
		add(gauge("tacho_multiproc_files", "Files of processes in the directory."), float64(r.files)),
		add(newFamily("tacho_multiproc_folded_files_total", "Files of dead processes that this one has folded into archives.", dto.MetricType_COUNTER), float64(r.folded)),
		add(gauge("tacho_multiproc_series", "Series of the merged view."), float64(len(m.series))),
		add(gauge("tacho_multiproc_series_limit", "Series that the merged view may have."), float64(m.limit)),
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

// pidOf is the process of a worker's id; ids that a service gives itself are
// none.
func pidOf(id string) (pid int, ok bool) {
	pid, err := strconv.Atoi(id)
	return pid, err == nil && pid > 0
}
