package tacho

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/tacho-go/tacho/internal/index"
	"github.com/tacho-go/tacho/internal/names"
)

// A Label is a label of HTTP metrics whose value is constant, or computed from
// each request and its response.
//
//	{Name: "team", Value: "checkout"}
//	{Name: "cache", Func: func(r tacho.Request) string { return r.ResponseHeader("X-Cache") }, Values: []string{"hit", "miss"}}
//	{Name: "status", Func: tacho.Request.StatusText}
type Label struct {
	// Name is the label's name: letters, digits and underscores.
	Name string

	// Value is the value of a constant label.
	Value string

	// Func computes the value. It is called once a request, concurrently, when
	// the response is over (for gauges of requests in progress: before it
	// begins), and must be fast. When it panics, the value is "unknown" and
	// tacho_function_errors_total counts it; the request is served all the same.
	Func func(Request) string

	// Values declares what Func may return. Everything else is recorded as
	// "other".
	Values []string

	// Max is how many different values of Func are recorded if Values does not
	// declare them; the others are "__overflow__". 0 stands for 100. Values are told
	// apart by their first 256 bytes, and no more than these is kept of them.
	Max int
}

// shape is a label without its function: functions cannot be compared.
func (l Label) shape() Label {
	l.Func = nil
	return l
}

func shapes(labels []Label) []Label {
	var all []Label
	for _, l := range labels {
		all = append(all, l.shape())
	}
	return all
}

const (
	otherValue = "other"
	defaultMax = 100
)

// check reports what is wrong with a label.
func (l Label) check(taken []string) error {
	switch {
	case !names.Label(l.Name):
		return fmt.Errorf("%q is not a valid label name (letters, digits and underscores, not beginning with a digit)", l.Name)
	case l.Name == "le" || l.Name == "quantile":
		return fmt.Errorf("%q is what Prometheus itself calls a label of histograms and summaries", l.Name)
	case slices.Contains(taken, l.Name):
		return fmt.Errorf("%q is already a label of these metrics", l.Name)
	case l.Func == nil && (len(l.Values) > 0 || l.Max != 0):
		return fmt.Errorf("%q has Values or Max but no Func to take values from", l.Name)
	case l.Func != nil && l.Value != "":
		return fmt.Errorf("%q has both a Value and a Func", l.Name)
	case len(l.Values) > 0 && l.Max != 0:
		return fmt.Errorf("%q has both Values and Max", l.Name)
	case l.Max < 0 || l.Max > maxSeriesLimit:
		return fmt.Errorf("%q has a Max of %d; it is a number of values up to %d (0 stands for %d)", l.Name, l.Max, maxSeriesLimit, defaultMax)
	}
	return nil
}

// A bounded is a label with a function, and the values that it has had.
type bounded struct {
	Label
	past   string // what is recorded in place of a value too many
	max    int64
	count  atomic.Int64
	folded *atomic.Uint64            // how many values were not taken
	values index.Map[string, string] // as they are recorded, by what Func returned
}

func newBounded(l Label) *bounded {
	b := &bounded{Label: l, past: overflowValue, max: defaultMax, folded: new(atomic.Uint64)}
	if l.Max > 0 {
		b.max = int64(l.Max)
	}
	if len(l.Values) > 0 {
		b.past, b.max = otherValue, 0
		declared := map[string]string{otherValue: otherValue}
		for _, v := range l.Values {
			declared[v] = cleanLabel(v)
		}
		b.values.Fill(declared)
		b.count.Store(int64(len(declared)))
	}
	return b
}

// of returns the label's value for a request, in memory that may be kept.
func (b *bounded) of(m *Meter, r Request, function optionFunc) string {
	raw := m.ask(b.Func, r, function)
	if v, ok := b.values.Snapshot()[raw]; ok {
		return v
	}
	if b.past == otherValue {
		return otherValue // the declared ones are all there are
	}
	return b.undeclared(raw)
}

// undeclared returns a value that Values does not declare. Its key is what the
// label shows, and never longer: clients choose how long the text is.
func (b *bounded) undeclared(raw string) string {
	clean := raw
	if !fitsLabel(raw) {
		clean = cleanLabel(raw)
	}
	known := b.values.Snapshot()
	if v, ok := known[clean]; ok {
		return v
	}
	if b.count.Load() >= b.max && len(known) >= int(b.max) {
		return b.tooMany() // without a lock: all that count are known
	}
	clean = strings.Clone(clean) // an array of its own
	v := b.values.Add(clean, func() (string, bool) {
		if b.count.Load() >= b.max {
			return "", false
		}
		b.count.Add(1)
		return clean, true
	})
	if v == "" && clean != "" {
		return b.tooMany()
	}
	return v
}

func (b *bounded) tooMany() string {
	b.folded.Add(1)
	return b.past
}

// ask calls a label's function.
func (m *Meter) ask(f func(Request) string, r Request, function optionFunc) (value string) {
	value = Unknown
	defer m.survive(function)
	return f(r)
}
