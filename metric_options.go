package tacho

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tacho-go/tacho/internal/names"
	"github.com/tacho-go/tacho/internal/store"
	"github.com/tacho-go/tacho/schema"
)

// MetricOptions describes one of the service's own metrics. Name and Help are required.
type MetricOptions struct {
	// Name is the metric's name. Namespace and Subsystem are prepended and Unit (such as "seconds")
	// is appended, each with an underscore and only if the name lacks it. Names of counters end in
	// _total.
	Name      string
	Namespace string
	Subsystem string
	Unit      string

	// Help describes the metric in one sentence.
	Help string

	// Labels are the labels of a metric on routes, in addition to Options.Labels and
	// Options.ConstLabels.
	Labels []Label

	// Buckets are a histogram's upper bounds, ascending; +Inf is added. The default is the bounds
	// of the latency histogram.
	Buckets []float64

	// NoInitialValue omits a metric on routes until its first request. By default, it starts at 0
	// if all of its labels are constant.
	NoInitialValue bool

	// CountExcluded makes a metric on routes include requests that Options.Exclude removes from the
	// HTTP metrics.
	CountExcluded bool

	// TTL removes label sets of a typed gauge that were not set for this time. 0 keeps them
	// forever.
	TTL time.Duration

	// SeriesLimit is the maximum number of label sets of the metric; beyond it, new values of the
	// label with the most values are recorded as "__overflow__". 0 means Options.SeriesLimit.
	SeriesLimit int
}

// fullName returns the metric's exported name.
func (o MetricOptions) fullName(kind schema.Kind) string {
	name := o.Name
	if kind == schema.Counter {
		name = strings.TrimSuffix(name, "_total")
	}
	if o.Unit != "" && !strings.HasSuffix(name, "_"+o.Unit) {
		name += "_" + o.Unit
	}
	for _, part := range []string{o.Subsystem, o.Namespace} {
		if part != "" {
			name = part + "_" + name
		}
	}
	if kind == schema.Counter {
		name += "_total"
	}
	return name
}

// check reports every wrong field.
func (o MetricOptions) check(kind schema.Kind) error {
	name := o.fullName(kind)
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("tacho: the metric %q: MetricOptions.%s: %s", name, field, fmt.Sprintf(format, args...)))
	}
	switch {
	case o.Name == "":
		wrong("Name", "is missing")
	case !names.Metric(name):
		wrong("Name", "%q is not a valid metric name (letters, digits and underscores, not beginning with a digit)", name)
	case hasReservedSuffix(name, kind):
		wrong("Name", "a %s must not end in _total, _sum, _count, _bucket, _created or _info, which mean other things to Prometheus", kind)
	}
	if o.Help == "" {
		wrong("Help", "is missing; say in one sentence what is measured")
	}
	if o.Buckets != nil {
		checkBounds(o.Buckets, complaint(wrong).of("Buckets"))
		if kind != schema.Histogram {
			wrong("Buckets", "only histograms have them, and this is a %s", kind)
		}
	}
	if o.SeriesLimit < 0 || o.SeriesLimit > store.MaxLimit {
		wrong("SeriesLimit", "%d is not a number of label sets up to %d", o.SeriesLimit, store.MaxLimit)
	}
	if o.TTL < 0 || o.TTL > 0 && kind != schema.Gauge {
		wrong("TTL", "%v: only gauges can grow stale, and only after a positive time; a counter that comes and goes would look reset", o.TTL)
	}
	return errors.Join(errs...)
}

func hasReservedSuffix(name string, kind schema.Kind) bool {
	reserved := []string{"_total", "_sum", "_count", "_bucket", "_created", "_info"}
	if kind == schema.Counter {
		return false
	}
	return slices.ContainsFunc(reserved, func(suffix string) bool { return strings.HasSuffix(name, suffix) })
}
