package rules_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	generated "github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/schema"
	"github.com/tacho-go/tacho/verdict"
)

// limited has limits of its own for the shop, and others for one of its routes.
var limited = generated.Options{
	Schemas:    []schema.Schema{schema.Default()},
	ErrorRatio: .2, Latency: 300 * time.Millisecond, MinRequests: 8,
	Limits: []generated.Limit{
		{Job: "shop", Path: "/report", Latency: 5 * time.Second},
		{Job: "shop", ErrorRatio: .1},
		{Job: "other", Path: "/", MinRequests: 100},
	},
}

// TestLimits: rules, verdict and texts use the same limits, and they are recorded for the page.
func TestLimits(t *testing.T) {
	o := limited
	s := newShopOf(t, o,
		traffic{"a", "GET", "/api", always(4), always(.15), always(.4)},
		traffic{"a", "GET", "/report", always(4), always(.15), always(2)},
	)
	got := s.run(20 * time.Minute).Services[0]
	for _, want := range []struct {
		series string
		value  float64
	}{
		{generated.ErrorRatioLimit + `{path="/api"}`, .1},
		{generated.ErrorRatioLimit + `{path="/report"}`, .1},
		{generated.ErrorRatioLimit + `{job="shop",path=""}`, .1},
		{generated.LatencyLimit + `{path="/api"}`, .3},
		{generated.LatencyLimit + `{path="/report"}`, 5},
		{generated.LatencyLimit + `{job="shop",path=""}`, .3},
		{generated.MinRequests + `{path="/api"}`, 8},
		{generated.MinErrors + `{path="/api"}`, 2},
		{`ALERTS{alertname="TachoErrorRatioHigh",alertstate="firing",path="/api"}`, 1},
		{`ALERTS{alertname="TachoErrorRatioHigh",alertstate="firing",path="/report"}`, 1},
		{`ALERTS{alertname="TachoLatencyHigh",alertstate="firing",path="/api"}`, 1},
	} {
		if all, err := s.Query(t.Context(), want.series, s.now); err != nil || len(all) != 1 || all[0].Points[0].Value != want.value {
			t.Errorf("%s: %+v, %v; want %v", want.series, all, err, want.value)
		}
	}
	if all, _ := s.Query(t.Context(), `ALERTS{alertname="TachoLatencyHigh",path="/report"}`, s.now); len(all) != 0 {
		t.Errorf("an alert with the wrong limit: %+v", all)
	}
	limits := map[string]float64{}
	for _, f := range got.Findings {
		limits[string(f.Kind)+f.Path] = f.Limit
	}
	if want := (map[string]float64{"errors/api": .1, "errors/report": .1, "latency/api": .3}); !maps.Equal(limits, want) {
		t.Errorf("the verdict has the limits %v, want %v", limits, want)
	}
	if text := s.description(t, "TachoErrorRatioHigh"); !strings.Contains(text, "the threshold is 10%") {
		t.Errorf("the alert says %s", text)
	}
	if text := s.description(t, "TachoLatencyHigh"); !strings.Contains(text, "the threshold is 300ms") {
		t.Errorf("the alert says %s", text)
	}

	// A client that knows the rules' series only finds the same.
	foreign := verdict.New(s, verdict.Options{ReadLimits: true})
	v, err := foreign.Round(t.Context(), s.now)
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]float64{}
	for _, f := range v.Services[0].Findings {
		read[string(f.Kind)+f.Path] = f.Limit
	}
	if !maps.Equal(read, limits) {
		t.Errorf("read from the series: %v, want %v", read, limits)
	}
}

// TestOneLimitForAll: without exceptions, an alert compares with a number, and no join is necessary.
func TestOneLimitForAll(t *testing.T) {
	for _, r := range generated.Alerts(generated.Options{ErrorRatio: .02, Latency: 300 * time.Millisecond, MinRequests: 50}).Rules {
		for name, want := range map[string][]string{
			"TachoErrorRatioHigh": {"> 0.02", ">= 13"},
			"TachoLatencyHigh":    {">= 0.3", ">= 50"},
		} {
			for _, w := range want {
				if r.Alert == name && !strings.Contains(r.Expr+"\n", w+"\n") {
					t.Errorf("%s does not compare with %q:\n%s", name, w, r.Expr)
				}
			}
		}
	}
}

// TestTimesOfTheRules: a client that knows only the API of a server reads the times of its rules there.
func TestTimesOfTheRules(t *testing.T) {
	for name, o := range map[string]generated.Options{
		"defaults": {},
		"the demo": demo,
		"jobs with intervals of their own": {Intervals: map[string]time.Duration{
			"a": 15 * time.Second, "b.c": 30 * time.Second, `d"\`: 30 * time.Second, "slow": 15 * time.Minute,
		}},
		"limits of a route": limited,
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { listRules(t, w, o) }))
			defer s.Close()
			got, err := verdict.API{URL: s.URL}.RuleOptions(t.Context(), verdict.Options{})
			if err != nil {
				t.Fatal(err)
			}
			want := o.Verdict()
			if got.Interval != want.Interval || got.LookBack != want.LookBack || got.Window != want.Window {
				t.Errorf("interval %v, look-back %v, window %v; want %v, %v, %v", got.Interval, got.LookBack, got.Window, want.Interval, want.LookBack, want.Window)
			}
			for _, job := range append(slices.Collect(maps.Keys(o.Intervals)), "another", "bxc") {
				if got, want := got.WindowOf(job), want.WindowOf(job); got != want {
					t.Errorf("the window of %s is %v, want %v", job, got, want)
				}
			}
		})
	}
}

// listRules responds as Prometheus does: expressions as its parser prints them.
func listRules(t *testing.T, w http.ResponseWriter, o generated.Options) {
	type rule struct {
		Name  string `json:"name"`
		Query string `json:"query"`
	}
	type group struct {
		Interval float64 `json:"interval"`
		Rules    []rule  `json:"rules"`
	}
	var groups []group
	for _, g := range []rulefmt.RuleGroup{generated.Recording(o), generated.Alerts(o)} {
		listed := group{Interval: time.Duration(g.Interval).Seconds()}
		for _, r := range g.Rules {
			expr, err := parser.NewParser(parser.Options{}).ParseExpr(r.Expr)
			if err != nil {
				t.Error(err)
				return
			}
			listed.Rules = append(listed.Rules, rule{r.Record + r.Alert, expr.String()})
		}
		groups = append(groups, listed)
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"groups": groups}})
}
