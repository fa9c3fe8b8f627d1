// Package scan reads a store: it defines which metric families a schema exports, and visits their
// label sets at each scrape. The root package uses it. It must not depend on Options; internal/expo
// implements the visitors for the formats.
package scan

import "github.com/tacho-go/tacho/schema"

// A Config defines the exported families.
type Config struct {
	Schemas   []schema.Schema // the first is the main one
	Buckets   [][]float64     // of each schema's latency, in seconds
	Counted   []float64       // the bounds in which latencies are counted: all of the above
	Namespace string          // prefix of the schemas' families, joined by an underscore
	Prefix    string          // prefix of all names

	RequestLabels map[string]string // constant labels of HTTP metrics
	SelfLabels    map[string]string // constant labels of self-metrics
	Extras        []string          // the store's extra labels
	GroupBy       string            // the label that replaces the route, or ""
	Unnamed       []string          // values of the route for which an optional label is left out

	Schemes       bool // the store separates http and https
	SizesByStatus bool // the store separates body sizes by status
	Minimal       bool // only requests, durations and panics
	OmitHTTP      bool // only self-metrics
}

// named returns a family's exported name.
func (c *Config) named(name string) string {
	if c.Namespace != "" {
		name = c.Namespace + "_" + name
	}
	return c.Prefix + name
}
