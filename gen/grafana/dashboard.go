//lint:file-ignore SA1019 the SDK prefers its types for V2; classic JSON imports into every Grafana, see docs/design/016

package grafana

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/tacho-go/tacho/gen/output"
	"github.com/tacho-go/tacho/schema"
)

// boards are all dashboards, in output order.
var boards = []board{overview, route, outgoing, processes, runtime, own}

// Names returns the names of the dashboards.
func Names() (all []string) {
	for _, b := range boards {
		all = append(all, b.name)
	}
	return all
}

// Dashboards returns a file NAME-SCHEMA.json for each dashboard that has a panel; with names, for those only.
func Dashboards(o Options, names ...string) ([]output.File, error) {
	o = o.filled()
	var all []output.File
	for _, b := range boards {
		if len(names) > 0 && !slices.Contains(names, b.name) {
			continue
		}
		text, err := b.json(naming{Options: o, routed: b.routed})
		if err != nil {
			return nil, fmt.Errorf("dashboard %s for the schema %s: %w", b.name, o.Schema.Name, err)
		}
		if text != nil {
			all = append(all, output.File{Name: b.name + "-" + o.Schema.Name + ".json", Content: text})
		}
	}
	return all, nil
}

// json returns the dashboard, or nil without a panel.
func (b board) json(n naming) ([]byte, error) {
	d := dashboard.NewDashboardBuilder(b.title+" ("+n.Schema.Name+")").Uid(uid(b.name, n)).
		Description(b.about+"\n\n"+output.Header(n.Command)).
		Tags([]string{"tacho", tag(n)}).Readonly().Time("now-1h", "now").Refresh("30s").Timezone("browser").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Link(dashboard.NewDashboardLinkBuilder("Dashboards of these metrics").Type(dashboard.DashboardLinkTypeDashboards).
			Tags([]string{tag(n)}).IncludeVars(true).KeepTime(true))
	for _, v := range b.variables(n) {
		d = d.WithVariable(v)
	}
	count := 0
	for _, p := range b.panels(n) {
		if queries := p.queries(n); len(queries) > 0 {
			count++
			d = d.WithPanel(p.build(n, queries))
		}
	}
	if count == 0 {
		return nil, nil
	}
	built, err := d.Build()
	if err != nil {
		return nil, err
	}
	identify(built.Panels)
	return indented(built)
}

// identify gives the panels IDs, which links to a panel need.
func identify(panels []dashboard.PanelOrRowPanel) {
	for i := range panels {
		panels[i].Panel.Id = cog.ToPtr(uint32(i + 1))
	}
}

// indented is JSON as people read it, with < and > as they are.
func indented(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

func tag(n naming) string { return "tacho-" + n.Schema.Name }

// variables are the data source, the job, the instance, and the route where it is chosen.
func (b board) variables(n naming) []cog.Builder[dashboard.VariableModel] {
	n.routed = false
	all := []cog.Builder[dashboard.VariableModel]{
		dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus"),
		values("job", "Job", n.anyOf(), "job", ".+"),
		values("instance", "Instance", n.anyOf(`job=~"$job"`), "instance", ".+"),
	}
	f, _ := n.counter()
	if _, ok := f.StatusLabel(); ok {
		failures := n.errors()
		all = append(all, dashboard.NewConstantVariableBuilder("errors").Label("Statuses of failed requests").
			Value(dashboard.StringOrMap{String: &failures}))
	}
	l, ok := f.Label(schema.Route)
	if !b.routed || !ok {
		return all
	}
	any := ".+"
	if l.Optional {
		any = ".*" // also requests without a route
	}
	before := []string{`job=~"$job"`, `instance=~"$instance"`}
	for _, v := range routeVariables(l) {
		all = append(all, values(v.name, strings.ToUpper(v.name[:1])+v.name[1:], n.anyOf(before...), v.label, any))
		before = append(before, v.label+`=~"$`+v.name+`"`)
	}
	return all
}

// values is a variable with the values of a label.
func values(name, title, of, label, all string) cog.Builder[dashboard.VariableModel] {
	ask := "label_values(" + of + ", " + label + ")"
	everything := dashboard.VariableOption{
		Text:  dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
		Value: dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
	}
	return dashboard.NewQueryVariableBuilder(name).Label(title).Datasource(source()).
		Query(dashboard.StringOrMap{String: &ask}).Definition(ask).
		Multi(true).IncludeAll(true).AllValue(all).Current(everything).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortNaturalAsc)
}
