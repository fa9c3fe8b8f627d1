package tacho

import "github.com/tacho-go/tacho/schema"

// A familiesConfig says which families there are.
type familiesConfig struct {
	schemas   []schema.Schema // the first is the main one
	buckets   [][]float64     // of each schema's latency, in seconds
	counted   []float64       // the bounds in which latencies are counted: all of the above
	namespace string          // is put before the names of the schemas' families, with an underscore
	prefix    string          // is put before all names

	requestLabels map[string]string // constant labels of what is said of requests
	selfLabels    map[string]string // constant labels of what tacho says about itself
	extras        []string          // the store's extra labels
	groupBy       string            // the label in the place of the route, if there is one
	unnamed       []string          // values of the route for which an optional label is left out

	schemes       bool   // the store tells http from https
	sizesByStatus bool   // the store tells body sizes apart by status
	minimal       bool   // only requests, durations and panics
	omitHTTP      bool   // only what tacho says about itself
	version       string // tacho's own
}

// named is a family's name as it is exported.
func (c *familiesConfig) named(name string) string {
	if c.namespace != "" {
		name = c.namespace + "_" + name
	}
	return c.prefix + name
}
