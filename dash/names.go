package dash

import "github.com/tacho-go/tacho/schema"

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
	Host   string      `json:"host,omitempty"`
}

// knownNames are those of all schemas.
func knownNames() []names {
	var all []names
	for _, s := range schema.Known() {
		counter, suffix := s.Counter()
		all = append(all, names{
			Name: s.Name, Requests: newFamily(counter, suffix), Duration: newFamily(s.Duration, ""), InFlight: newFamily(s.InFlight, ""),
			RequestSize: newFamily(s.RequestSize, ""), ResponseSize: newFamily(s.ResponseSize, ""), Panics: newFamily(s.Panics, ""),
			Client: newFamily(s.Client.Duration, ""),
		})
	}
	return all
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
	return &family{f.Name + suffix, f.Kind, called(schema.Method), called(schema.Route), called(schema.Status), called(schema.Host)}
}
