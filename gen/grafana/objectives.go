//lint:file-ignore SA1019 the SDK prefers its types for V2; classic JSON imports into every Grafana, see docs/design/016

package grafana

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/tacho-go/tacho/gen/output"
	"github.com/tacho-go/tacho/gen/slo"
)

// ofVariables selects the objectives of the variables.
const ofVariables = `{job=~"$job", slo=~"$slo"}`

// objectivePanels read what the rules of package slo record, whatever the names of the service.
var objectivePanels = []panel{
	{
		title: "Error budget left", unit: "percentunit", form: number, description: "Share of the period's error budget that is left. Below zero, the objective is missed.",
		queries: func(naming) []query { return one("min by (job, slo) ("+slo.Budget+ofVariables+")", "{{slo}}") },
	}, {
		title: "Objective", unit: "percentunit", form: number, description: "Share of events that must be good over the period.",
		queries: func(naming) []query { return one("max by (job, slo) ("+slo.Target+ofVariables+")", "{{slo}}") },
	}, {
		title: "Bad events", unit: "short", form: number, description: "Events that failed or were too slow, over each window that the rules sum.",
		queries: func(naming) []query {
			return one("max by (job, slo, window) ("+slo.BadSum+ofVariables+")", "{{slo}} {{window}}")
		},
	}, {
		title: "Error budget over time", unit: "percentunit", width: 24, description: "The budget of the period that ends at each moment: old incidents leave it again.",
		queries: func(naming) []query { return one("min by (job, slo) ("+slo.Budget+ofVariables+")", "{{slo}}") },
	}, {
		title: "Burn rates", unit: "short", width: 24, description: "How fast the budget is spent, by window: 1 spends exactly all of it in a period. An alert fires if both windows of a pair are above their limit.",
		queries: func(naming) []query {
			return one("max by (job, slo, window) ("+slo.BurnRate+ofVariables+")", "{{slo}} {{window}}")
		},
	}, {
		title: "Events per second", unit: "short", width: 12, description: "Events per second that count for the objective.",
		queries: func(naming) []query { return one("max by (job, slo) ("+slo.Rate+ofVariables+")", "{{slo}}") },
	}, {
		title: "Bad events per second", unit: "short", width: 12, description: "Events per second that failed or were too slow.",
		queries: func(naming) []query { return one("max by (job, slo) ("+slo.BadRate+ofVariables+")", "{{slo}}") },
	},
}

// Objectives returns the dashboard of service level objectives. It reads what the rules of package slo
// record. Command is the command that regenerates it.
func Objectives(command string) (output.File, error) {
	d := dashboard.NewDashboardBuilder("Service level objectives").Uid("tacho-slo").
		Description("Error budgets and burn rates.\n\n"+output.Header(command)).
		Tags([]string{"tacho"}).Readonly().Time("now-7d", "now").Refresh("1m").Timezone("browser").
		Tooltip(dashboard.DashboardCursorSyncCrosshair)
	for _, v := range []cog.Builder[dashboard.VariableModel]{
		dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus"),
		values("job", "Job", slo.Target, "job", ".+"),
		values("slo", "Objective", slo.Target+`{job=~"$job"}`, "slo", ".+"),
	} {
		d = d.WithVariable(v)
	}
	for _, p := range objectivePanels {
		d = d.WithPanel(p.build(naming{}, p.queries(naming{})))
	}
	built, err := d.Build()
	if err != nil {
		return output.File{}, err
	}
	identify(built.Panels)
	text, err := indented(built)
	return output.File{Name: "slo.json", Content: text}, err
}
