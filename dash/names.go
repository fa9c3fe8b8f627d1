package dash

import (
	"sync"

	"github.com/tacho-go/tacho/schema"
)

// names is what the page has to know of a schema to ask for what no rule
// records: single instances, statuses of one route, sizes.
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

// A family is a metric and what its labels are called. Its metric is the
// counter of requests itself, and of histograms and summaries the name without
// _sum, _count or _bucket.
type family struct {
	Metric string      `json:"metric"`
	Kind   schema.Kind `json:"kind"`
	Method string      `json:"method,omitempty"`
	Path   string      `json:"path,omitempty"`
	Status string      `json:"status,omitempty"`
	Also   []string    `json:"also,omitempty"` // other names of the status
	Host   string      `json:"host,omitempty"`
	// Instead counts the requests of a service that does not have this one.
	Instead *family `json:"instead,omitempty"`
}

// knownNames are those of all schemas. They never change.
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

// counterOf is what counts the requests of a schema.
func counterOf(s schema.Schema) *family {
	counter, suffix := s.Counter()
	f := newFamily(counter, suffix)
	if instead, ok := s.Fallback(); ok && f != nil {
		f.Instead = newFamily(instead, "_count")
	}
	return f
}

// newFamily is nil for a family that the schema does not have.
func newFamily(f schema.Family, suffix string) *family {
	if f.Name == "" {
		return nil
	}
	called := func(v schema.Value) string {
		l, _ := f.Label(v)
		return l.Name
	}
	status, _ := f.StatusLabel()
	return &family{
		Metric: f.Name + suffix, Kind: f.Kind, Method: called(schema.Method), Path: called(schema.Route),
		Status: status.Name, Also: status.Aliases, Host: called(schema.Host),
	}
}
