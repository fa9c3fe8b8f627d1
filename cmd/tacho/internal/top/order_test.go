package top

import (
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

var nan = math.NaN()

var some = []Row{
	{Route: Route{"GET", "/b"}, State: OK, Rate: 1, P95: nan, InFlight: nan, ErrorRatio: 0.2},
	{Route: Route{"GET", "/c"}, State: Errors, Rate: 3, P95: 0.1, InFlight: nan, ErrorRatio: 0.5},
	{Route: Route{"GET", "unmatched"}, NotRoute: "(no route matched)", State: Errors, Rate: 9, P95: 9, InFlight: nan, ErrorRatio: 0.9},
	{Route: Route{"GET", "/a"}, State: Idle, Rate: 2, P95: 0.2, InFlight: nan, ErrorRatio: 0.1},
	{Route: Route{"POST", "/a"}, State: Slow, Rate: 2, P95: 3, InFlight: nan, ErrorRatio: 0},
}

func TestOrder(t *testing.T) {
	for _, c := range []struct {
		order  Order
		filter string
		want   string
	}{
		{FirstOrder, "", "GET/c POST/a GET/a GET/b GETunmatched"},
		{Order{"rate", false}, "", "GET/c GET/a POST/a GET/b GETunmatched"},
		{Order{"rate", true}, "", "GET/b GET/a POST/a GET/c GETunmatched"},
		{Order{"p95", false}, "", "POST/a GET/a GET/c GET/b GETunmatched"}, // no number: last,
		{Order{"p95", true}, "", "GET/c GET/a POST/a GET/b GETunmatched"},  // whichever way
		{Order{"route", false}, "", "GET/a POST/a GET/b GET/c GETunmatched"},
		{Order{"route", true}, "", "GET/c GET/b GET/a POST/a GETunmatched"},
		{FirstOrder, "get /A", "GET/a"},
		{FirstOrder, "slow", "POST/a"},
		{FirstOrder, "none", ""},
	} {
		var got []string
		for _, r := range sorted(some, c.order, c.filter) {
			got = append(got, r.Method+r.Path)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%v %q: %v, want %s", c.order, c.filter, got, c.want)
		}
	}
}

// TestNarrow: a narrow terminal drops the least important columns, but never the one that
// the rows are sorted by.
func TestNarrow(t *testing.T) {
	for _, c := range []struct {
		width int
		sort  string
		want  string
	}{
		{120, "state", "state route rate errors p50 p95 p99 share"},
		{80, "state", "state route rate errors p95 p99 share"},
		{70, "rate", "route rate errors p95 p99 share"},
		{60, "rate", "route rate errors p95 share"},
		{45, "rate", "route rate errors"},
		{20, "rate", "route rate"},
		{20, "p50", "route rate p50"},
		{1, "rate", "route rate"},
	} {
		l := lay(some, Order{Column: c.sort}, c.width)
		var got []string
		for _, column := range l.columns {
			got = append(got, column.id)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%d columns, by %s: %v, want %s", c.width, c.sort, got, c.want)
		}
	}
	busy := some[0]
	busy.InFlight = 2
	if l := lay([]Row{busy}, FirstOrder, 120); !slices.ContainsFunc(l.columns, func(c column) bool { return c.id == "inflight" }) {
		t.Error("no column of requests in flight, though a route has some")
	}
}

// TestLimits: the same as the page's.
func TestLimits(t *testing.T) {
	text, err := os.ReadFile("../../../../dash/static/model.js")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]float64{"errorRatio": defaultLimits().errorRatio, "slow": defaultLimits().p95, "traffic": limitTraffic} {
		found := regexp.MustCompile(`(?s)export const limits = \{.*?` + name + `: ([0-9.]+),`).FindSubmatch(text)
		if found == nil {
			t.Fatalf("model.js has no limit %s", name)
		}
		if got, _ := strconv.ParseFloat(string(found[1]), 64); got != want {
			t.Errorf("%s is %v on the page and %v here", name, got, want)
		}
	}
}

// TestState: as on the page, but a single request in a short window is none.
func TestState(t *testing.T) {
	for name, c := range map[string]struct {
		row               Row
		errors, errorRate float64
		want              State
	}{
		"errors":       {Row{ErrorRatio: 0.051, Rate: 10, Requests: 20}, 2, 0.5, Errors},
		"at the limit": {Row{ErrorRatio: 0.05, Rate: 20, Requests: 40}, 2, 1, OK}, // the alert does not fire either
		"one failure":  {Row{ErrorRatio: 0.5, Rate: 1, Requests: 2}, 1, 0.5, OK},
		"few of many":  {Row{ErrorRatio: 0.04, Rate: 100, Requests: 200}, 8, 4, OK},
		"slow":         {Row{P95: 1, Rate: 1, Requests: 2}, 0, 0, Slow},
		"one was slow": {Row{P95: 7, Rate: 0.5, Requests: 1}, 0, 0, OK},
		"idle":         {Row{ErrorRatio: math.NaN(), P95: math.NaN()}, 0, 0, Idle},
	} {
		c.row.errors, c.row.errorRate = c.errors, c.errorRate
		if got := defaultLimits().state(c.row); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

// TestOwnLimits: without a verdict, the limits are those of the options.
func TestOwnLimits(t *testing.T) {
	for want, o := range map[limits]Options{
		{0.05, 1}:  {},
		{0.2, 1}:   {ErrorRatio: 0.2},
		{0.05, .3}: {Latency: 300 * time.Millisecond},
	} {
		o.URLs = []string{"127.0.0.1:1"}
		top, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		rows := []Row{{Route: Route{"GET", "/"}, P95: 0.5, Rate: 10, Requests: 20}}
		top.watch.applyLimits(rows)
		if got := top.watch.limits; got != want || (rows[0].State == Slow) != (want.p95 < 0.5) {
			t.Errorf("limits %v and the state %q, want %v", got, rows[0].State, want)
		}
	}
}
