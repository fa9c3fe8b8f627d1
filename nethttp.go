package tacho

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/outgoing"
	"github.com/tacho-go/tacho/schema"
)

// Handler measures every request that next serves. The route is the pattern of
// the [http.ServeMux] that matched, without its method and host.
//
// Wrap the ServeMux itself, or a handler around it. If a middleware in between copies the request,
// as Request.WithContext does, the pattern does not reach the outer Handler; in that case also wrap
// the ServeMux with Handler of the same Meter. The inner Handler only reports the route, and a
// request is counted once. Nested ServeMuxes behind http.StripPrefix are handled in the same way:
// their templates are joined.
//
// A nil handler means http.DefaultServeMux, as in net/http. For other routers see package adapter.
func (m *Meter) Handler(next http.Handler) http.Handler { return m.engine.Handler(next) }

// Package adapter gets the engine through these hooks, so that it does not appear in this package's
// documentation.
func init() {
	engine.Of = func(meter any) *engine.Engine { return meter.(*Meter).engine }
	outgoing.Of = func(meter any) *outgoing.Metrics { return meter.(*Meter).clientMetrics() }
	engine.MetricOf = func(metric any) *engine.Metric { return &metric.(*Metric).tracked }
}

// newEngine returns the engine that measures this Meter's requests.
func (m *Meter) newEngine() *engine.Engine {
	c := engine.Config{
		Store:            m.store,
		Minimal:          m.opts.Minimal,
		OmitHTTP:         m.opts.OmitHTTP,
		ExcludeByDefault: m.opts.Exclude.byDefault,
		MetricsPath:      m.opts.Endpoint.Path,
		Guess:            m.guess,
		AskRoute:         m.askRoute,
	}
	if m.opts.Exclude.Func != nil {
		c.ExcludeFunc = m.excludesByFunc
	}
	if m.opts.TraceFunc != nil {
		c.Trace = m.trace
	}
	if m.store.Dynamic {
		c.Variant = m.variant
	}
	return &engine.Engine{Shared: &m.core.shared, Config: c}
}

// Track records the requests of a net/http handler in metrics, outermost first. All must belong to
// one Meter. Meter.Handler is not required: without it, the metrics record the handler's own
// response.
func Track(next http.Handler, metrics ...*Metric) http.Handler {
	tracked := make([]*engine.Metric, len(metrics))
	for i, x := range metrics {
		tracked[i] = &x.tracked
	}
	return engine.Track(next, tracked...)
}

// Handler records the requests of a net/http handler in the metric.
func (x *Metric) Handler(next http.Handler) http.Handler { return Track(next, x) }

// HandlerFunc records the requests of a net/http handler function in the metric.
func (x *Metric) HandlerFunc(next http.HandlerFunc) http.Handler {
	if next == nil {
		engine.MustHandler("HandlerFunc", nil)
	}
	return Track(next, x)
}

// DoNotTrack excludes the requests of a handler from the HTTP metrics. Metrics on the handler are
// still recorded.
func (m *Meter) DoNotTrack(next http.Handler) http.Handler {
	return engine.MarkLayer(m.engine, (*engine.Exchange).DoNotTrack).Mark("DoNotTrack", next)
}

// ExcludeAll excludes the requests of a handler from everything, including metrics on it,
// regardless of their order.
func (m *Meter) ExcludeAll(next http.Handler) http.Handler {
	return engine.MarkLayer(m.engine, (*engine.Exchange).ExcludeAll).Mark("ExcludeAll", next)
}

// Transport measures the requests that a client sends: their number, duration, and how many are in
// flight, by method, host and outcome. Base sends them; nil means http.DefaultTransport.
//
//	client := &http.Client{Transport: m.Transport(nil, "api.example.com", "search:9200")}
//
// Hosts lists the values of the host label: with a port, or without one for any port. Every other
// host is recorded as "other", so that addresses chosen by others never become labels.
//
// A request ends when its response's body has been read or closed; one whose body is never closed
// stays in flight, like its connection. The status is the response's. It is "timeout", "canceled"
// (by the caller) or "error" if there was no response, if the response broke off, or if base
// panicked or returned neither a response nor an error. Names are those of the schemas' Client; if
// two schemas give a family the same name, the first one's is exported. Transport does not change
// responses or hide the abilities of base.
//
// It panics if the registry already has metrics with these names.
func (m *Meter) Transport(base http.RoundTripper, hosts ...string) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return outgoing.NewTransport(m.clientMetrics(), base, hosts)
}

func (m *Meter) clientMetrics() *outgoing.Metrics {
	m.core.clientOnce.Do(func() {
		c := outgoing.NewMetrics(outgoing.Config{
			Now:    m.core.shared.Now,
			Method: func(method string) string { return m.store.Methods.Names[m.store.Methods.Index(method)] },
			Status: func(status int) string { return m.store.StatusLabel(m.store.StatusOf(status)) },
		})
		for _, s := range m.opts.allSchemas() {
			for _, f := range s.Client.Families() {
				if !c.Has(m.opts.named(f.Name)) {
					m.addClientFamily(c, s, f)
				}
			}
		}
		m.core.client = c
	})
	if m.core.client == nil {
		panic("tacho: Transport: the metrics of outgoing requests could not be registered before")
	}
	return m.core.client
}

func (m *Meter) addClientFamily(to *outgoing.Metrics, s schema.Schema, f schema.Family) {
	o := MetricOptions{Name: f.Name, Help: f.Help, Namespace: m.opts.Namespace}
	if f.Kind == schema.Histogram {
		o.Buckets = m.opts.bucketsOf(s)
	}
	var values []schema.Value
	for _, l := range f.Labels {
		values = append(values, l.Value)
	}
	sets, err := m.newLabelSets(f.Kind, o, f.LabelNames(), m.opts.constLabels())
	if err != nil {
		panic(err)
	}
	to.Add(f.Kind, sets, values)
}
