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

// Values of the route label that are not templates.
const (
	// Unmatched is the route of every request for which the router found no route (404, 405),
	// regardless of its path.
	Unmatched = "unmatched"
	// Unknown is the route of every request for which no router reports one.
	Unknown = "unknown"
)

// StatusClientClosedRequest is recorded if the client disconnected before a status was written, or
// the response was lost. The code is nginx's; it is never sent.
const StatusClientClosedRequest = 499

// A Request is a request and its response, as passed to functions of labels. It is valid only
// during the call of the function.
type Request struct {
	x *engine.Exchange
	m *Meter
}

// Method returns the request's method as in the label: OTHER if it is not a known one.
func (r Request) Method() string {
	known := &r.m.store.Methods
	return known.Names[known.Index(r.x.Method())]
}

// Path returns the path that the client sent. The number of paths is unlimited: do not use it as a
// label value, unless Values declares the expected ones.
func (r Request) Path() string { return r.x.Path() }

// Route returns the template of the route, or "unmatched" or "unknown". It may not be known yet for
// gauges of requests in progress.
func (r Request) Route() string { return r.x.Label() }

// Status returns the recorded status, 0 while the request is in progress.
func (r Request) Status() int {
	if !r.x.Over() {
		return 0
	}
	return r.x.Outcome()
}

// StatusText returns the status as in the label: "200", or "OK" with Options.Status.Text, or "2xx"
// with Options.Status.Class.
func (r Request) StatusText() string {
	t := r.m.store
	return t.StatusLabel(t.StatusOf(r.Status()))
}

// Code returns the code of an RPC, such as NOT_FOUND. It is "" while the RPC is in progress, or if
// the request is not an RPC. The status is the HTTP equivalent of the code: 404 for NOT_FOUND.
func (r Request) Code() string { return r.x.Code() }

// Panicked reports whether the handler panicked.
func (r Request) Panicked() bool { return r.x.Panicked() }

// BytesIn returns the number of bytes read from the request's body, -1 if not known.
func (r Request) BytesIn() int64 { return max(r.x.BytesIn, -1) }

// BytesOut returns the number of bytes of the response's body, -1 if not known.
func (r Request) BytesOut() int64 { return max(r.x.BytesSent(r.x.Outcome()), -1) }

// Elapsed returns the time since the request began.
func (r Request) Elapsed() time.Duration { return time.Duration(r.m.shared.Now() - r.x.Start()) }

// Header returns the first value of a request's header. Clients can send any value: declare the
// expected ones in Values.
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

// PathValue returns the value of a route parameter in the path.
func (r Request) PathValue(name string) string {
	if r.x.Carrier() == nil {
		return ""
	}
	return r.x.Carrier().PathValue(name)
}

// HTTP returns the request, or nil if the framework is not built on net/http. Do not read its body.
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

	// Func computes the value. It is called once per request, concurrently, at the end of the
	// response (before it for gauges of requests in progress), and must be fast. If it panics, the
	// value is "unknown" and tacho_function_errors_total is incremented; the request is not
	// affected.
	Func func(Request) string

	// Values lists the values that Func may return. Any other is recorded as "other".
	Values []string

	// Max is the maximum number of different values of Func if Values is empty; further ones are
	// recorded as "__overflow__". 0 means 100. Values are distinguished by their first 256 bytes,
	// and only these are kept.
	Max int
}

// shape returns a label without its function: functions cannot be compared.
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

// limit returns which values of a label with a function are recorded.
func (l Label) limit() store.LabelLimit {
	return store.LabelLimit{Name: l.Name, Declared: l.Values, Most: l.Max}
}

// check returns an error if a label is invalid.
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

// callFunc calls a label's function.
func (m *Meter) callFunc(f func(Request) string, r Request, function optionFunc) (value string) {
	value = Unknown
	defer m.recoverPanic(function)
	return f(r)
}

// What the user's functions contribute to the record of a request. A panic in one of them does not
// affect the request.

func (m *Meter) excludesByFunc(method, path string) (yes bool) {
	defer m.recoverPanic(excludeFunc)
	return m.opts.Exclude.Func(method, path)
}

// guess calls Options.RouteFunc if no router reports a route.
func (m *Meter) guess(r *http.Request) string {
	if m.opts.RouteFunc == nil {
		return Unknown
	}
	return m.askRoute(m.opts.RouteFunc, r)
}

func (m *Meter) askRoute(f func(*http.Request) string, r *http.Request) (route string) {
	defer m.recoverPanic(routeFunc)
	return f(r)
}

// variant returns the route under which Options.GroupBy and Options.Labels record a request.
func (m *Meter) variant(x *engine.Exchange, r *store.Route) *store.Route {
	return m.store.Variant(m.grouped(x, r), m.extrasOf(x))
}

// trace calls Options.TraceFunc.
func (m *Meter) trace(ctx context.Context) (traceID, spanID string) {
	defer m.recoverPanic(traceFunc)
	return m.opts.TraceFunc(ctx)
}

// grouped returns the route under which Options.GroupBy records a request.
func (m *Meter) grouped(x *engine.Exchange, r *store.Route) *store.Route {
	group := m.store.Group
	if group == nil {
		return r
	}
	return m.store.Route(group.Value(m.callFunc(m.opts.GroupBy.Func, Request{x, m}, groupBy)))
}

// extrasOf returns the values of Options.Labels for a request.
func (m *Meter) extrasOf(x *engine.Exchange) []string {
	for i := len(x.Scratch.Extras); i < len(m.extras); i++ {
		x.Scratch.Extras = append(x.Scratch.Extras, m.extra(i, x))
	}
	return x.Scratch.Extras
}

// extra returns the value of one of Options.Labels for a request.
func (m *Meter) extra(i int, x *engine.Exchange) string {
	return m.store.Extras[i].Value(m.callFunc(m.extras[i].Func, Request{x, m}, labelFunc))
}
