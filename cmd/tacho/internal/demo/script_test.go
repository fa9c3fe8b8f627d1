package demo

import (
	"strings"
	"testing"
	"time"
)

// TestFaults: what is wrong at which moment.
func TestFaults(t *testing.T) {
	api, second, orders := routeOf("GET", apiPath), routeOf("GET", secondPath), routeOf("POST", ordersPath)
	for _, c := range []struct {
		at       time.Duration
		instance string
		route    route
		want     string
	}{
		{0, "b", api, ""},
		{44999 * time.Millisecond, "b", api, ""},
		{45 * time.Second, "b", api, "slow"},
		{45 * time.Second, "a", api, ""},
		{45 * time.Second, "a", second, "fails"},
		{45 * time.Second, "b", second, "fails"},
		{45 * time.Second, "", orders, "slow fails"},
		{45 * time.Second, "a", routeOf("GET", "/"), ""},
		{89999 * time.Millisecond, "b", api, "slow"},
		{90 * time.Second, "b", api, ""},
		{90 * time.Second, "", orders, ""},
		{10*time.Minute - 1, "", orders, ""},
		{10 * time.Minute, "", orders, "slow fails"},
		{11 * time.Minute, "", orders, ""},
		{30*time.Minute + time.Second, "", orders, "slow fails"},
		{31 * time.Minute, "", orders, ""},
	} {
		f := sum(faultsAt(Script(), c.at), c.instance, c.route)
		var got []string
		if f.Slower > 0 {
			got = append(got, "slow")
		}
		if f.Fails > 0 {
			got = append(got, "fails")
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("at %s, %s %s on %q: %v, want %q", c.at, c.route.method, c.route.path, c.instance, got, c.want)
		}
	}
}

func TestStory(t *testing.T) {
	want := []string{
		"the 6 hours before the start are generated (marked by tacho_demo_seeded)",
		"at 0:20: version 1.1.0 is deployed, instance by instance",
		"at 0:45, over at 1:30: an incident, the fault of 1.1.0: GET /api is slow on instance b, GET /second_route fails, POST /api/orders is slow and fails",
		"every 10:00: the payment service is slow for a minute",
	}
	got := made(t, Options{NoFlask: true}).Story()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the story is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestIncident plays the real script with a clock set by hand: quiet, then the
// incident on the deployed version, then quiet again; and Prometheus sees it.
func TestIncident(t *testing.T) {
	h := &hand{}
	d := made(t, Options{NoFlask: true, Rate: 100, Elapsed: h.elapsed})
	run(t, d)
	w := watch(t, d, t.TempDir(), 250*time.Millisecond)
	const window = "[4s]"
	median := func(path, instance string) float64 {
		return w.now(`histogram_quantile(.5, sum by (le) (rate(http_request_duration_seconds_bucket{path="` + path + `",instance=~"` + instance + `"}` + window + `)))`)
	}
	errors := func(method, path string) float64 {
		of := `http_requests_total{method="` + method + `",path="` + path + `"`
		return w.now(`sum(rate(` + of + `,status=~"5.."}` + window + `)) / sum(rate(` + of + `}` + window + `))`)
	}
	well := func() bool {
		return median(apiPath, "a") < .2 && median(apiPath, "b") < .2 && median(ordersPath, ".*") < .3 &&
			errors("GET", secondPath) < .05 && errors("POST", ordersPath) < .1
	}
	ill := func() bool {
		return median(apiPath, "a") < .2 && median(apiPath, "b") > .4 && median(ordersPath, ".*") > .5 &&
			errors("GET", secondPath) > .5 && errors("POST", ordersPath) > .1 && errors("GET", apiPath) < .01
	}
	eventually(t, "numbers of a healthy shop", well)
	h.set(50 * time.Second)
	eventually(t, "the incident in the numbers", ill)
	eventually(t, "the new version on both instances", func() bool {
		return len(w.at(time.Now(), `shop_build_info{version="1.1.0"} == 1`)) == 2
	})
	h.set(95 * time.Second)
	eventually(t, "the recovery in the numbers", well)
}
