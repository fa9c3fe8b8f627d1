// Package grafana writes dashboards for Grafana, in the classic JSON that every version imports.
//
//	files, err := grafana.Dashboards(grafana.Options{Schema: schema.Flask()})
//
// Each dashboard is a file of this package with its panels as data. A panel whose metrics the schema, or the
// service, does not have is left out, so that none stays empty because of a name. Queries read the scraped
// metrics, not tacho's recording rules: any Prometheus has them.
package grafana

import (
	"github.com/tacho-go/tacho/gen/live"
	"github.com/tacho-go/tacho/schema"
)

// Histograms are the forms of histograms that queries read.
type Histograms string

// The forms of histograms.
const (
	Both    Histograms = "both"    // classic ones where a service has them, otherwise native ones
	Classic Histograms = "classic" // for engines that reject functions of native histograms, such as VictoriaMetrics
	Native  Histograms = "native"
)

// Options set what the dashboards show. The zero value is tacho's own schema.
type Options struct {
	// Schema names the metrics. The default is schema.Default.
	Schema schema.Schema
	// Live is what a service exports. Panels of the runtime, of outgoing requests and of the service's own
	// metrics then show only and all of that. The default, nil, is what services of the schema usually have.
	Live live.Registry
	// Histograms are the forms to read. The default is Both.
	Histograms Histograms
	// Command is the command that regenerates the dashboards, for their descriptions.
	Command string
}

func (o Options) filled() Options {
	if o.Schema.Name == "" {
		o.Schema = schema.Default()
	}
	if o.Histograms == "" {
		o.Histograms = Both
	}
	return o
}
