package live_test

import (
	"slices"
	"testing"

	"github.com/tacho-go/tacho/gen/live"
	"github.com/tacho-go/tacho/schema"
)

var byRoute = []string{"method", "path", "status"}

// names are the families of a service under a prefix.
func names(prefix string) live.Registry {
	return live.Registry{
		{Name: prefix + "http_requests_total", Kind: schema.Counter, Labels: byRoute, Series: 3},
		{Name: prefix + "http_request_duration_seconds", Kind: schema.Histogram, Labels: byRoute, Series: 9, Classic: true},
		{Name: "shop_orders_total", Kind: schema.Counter, Series: 1},
		{Name: "go_goroutines", Kind: schema.Gauge, Series: 1},
		{Name: "tacho_series", Kind: schema.Gauge, Labels: []string{"metric"}, Series: 1},
		{Name: "idle_total", Kind: schema.Counter},
	}
}

// TestSchemas: the names of a service are those of a schema, also behind a prefix, and families that it
// lacks are gone.
func TestSchemas(t *testing.T) {
	flask := live.Registry{
		{Name: "my_http_request_duration_seconds", Kind: schema.Histogram, Labels: byRoute, Series: 9},
		{Name: "my_http_request_total", Kind: schema.Counter, Labels: []string{"method", "status"}, Series: 1},
	}
	spring := live.Registry{{Name: "http_server_requests_seconds", Kind: schema.Summary, Labels: []string{"exception", "method", "outcome", "status", "uri"}, Series: 2}}
	for _, c := range []struct {
		name, schema, duration string
		kind                   schema.Kind
		registry               live.Registry
	}{
		{"its own names", "default", "http_request_duration_seconds", schema.Histogram, names("")},
		{"behind a prefix", "default", "shop_http_request_duration_seconds", schema.Histogram, names("shop_")},
		{"with another prefix", "flask", "my_http_request_duration_seconds", schema.Histogram, flask},
		{"without buckets", "micrometer", "http_server_requests_seconds", schema.Summary, spring},
	} {
		found := c.registry.Schemas()
		if len(found) != 1 || found[0].Name != c.schema || found[0].Duration.Name != c.duration || found[0].Duration.Kind != c.kind {
			t.Errorf("%s: %+v", c.name, found)
			continue
		}
		if found[0].InFlight.Name != "" || found[0].Panics.Name != "" {
			t.Errorf("%s: it has families that the service lacks: %+v", c.name, found[0])
		}
	}
	if found := (live.Registry{{Name: "x", Kind: schema.Gauge}}).Schemas(); len(found) != 0 {
		t.Errorf("no HTTP metrics: %+v", found)
	}
}

// TestGroups: each family is in one group.
func TestGroups(t *testing.T) {
	r := names("shop_")
	total := 0
	for group, want := range map[live.Group][]string{
		live.Requests: {"shop_http_request_duration_seconds", "shop_http_requests_total"},
		live.Own:      {"idle_total", "shop_orders_total"},
		live.Runtime:  {"go_goroutines"},
		live.Self:     {"tacho_series"},
	} {
		var got []string
		for _, f := range r.In(group) {
			got = append(got, f.Name)
		}
		total += len(got)
		if !slices.Equal(got, want) {
			t.Errorf("group %d: %q, want %q", group, got, want)
		}
	}
	if total != len(r) {
		t.Errorf("%d of %d families are in a group", total, len(r))
	}
	for name, want := range map[string]bool{"go_goroutines": true, "idle_total": false, "shop_http_request_duration_seconds_sum": true, "none": false} {
		if r.HasSeries(name) != want {
			t.Errorf("HasSeries(%s) is %t", name, !want)
		}
	}
}
