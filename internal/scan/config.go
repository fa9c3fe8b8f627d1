// Package scan reads a store: it knows which metric families a schema makes of it,
// and visits their label sets at each scrape. Formats are the visitors' matter
// (internal/expo); options are the root package's, which uses it.
package scan

import "github.com/tacho-go/tacho/schema"

// A Config says which families there are.
type Config struct {
	Schemas   []schema.Schema // the first is the main one
	Buckets   [][]float64     // of each schema's latency, in seconds
	Counted   []float64       // the bounds in which latencies are counted: all of the above
	Namespace string          // is put before the names of the schemas' families, with an underscore
	Prefix    string          // is put before all names

	RequestLabels map[string]string // constant labels of what is said of requests
	SelfLabels    map[string]string // constant labels of what tacho says about itself
	Extras        []string          // the store's extra labels
	GroupBy       string            // the label in the place of the route, if there is one
	Unnamed       []string          // values of the route for which an optional label is left out

	Schemes       bool // the store tells http from https
	SizesByStatus bool // the store tells body sizes apart by status
	Minimal       bool // only requests, durations and panics
	OmitHTTP      bool // only what tacho says about itself
}

// named is a family's name as it is exported.
func (c *Config) named(name string) string {
	if c.Namespace != "" {
		name = c.Namespace + "_" + name
	}
	return c.Prefix + name
}
