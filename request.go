package tacho

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/names"
	"github.com/tacho-go/tacho/internal/store"
)

// Values of the route label that are no template.
const (
	// Unmatched is the route of every request for which the router found no
	// route (404, 405), whatever its path.
	Unmatched = "unmatched"
	// Unknown is the route of every request for which no router was in sight.
	Unknown = "unknown"
)

// StatusClientClosedRequest is recorded when the client hung up before a
// status was written and the response was lost. The code is nginx's; it is
// never sent.
const StatusClientClosedRequest = 499

// A Request is a request as functions behind labels see it, with what became of
// it. It is valid during the call of such a function only.
type Request struct {
	x *engine.Exchange
	m *Meter
}

// Method returns the request's method as the label shows it: OTHER if it is
// not a known one.
func (r Request) Method() string {
	known := &r.m.store.Methods
	return known.Names[known.Index(r.x.Method())]
}

// Path returns the path that the client sent. It is not bounded: a label must
// not show it as it is, unless Values declares what counts.
func (r Request) Path() string { return r.x.Path() }

// Route returns the template of the route, or "unmatched" or "unknown".
// Gauges of requests in progress may be too early to know it.
func (r Request) Route() string { return r.x.Label() }

// Status returns the status that is recorded, 0 while the request is in
// progress.
func (r Request) Status() int {
	if !r.x.Over() {
		return 0
	}
	return r.x.Outcome()
}

// StatusText returns the status as a label shows it: "200", or "OK" with
// Options.Status.Text, or "2xx" with Options.Status.Class.
func (r Request) StatusText() string {
	t := r.m.store
	return t.StatusLabel(t.StatusOf(r.Status()))
}

// Code returns the code of an RPC, such as NOT_FOUND, "" while it is in progress or if the
// request is none. Its status is the one that HTTP has for the code: NOT_FOUND is 404.
func (r Request) Code() string { return r.x.Code() }

// Panicked reports whether the handler panicked.
func (r Request) Panicked() bool { return r.x.Panicked() }

// BytesIn returns the bytes of the request's body that were read, -1 if not known.
func (r Request) BytesIn() int64 { return max(r.x.BytesIn, -1) }

// BytesOut returns the bytes of the response's body, -1 if not known.
func (r Request) BytesOut() int64 { return max(r.x.BytesSent(r.x.Outcome()), -1) }

// Elapsed returns the time since the request began.
func (r Request) Elapsed() time.Duration { return time.Duration(r.m.shared.Now() - r.x.Start()) }

// Header returns the first value of a request's header. Clients send what they
// like: declare the Values that count.
func (r Request) Header(name string) string {
	if r.x.Carrier() == nil {
		return ""
	}
	return r.x.Carrier().RequestHeader(name)
}

// ResponseHeader returns the first value of a response's header.
func (r Request) ResponseHeader(name string) string {
	if r.x.Carrier() == nil {
		return ""
	}
	return r.x.Carrier().ResponseHeader(name)
}

// PathValue returns what stands in the path for a parameter of the route.
func (r Request) PathValue(name string) string {
	if r.x.Carrier() == nil {
		return ""
	}
	return r.x.Carrier().PathValue(name)
}

// HTTP returns the request, or nil where the framework is not built on
// net/http. Its body must be left alone.
func (r Request) HTTP() *http.Request {
	if r.x.Carrier() == nil {
		return nil
	}
	return r.x.Carrier().HTTP()
}

// Context returns the request's context.
func (r Request) Context() context.Context {
	if r.x.Carrier() == nil {
		return context.Background()
	}
	return r.x.Carrier().Context()
}

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
	defer m.recoverPanic(function)
	return f(r)
}
