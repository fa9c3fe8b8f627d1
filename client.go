package tacho

import (
	"net/http"

	"github.com/tacho-go/tacho/internal/outgoing"
	"github.com/tacho-go/tacho/schema"
)

// Transport measures the requests that a client sends: how many, how long, and
// how many are under way, by method, host and outcome. Base sends them;
// nil stands for http.DefaultTransport.
//
//	client := &http.Client{Transport: m.Transport(nil, "api.example.com", "search:9200")}
//
// Hosts declares the hosts that the host label names: with a port, or without
// one for any port. All others are "other", so that no address that somebody
// else chose becomes a label.
//
// A request is over when its response's body has been read or closed; one that is
// never closed stays in flight, as its connection does. The status is the
// response's; "timeout", "canceled" (by the caller) or "error" if there was none,
// or if it broke off, base panicked, or gave neither a response nor an error. Names are those of the schemas' Client; where two schemas
// give a family the same name, the first one's is exported. The responses, and
// what base can do, stay as they are.
//
// It panics if the metrics' names are taken in the registry.
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
