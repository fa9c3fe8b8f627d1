package tacho

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/multiproc"
	"github.com/tacho-go/tacho/schema"
)

// Multiproc combines the metrics of the processes of one service: children of a prefork server,
// several processes on one port (SO_REUSEPORT), the old and the new program during a restart. A
// scrape of any process then returns the totals of all, and counters do not decrease when a process
// ends. The processes should have the same Options; constant labels are those of the scraped
// process.
//
// It requires Unix. Exemplars are those of the scraped process.
type Multiproc struct {
	// Dir is a directory for these processes only, preferably in memory, such as below /run or
	// /dev/shm. It is created if it does not exist. It may be kept across restarts of the service;
	// counters then continue. The default is that of PROMETHEUS_MULTIPROC_DIR or
	// prometheus_multiproc_dir; in a child of Fiber's prefork, a directory named after its parent.
	// Otherwise, each process counts on its own.
	//
	// A second Meter of a process, on its own registry, uses the subdirectory 2, and so on: each
	// process should create its Meters in the same order.
	Dir string

	// Service is the name of the service that owns the directory. Processes of another service do
	// not use it: they count on their own and log a warning. The default is the path of the main
	// module, so that the old and the new program are one service. Two services of one module need
	// different names. To reuse a directory for another service, empty it.
	Service string

	// Off disables it, regardless of the environment.
	Off bool

	// GaugeModes defines how the values of several processes are combined, for gauges of the
	// registry by their exported names: sum, min, max, mostrecent, or all, which keeps each
	// process's value with a label pid. The prefix live excludes dead processes. The default is
	// [multiproc.GaugeMode], usually livesum.
	GaugeModes map[string]string

	// NoCompaction keeps the files of dead processes. By default, living processes merge them into
	// an archive within seconds.
	NoCompaction bool

	inherited bool // Dir is from PROMETHEUS_MULTIPROC_DIR, which may be meant for another program
}

// dir returns the directory to use, or "".
func (o Multiproc) dir() string {
	if o.Off {
		return ""
	}
	return o.Dir
}

// mainModule returns the path of the program's module, or its name without one.
func mainModule() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path != "" {
		return info.Main.Path
	}
	return filepath.Base(os.Args[0])
}

func preforkDir() string {
	// Fiber sets it in the processes that its prefork starts.
	if os.Getenv("FIBER_PREFORK_CHILD") != "" {
		return filepath.Join(os.TempDir(), preforkPrefix+multiproc.ProcessName(os.Getppid()))
	}
	return ""
}

// preforkPrefix is the prefix of default directories, which only tacho removes.
const preforkPrefix = "tacho-prefork-"

// checkPrefork returns an error if a default directory belongs to another user: anyone can create
// it in advance in the system's temporary directory.
func (o Multiproc) checkPrefork() error {
	if !strings.HasPrefix(filepath.Base(o.Dir), preforkPrefix) {
		return nil
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil // a full disk is handled later
	}
	return multiproc.CheckDirOwner(o.Dir)
}

// sweepPrefork removes the default directories of parents that no longer exist.
func sweepPrefork() {
	all, _ := filepath.Glob(filepath.Join(os.TempDir(), preforkPrefix+"*"))
	for _, dir := range all {
		if multiproc.IsGone(strings.TrimPrefix(filepath.Base(dir), preforkPrefix)) {
			_ = os.RemoveAll(dir)
		}
	}
}

const maxServiceName = 1000

// joinError is New's error if the directory cannot be used.
func joinError(dir string, err error) error {
	return fmt.Errorf("tacho: Options.Multiproc.Dir: %w; name a directory in Dir, or in PROMETHEUS_MULTIPROC_DIR, which this process may write (%s), or set Off", err, dir)
}

// A Meter with Options.Multiproc collects sums of all processes. Publishing this process's metrics
// must distinguish them from the process's own, and cannot rely on names: wrappers around the
// registry (prometheus.WrapRegistererWith, WrapRegistererWithPrefix) change these, and one of the
// user's metrics may have the name of a Meter's without its wrapper. So each metric carries a mark,
// which does not depend on its name and labels.

// A mark is a field that no message of client_model has, with the Meter's number: protocol buffer
// readers skip it, and text does not contain it.
type mark []byte

// markTag begins a mark: field 1001, of four bytes.
var markTag = binary.AppendUvarint(nil, 1001<<3|5)

// newMark returns a mark that is unique in the process.
func newMark() mark { return binary.LittleEndian.AppendUint32(slices.Clone(markTag), rand.Uint32()) }

// set marks a metric: the part that has the value, because collectors that wrap others copy that
// part unchanged.
func (k mark) set(m *dto.Metric) {
	switch {
	case k == nil:
	case m.Counter != nil:
		m.Counter.ProtoReflect().SetUnknown([]byte(k))
	case m.Gauge != nil:
		m.Gauge.ProtoReflect().SetUnknown([]byte(k))
	case m.Histogram != nil:
		m.Histogram.ProtoReflect().SetUnknown([]byte(k))
	case m.Summary != nil:
		m.Summary.ProtoReflect().SetUnknown([]byte(k))
	}
}

// markOf returns the mark of a metric, or nil.
func markOf(m *dto.Metric) []byte {
	switch {
	case m.Counter != nil:
		return m.Counter.ProtoReflect().GetUnknown()
	case m.Gauge != nil:
		return m.Gauge.ProtoReflect().GetUnknown()
	case m.Histogram != nil:
		return m.Histogram.ProtoReflect().GetUnknown()
	}
	return m.Summary.ProtoReflect().GetUnknown()
}

// isShared reports whether a family holds the sums of a Meter.
func isShared(f *dto.MetricFamily) bool {
	return slices.ContainsFunc(f.Metric, func(m *dto.Metric) bool { return bytes.Contains(markOf(m), markTag) })
}

// A wrapping is the prefix and the labels that a registry adds. Options carry it where no registry
// provides it.
type wrapping struct {
	Prefix string            `json:"prefix,omitempty"`
	Labels map[string]string `json:"labels,omitempty"`
}

// learnWrapping returns what was added to this Meter's families, if families contains them.
func (k mark) learnWrapping(families []*dto.MetricFamily, constLabels map[string]string) (w wrapping, ok bool) {
	// The names of this family do not depend on options, and it always has samples.
	const anchor = "tacho_scrape_errors_total"
	for _, f := range families {
		prefix, ends := strings.CutSuffix(f.GetName(), anchor)
		i := slices.IndexFunc(f.Metric, func(m *dto.Metric) bool { return bytes.Equal(markOf(m), k) })
		if !ends || i < 0 {
			continue
		}
		w = wrapping{Prefix: prefix, Labels: map[string]string{}}
		for _, l := range f.Metric[i].Label {
			w.Labels[l.GetName()] = l.GetValue()
		}
		maps.DeleteFunc(w.Labels, func(name, _ string) bool {
			_, const_ := constLabels[name]
			return const_ || name == schema.ScrapeErrors.Labels[0].Name
		})
		return w, true
	}
	return wrapping{}, false
}

// none reports whether nothing is added.
func (w wrapping) none() bool { return w.Prefix == "" && len(w.Labels) == 0 }

func (w wrapping) equal(other wrapping) bool {
	return w.Prefix == other.Prefix && maps.Equal(w.Labels, other.Labels)
}

// bare returns a name without the prefix.
func (w wrapping) bare(name string) string { return strings.TrimPrefix(name, w.Prefix) }

// labels returns constant labels and the added ones.
func (w wrapping) labels(constant map[string]string) map[string]string {
	if len(w.Labels) == 0 {
		return constant
	}
	all := maps.Clone(w.Labels)
	maps.Copy(all, constant)
	return all
}
