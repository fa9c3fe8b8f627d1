package tacho

import (
	"fmt"
	"slices"

	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/names"
	"github.com/tacho-go/tacho/internal/store"
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

// limit says which values of a label with a function are recorded.
func (l Label) limit() store.LabelLimit {
	return store.LabelLimit{Name: l.Name, Declared: l.Values, Most: l.Max}
}

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
	case l.Max < 0 || l.Max > store.MaxLimit:
		return fmt.Errorf("%q has a Max of %d; it is a number of values up to %d (0 stands for %d)", l.Name, l.Max, store.MaxLimit, labelvalue.DefaultMax)
	}
	return nil
}

// ask calls a label's function.
func (m *Meter) ask(f func(Request) string, r Request, function optionFunc) (value string) {
	value = Unknown
	defer m.survive(function)
	return f(r)
}
