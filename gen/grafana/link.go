package grafana

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/tacho-go/tacho/schema"
)

// uid is the same for the same dashboard, so that an import replaces the previous one.
func uid(name string, n naming) string {
	id := "tacho-" + name + "-" + n.Schema.Name
	return id[:min(len(id), 40)] // Grafana's limit
}

// routeLink leads from a row to the dashboard of its route, with the same range, jobs and instances.
func routeLink(n naming) cog.Builder[dashboard.DashboardLink] {
	f, _ := n.counter()
	l, _ := f.Label(schema.Route)
	address := "/d/" + uid(route.name, n) + "?${__url_time_range}&${datasource:queryparam}&${job:queryparam}&${instance:queryparam}"
	for _, v := range routeVariables(l) {
		address += "&var-" + v.name + "=${__data.fields." + v.label + "}"
	}
	return dashboard.NewDashboardLinkBuilder("The route in detail").Url(address)
}
