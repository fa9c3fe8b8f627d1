package tacho

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/outgoing"
	"github.com/tacho-go/tacho/schema"
)

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
