package grafana

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// A form is how a panel looks.
type form int

const (
	lines form = iota
	number
	heat
	rows // a table with the newest values
)

// A panel is one panel as data.
type panel struct {
	title, description string
	unit               string // Grafana's name
	form               form
	width              uint32 // of 24; the default is 8, and 6 for numbers
	// queries returns the queries for a schema, or none if it lacks the metrics.
	queries func(naming) []query
	columns []column // of rows: names of the values, in the order of the queries
}

// A query is one query of a panel.
type query struct{ expr, legend string }

// A column is a value of a table.
type column struct{ title, unit string }

// one is the only query of a panel, or none without an expression.
func one(expr, legend string) []query {
	if expr == "" {
		return nil
	}
	return []query{{expr, legend}}
}

// source is the variable of the data source: no dashboard knows one by its ID.
func source() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}
}

// units are those of a number of seconds in the schemas.
var units = map[string]string{"seconds": "s", "milliseconds": "ms", "microseconds": "µs", "bytes": "bytes"}

// build returns the panel for its queries.
func (p panel) build(n naming, queries []query) cog.Builder[dashboard.Panel] {
	if p.unit == "duration" {
		p.unit = units[n.Schema.Duration.Unit]
	}
	switch p.form {
	case number:
		return shared(stat.NewPanelBuilder(), p, queries)
	case heat:
		return shared(heatmap.NewPanelBuilder(), p, queries)
	case rows:
		return p.table(n, queries)
	}
	b := shared(timeseries.NewPanelBuilder(), p, queries)
	return b.FillOpacity(10).Legend(common.NewVizLegendOptionsBuilder().
		DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(true))
}

// A builder is what the SDK's builders of panels have in common.
type builder[B any] interface {
	Title(string) B
	Description(string) B
	Unit(string) B
	Datasource(common.DataSourceRef) B
	Height(uint32) B
	Span(uint32) B
	WithTarget(cog.Builder[variants.Dataquery]) B
}

// shared sets what every panel has.
func shared[B builder[B]](b B, p panel, queries []query) B {
	height, width := uint32(8), p.width
	if p.form == number {
		height = 4
	}
	if width == 0 {
		width = map[form]uint32{number: 6, rows: 24}[p.form]
	}
	if width == 0 {
		width = 8
	}
	b = b.Title(p.title).Description(p.description).Unit(p.unit).Datasource(source()).Height(height).Span(width)
	for i, q := range queries {
		b = b.WithTarget(p.target(i, q))
	}
	return b
}

func (p panel) target(i int, q query) *prometheus.DataqueryBuilder {
	t := prometheus.NewDataqueryBuilder().Datasource(source()).RefId(string(rune('A' + i))).Expr(q.expr).LegendFormat(q.legend)
	switch p.form {
	case heat:
		return t.Range().Format(prometheus.PromQueryFormatHeatmap)
	case rows:
		return t.Instant().Format(prometheus.PromQueryFormatTable)
	}
	return t.Range()
}

// table joins the queries by their labels. A row leads to its route's dashboard.
func (p panel) table(n naming, queries []query) cog.Builder[dashboard.Panel] {
	b := shared(table.NewPanelBuilder(), p, queries)
	b = b.Footer(common.NewTableFooterOptionsBuilder().Reducer([]string{"sum"})) // hidden, but its fields are required
	names, excluded := map[string]any{}, map[string]any{"Time": true}
	for i, c := range p.columns {
		value := fmt.Sprintf("Value #%c", 'A'+i)
		names[value] = c.title
		unit := c.unit
		if unit == "duration" {
			unit = units[n.Schema.Duration.Unit]
		}
		b = b.OverrideByName(c.title, []dashboard.DynamicConfigValue{{Id: "unit", Value: unit}})
	}
	return b.WithTransformation(dashboard.DataTransformerConfig{Id: "merge", Options: map[string]any{}}).
		WithTransformation(dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{"renameByName": names, "excludeByName": excluded}}).
		DataLinks([]cog.Builder[dashboard.DashboardLink]{routeLink(n)})
}
