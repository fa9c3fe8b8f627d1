package dash

import (
	"math"
	"sync"

	"github.com/tacho-go/tacho/schema"
)

// names are the names of a schema that the page needs to query what no rule
// records: instances, statuses of a route, sizes.
type names struct {
	Name         string  `json:"name"`
	Requests     *family `json:"requests,omitempty"`
	Duration     *family `json:"duration,omitempty"`
	InFlight     *family `json:"inFlight,omitempty"`
	RequestSize  *family `json:"requestSize,omitempty"`
	ResponseSize *family `json:"responseSize,omitempty"`
	Panics       *family `json:"panics,omitempty"`
	Client       *family `json:"client,omitempty"` // duration of outgoing requests
}

// A family is a metric and its label names. Histograms and summaries are named
// without _sum, _count or _bucket.
type family struct {
	Metric string      `json:"metric"`
	Kind   schema.Kind `json:"kind"`
	Method string      `json:"method,omitempty"`
	Path   string      `json:"path,omitempty"`
	Status string      `json:"status,omitempty"`
	Also   []string    `json:"also,omitempty"` // other names of the status
	Host   string      `json:"host,omitempty"`
	Join   []string    `json:"join,omitempty"`  // labels that form the path, each after a slash
	Scale  float64     `json:"scale,omitempty"` // to seconds, of a sum in another unit
	// Instead counts the requests of a service without this family.
	Instead *family `json:"instead,omitempty"`
}

// knownNames are the names of all schemas. They never change.
var knownNames = sync.OnceValue(func() []names {
	var all []names
	for _, s := range schema.Known() {
		all = append(all, names{
			Name: s.Name, Requests: counterOf(s), Duration: newFamily(s.Duration, ""), InFlight: newFamily(s.InFlight, ""),
			RequestSize: newFamily(s.RequestSize, ""), ResponseSize: newFamily(s.ResponseSize, ""), Panics: newFamily(s.Panics, ""),
			Client: newFamily(s.Client.Duration, ""),
		})
	}
	return all
})

// counterOf is the request counter of a schema.
func counterOf(s schema.Schema) *family {
	counter, suffix := s.Counter()
	f := newFamily(counter, suffix)
	if instead, ok := s.Fallback(); ok && f != nil {
		f.Instead = newFamily(instead, "_count")
	}
	return f
}

// newFamily returns nil for a family that the schema lacks.
func newFamily(f schema.Family, suffix string) *family {
	if f.Name == "" {
		return nil
	}
	called := func(v schema.Value) string {
		l, _ := f.Label(v)
		return l.Name
	}
	status, _ := f.StatusLabel()
	route, _ := f.Label(schema.Route)
	made := &family{
		Metric: f.Name + suffix, Kind: f.Kind, Method: called(schema.Method), Path: route.Name,
		Status: status.Name, Also: status.Aliases, Host: called(schema.Host), Join: route.Join,
	}
	if e := f.Exponent(); e != 0 {
		made.Scale = math.Pow10(e)
	}
	return made
}
