package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/grafana/regexp"
	"github.com/prometheus/client_golang/prometheus"
	configutil "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/discovery"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"go.yaml.in/yaml/v2"
)

// Target files are Prometheus's file_sd_configs with the same keys, labels and
// metrics, but polled. Prometheus watches the directory and rereads every file when
// anything in the directory changes. A log file in that directory keeps it busy, and
// its own log file makes it loop.

const (
	pollInterval   = time.Second // how often files are checked for changes
	defaultRefresh = model.Duration(5 * time.Minute)
)

// Discovery finds the mechanisms by name when it reads a configuration.
func init() { discovery.RegisterConfig(&fileConfig{}) }

// fileConfig is one entry of file_sd_configs.
type fileConfig struct {
	Files           []string       `yaml:"files"`
	RefreshInterval model.Duration `yaml:"refresh_interval,omitempty"`
}

// fileName matches the entries of files: a * is allowed in the last path element only.
var fileName = regexp.MustCompile(`^[^*]*(\*[^/]*)?\.(json|yml|yaml|JSON|YML|YAML)$`)

// Name implements discovery.Config.
func (*fileConfig) Name() string { return "file" }

// SetDirectory implements config.DirectorySetter.
func (c *fileConfig) SetDirectory(dir string) {
	for i, name := range c.Files {
		c.Files[i] = configutil.JoinDir(dir, name)
	}
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (c *fileConfig) UnmarshalYAML(unmarshal func(any) error) error {
	type plain fileConfig
	*c = fileConfig{RefreshInterval: defaultRefresh}
	if err := unmarshal((*plain)(c)); err != nil {
		return err
	}
	if len(c.Files) == 0 {
		return errors.New("file service discovery config must contain at least one path name")
	}
	if c.RefreshInterval <= 0 {
		return fmt.Errorf("refresh_interval is %v: it must be above 0", c.RefreshInterval)
	}
	for _, name := range c.Files {
		if !fileName.MatchString(name) {
			return fmt.Errorf("path name %q is not valid for file discovery", name)
		}
	}
	return nil
}

// NewDiscoverer implements discovery.Config.
func (c *fileConfig) NewDiscoverer(o discovery.DiscovererOptions) (discovery.Discoverer, error) {
	m, ok := o.Metrics.(*fileMetrics)
	if !ok {
		return nil, errors.New("the metrics of file discovery are missing")
	}
	return &fileDiscoverer{patterns: c.Files, refresh: time.Duration(c.RefreshInterval), log: o.Logger, metrics: m, files: map[string]*targetsFile{}}, nil
}

// fileMetrics are those of Prometheus's file discovery.
type fileMetrics struct {
	discovery.MetricRegisterer
	errors   prometheus.Counter
	duration prometheus.Summary
	modified *prometheus.GaugeVec
}

// NewDiscovererMetrics implements discovery.Config.
func (*fileConfig) NewDiscovererMetrics(reg prometheus.Registerer, _ discovery.RefreshMetricsInstantiator) discovery.DiscovererMetrics {
	m := &fileMetrics{
		errors: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "prometheus_sd_file_read_errors_total", Help: "The number of File-SD read errors.",
		}),
		duration: prometheus.NewSummary(prometheus.SummaryOpts{
			Name: "prometheus_sd_file_scan_duration_seconds", Help: "The duration of the File-SD scan in seconds.",
			Objectives: map[float64]float64{.5: .05, .9: .01, .99: .001},
		}),
		modified: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "prometheus_sd_file_mtime_seconds", Help: "Timestamp (mtime) of files read by FileSD. Timestamp is set at read time.",
		}, []string{"filename"}),
	}
	m.MetricRegisterer = discovery.NewMetricRegisterer(reg, []prometheus.Collector{m.errors, m.duration, m.modified})
	return m
}

// Register implements discovery.DiscovererMetrics.
func (m *fileMetrics) Register() error { return m.RegisterMetrics() }

// Unregister implements discovery.DiscovererMetrics.
func (m *fileMetrics) Unregister() { m.UnregisterMetrics() }

// A fileDiscoverer reads the files of one fileConfig.
type fileDiscoverer struct {
	patterns []string
	refresh  time.Duration // a file is read again after this time, changed or not
	log      *slog.Logger
	metrics  *fileMetrics
	files    map[string]*targetsFile
}

// A targetsFile is the state of one file.
type targetsFile struct {
	info   fs.FileInfo // at the last read
	read   time.Time
	groups int // number of groups sent
}

// Run implements discovery.Discoverer.
func (d *fileDiscoverer) Run(ctx context.Context, up chan<- []*targetgroup.Group) {
	defer func() {
		for name := range d.files {
			d.metrics.modified.DeleteLabelValues(name)
		}
	}()
	poll := time.NewTicker(min(pollInterval, d.refresh))
	defer poll.Stop()
	for {
		if groups := d.poll(time.Now()); len(groups) > 0 {
			select {
			case up <- groups:
			case <-ctx.Done():
				return
			}
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return
		}
	}
}

// poll returns the groups of the changed files. Removed groups are returned empty. If a
// file cannot be read, its previous targets stay.
func (d *fileDiscoverer) poll(now time.Time) (changed []*targetgroup.Group) {
	there := map[string]bool{}
	for _, name := range d.list() {
		there[name] = true
		if d.files[name] == nil {
			d.files[name] = &targetsFile{}
		}
		if f := d.files[name]; f.isDue(name, now, d.refresh) {
			changed = append(changed, d.readOne(name, f, now)...)
		}
	}
	for name, f := range d.files {
		if !there[name] {
			changed = append(changed, withoutTargets(name, 0, f.groups)...)
			d.metrics.modified.DeleteLabelValues(name)
			delete(d.files, name)
		}
	}
	return changed
}

// list returns the files that match.
func (d *fileDiscoverer) list() (names []string) {
	for _, p := range d.patterns {
		matches, _ := filepath.Glob(p) // the pattern is valid: it has at most one *
		names = append(names, matches...)
	}
	return names
}

// isDue reports whether a file has changed or its refresh interval has passed.
func (f *targetsFile) isDue(name string, now time.Time, refresh time.Duration) bool {
	info, err := os.Stat(name)
	if err != nil || f.info == nil {
		return f.read.IsZero() || now.Sub(f.read) >= pollInterval
	}
	same := os.SameFile(info, f.info) && info.Size() == f.info.Size() && info.ModTime().Equal(f.info.ModTime())
	return !same || now.Sub(f.read) >= refresh
}

// readOne reads a file and returns its groups, and empty groups for the removed ones.
func (d *fileDiscoverer) readOne(name string, f *targetsFile, now time.Time) []*targetgroup.Group {
	f.read = now
	info, groups, err := readTargets(name)
	d.metrics.duration.Observe(time.Since(now).Seconds())
	f.info = info
	if err != nil {
		d.metrics.errors.Inc()
		d.log.Error("cannot read a target file; its previous targets stay", "path", name, "err", err)
		return nil
	}
	d.metrics.modified.WithLabelValues(name).Set(float64(info.ModTime().Unix()))
	gone := withoutTargets(name, len(groups), f.groups)
	f.groups = len(groups)
	return append(groups, gone...)
}

// readTargets returns the groups of a file and its state before the read, so that the
// next poll detects a change during the read.
func readTargets(name string) (fs.FileInfo, []*targetgroup.Group, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return info, nil, err
	}
	unmarshal := func(out any) error { return yaml.UnmarshalStrict(text, out) }
	if strings.EqualFold(filepath.Ext(name), ".json") {
		unmarshal = func(out any) error { return json.Unmarshal(text, out) }
	}
	var groups []*targetgroup.Group
	if err := unmarshal(&groups); err != nil {
		return info, nil, err
	}
	for i, g := range groups {
		if g == nil {
			return info, nil, fmt.Errorf("entry %d is empty", i+1)
		}
		g.Source = groupSource(name, i)
		if g.Labels == nil {
			g.Labels = model.LabelSet{}
		}
		g.Labels[model.MetaLabelPrefix+"filepath"] = model.LabelValue(name)
	}
	return info, groups, nil
}

// withoutTargets returns empty groups for a range of indexes.
func withoutTargets(name string, from, to int) (groups []*targetgroup.Group) {
	for i := from; i < to; i++ {
		groups = append(groups, &targetgroup.Group{Source: groupSource(name, i)})
	}
	return groups
}

// groupSource names the i-th group of a file.
func groupSource(name string, i int) string { return fmt.Sprintf("%s:%d", name, i) }
