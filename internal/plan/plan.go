// Package plan estimates what the metrics of a service cost: series, samples, bytes on the wire and
// on disk, the memory of each engine, and which topology is sufficient.
//
//	p, err := plan.New(plan.Load{Routes: 20, Statuses: 4, Instances: 100})
//	err = p.Text(os.Stdout)
//
// Every figure has its formula and its source. Sources are either measurements of this repository
// (docs/scale.md has the commands) or what an engine publishes about itself; see sources.go. Tests
// compare the series with those of a real Meter, and the rest with measured runs.
//
// The package only calculates: it neither measures nor connects to anything.
package plan

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// A Load describes what is to be measured. The zero value of a field is the default.
type Load struct {
	// Routes, Methods and Statuses describe one instance: route templates, methods per route, and
	// statuses per route and method. The library starts each route with the statuses 200, 400 and
	// 500. The defaults are 20, 1 and 4.
	Routes   int `json:"routes"`
	Methods  int `json:"methods"`
	Statuses int `json:"statuses"`

	// Own is the number of series of one instance that are not the library's.
	Own int `json:"own_series"`

	// Measured replaces all of the above by the counted series of one instance.
	Measured Series `json:"measured,omitzero"`

	// SeriesLimit is Options.SeriesLimit of the library; the default is 2000.
	SeriesLimit int `json:"series_limit"`

	Instances int           `json:"instances"` // the default is 1
	Interval  time.Duration `json:"-"`         // between scrapes; the default is 15s
	Retention time.Duration `json:"-"`         // of samples; the default is 15 days

	// Histograms is what is scraped of latency histograms with Options.NativeHistograms. The
	// default is Classic.
	Histograms Histograms `json:"histograms"`

	// Queries is the number of queries per second, which Mimir's rules depend on; the default is 10.
	Queries float64 `json:"queries_per_second"`

	// Machine is the largest machine that one process may have.
	Machine Machine `json:"machine"`

	// Available means that the loss of any one machine must lose no samples and no alerts.
	Available bool `json:"available"`
}

// Histograms selects the series of latency histograms.
type Histograms string

// What is scraped.
const (
	Classic Histograms = "classic" // buckets, a sum and a count
	Native  Histograms = "native"  // one series with all buckets
	Both    Histograms = "both"    // what tacho serve scrapes if the service exports native histograms
)

// AllHistograms returns the valid values.
func AllHistograms() []string { return []string{string(Classic), string(Native), string(Both)} }

// A Machine is the hardware for one process.
type Machine struct {
	Memory float64 `json:"memory_bytes"` // the default is 16 GiB
	Disk   float64 `json:"disk_bytes"`   // the default is 500 GB
	Cores  float64 `json:"cores"`        // the default is 4
}

// filled returns the load with its defaults.
func (l Load) filled() Load {
	l.Routes, l.Methods, l.Statuses = cmp.Or(l.Routes, 20), cmp.Or(l.Methods, 1), cmp.Or(l.Statuses, 4)
	l.SeriesLimit, l.Instances = cmp.Or(l.SeriesLimit, 2000), cmp.Or(l.Instances, 1)
	l.Interval, l.Retention = cmp.Or(l.Interval, 15*time.Second), cmp.Or(l.Retention, 15*day)
	l.Histograms, l.Queries = cmp.Or(l.Histograms, Classic), cmp.Or(l.Queries, 10)
	l.Machine.Memory, l.Machine.Disk, l.Machine.Cores = cmp.Or(l.Machine.Memory, 16<<30), cmp.Or(l.Machine.Disk, 500e9), cmp.Or(l.Machine.Cores, 4)
	return l
}

const day = 24 * time.Hour

// maxInstances keeps every figure far from overflow.
const maxInstances = 10_000_000

// check returns an error that names each invalid field.
func (l Load) check() error {
	var wrong []error
	bad := func(is bool, format string, args ...any) {
		if is {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	for _, n := range []struct {
		name       string
		value, max int
	}{
		{"routes", l.Routes, 1e6}, {"methods", l.Methods, 100}, {"statuses", l.Statuses, 500}, {"series limit", l.SeriesLimit, 1e7}, {"instances", l.Instances, maxInstances},
	} {
		bad(n.value < 1 || n.value > n.max, "%s must be between 1 and %d, not %d", n.name, n.max, n.value)
	}
	bad(l.Own < 0 || l.Own > 1e7, "own series must be between 0 and 10000000, not %d", l.Own)
	bad(l.Interval < time.Millisecond, "the interval must be at least 1ms, not %v", l.Interval)
	bad(l.Retention < 2*time.Hour, "the retention must be at least 2h, the span of a block, not %v", l.Retention)
	bad(l.Histograms != Classic && l.Histograms != Native && l.Histograms != Both, "histograms must be classic, native or both, not %q", l.Histograms)
	bad(l.Queries < 0, "queries per second must not be negative")
	bad(l.Machine.Memory < 0 || l.Machine.Disk < 0 || l.Machine.Cores < 0, "a machine's memory, disk and cores must not be negative")
	return errors.Join(wrong...)
}

// A Figure is an estimate, with how it was calculated and from which source.
type Figure struct {
	Value   float64 `json:"value"`
	Unit    string  `json:"unit"`
	Formula string  `json:"formula"`
	Source  Source  `json:"source"`
}

// A Plan holds all estimates for a load.
type Plan struct {
	Load      Load     `json:"load"`
	Interval  float64  `json:"interval_seconds"`
	Retention float64  `json:"retention_seconds"`
	Families  []Family `json:"families,omitempty"` // of one instance
	Instance  Series   `json:"series_per_instance"`
	Total     Series   `json:"series"` // of all instances, as scraped
	Recorded  int      `json:"recorded_series"`
	Traffic   []Named  `json:"traffic"`
	Engines   []Engine `json:"engines"`
	Topology  Topology `json:"topology"`
	Warnings  []string `json:"warnings,omitempty"`
}

// A Named figure has a name.
type Named struct {
	Name string `json:"name"`
	Figure
}

// New returns the plan for a load. The error names every invalid field.
func New(l Load) (*Plan, error) {
	l = l.filled()
	if err := l.check(); err != nil {
		return nil, err
	}
	p := &Plan{Load: l, Interval: l.Interval.Seconds(), Retention: l.Retention.Seconds()}
	p.series()
	v := p.volume()
	p.Traffic = v.figures()
	p.Engines = engines(v)
	p.Topology = topology(v)
	return p, nil
}
