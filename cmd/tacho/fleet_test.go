package main

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacho-go/tacho/dash"
)

// A fleet is a Prometheus API with the same services and numbers at any time. Its answers
// come one after the other, so that the parts of a page fill at different times.
type fleet struct {
	services int
	ill      bool   // the first service has a failing route and a slow one
	long     string // the path of a route in each service

	mu    sync.Mutex
	grids map[[3]string]bool // start, end and step of the range queries
}

// sample is an instant value.
type sample struct {
	metric map[string]string
	value  string
}

// serve starts the page in front of the fleet.
func (f *fleet) serve(t *testing.T) string {
	t.Helper()
	f.grids = map[[3]string]bool{}
	mux := http.NewServeMux()
	mux.Handle("/", dash.Handler(dash.Options{}))
	mux.HandleFunc("/api/v1/query", f.query)
	mux.HandleFunc("/api/v1/query_range", f.queryRange)
	for path, data := range map[string]string{
		"targets": `{"activeTargets":[` + strings.Join(f.targets(), ",") + `]}`,
		"alerts":  `{"alerts":[` + f.alerts() + `]}`,
		"rules": `{"groups":[{"name":"g","rules":[{"type":"alerting","name":"TachoErrorRatioHigh","state":"firing","duration":60,"labels":{"severity":"page"},"query":"x > 0.05",` +
			`"alerts":[` + f.alerts() + `]}]}]}`,
		"metadata":              `{"shop_orders_total":[{"type":"counter","help":"","unit":""}]}`,
		"label/__name__/values": `["shop_orders_total","http_requests_total"]`,
		"labels":                `["kind","path"]`,
	} {
		mux.HandleFunc("/api/v1/"+path, func(w http.ResponseWriter, _ *http.Request) {
			later(path)
			fmt.Fprintf(w, `{"status":"success","data":%s}`, data)
		})
	}
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL + "/"
}

// later delays an answer, each query's by another time.
func later(query string) {
	h := fnv.New32()
	_, _ = h.Write([]byte(query))
	time.Sleep(time.Duration(2+h.Sum32()%40) * time.Millisecond)
}

func (f *fleet) name(i int) string { return fmt.Sprintf("service-%02d", i) }

func (f *fleet) targets() []string {
	var all []string
	for i := range f.services {
		for _, instance := range []string{"a", "b"} {
			all = append(all, fmt.Sprintf(`{"labels":{"job":%q,"instance":"%s:8080"},"health":"up","lastScrape":%q,"lastScrapeDuration":0.01,"scrapeUrl":"http://%[2]s:8080/metrics"}`, f.name(i), instance, time.Now().Format(time.RFC3339)))
		}
	}
	return all
}

func (f *fleet) alerts() string {
	if !f.ill {
		return ""
	}
	return fmt.Sprintf(`{"state":"firing","activeAt":%q,"value":"0.7","labels":{"alertname":"TachoErrorRatioHigh","severity":"page","job":%q,"method":"GET","path":"/second_route"},"annotations":{"summary":"7 in 10 requests fail","description":"Look at the log.","runbook_url":"alerts/TachoErrorRatioHigh"}}`,
		time.Now().Add(-2*time.Minute).Format(time.RFC3339), f.name(0))
}

func (f *fleet) query(w http.ResponseWriter, r *http.Request) {
	query := r.FormValue("query")
	later(query)
	var all []sample
	switch {
	case strings.Contains(query, `"part", "targets"`):
		all = f.snapshot()
	case strings.Contains(query, "by (instance)"):
		for i, instance := range []string{"a:8080", "b:8080"} {
			for part, value := range map[string]string{"rate": "10", "errors": "0", "seconds": "0.5", "count": "10", "up": "1", "started": "1700000000", "cpu": "0.1", "memory": strconv.Itoa(2e8 + i)} {
				all = append(all, sample{map[string]string{"part": part, "instance": instance}, value})
			}
		}
	case strings.Contains(query, "sum by (status)"):
		all = []sample{{map[string]string{"status": "200"}, "9"}, {map[string]string{"status": "500"}, "1"}}
	case strings.Contains(query, "sum by (method)"):
		all = []sample{{map[string]string{"method": "GET"}, "9"}, {map[string]string{"method": "POST"}, "1"}}
	case strings.Contains(query, "by (method, path)"):
		for _, path := range f.paths() {
			all = append(all, sample{map[string]string{"method": "GET", "path": path}, "4"})
		}
	case strings.Contains(query, "shop_orders"):
		all = []sample{{map[string]string{"kind": "book"}, "3"}, {map[string]string{"kind": "pen"}, "2"}}
	case strings.Contains(query, "class"):
		all = []sample{{map[string]string{"class": "2xx"}, "20"}}
	}
	results := []map[string]any{}
	for _, s := range all {
		results = append(results, map[string]any{"metric": s.metric, "value": []any{float64(time.Now().UnixMilli()) / 1000, s.value}})
	}
	answerWith(w, "vector", results)
}

func answerWith(w http.ResponseWriter, kind string, results []map[string]any) {
	_ = json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": kind, "result": results}})
}

func (f *fleet) paths() []string {
	return []string{"/second_route", "/slow", "/api/items/:id", "/api/orders", "/hello", "/login", "/logout", f.long}
}

// snapshot are the numbers of all services.
func (f *fleet) snapshot() []sample {
	var all []sample
	for i := range f.services {
		job := f.name(i)
		add := func(part, value string, more ...string) {
			metric := map[string]string{"part": part, "job": job}
			for k := 0; k < len(more); k += 2 {
				metric[more[k]] = more[k+1]
			}
			all = append(all, sample{metric, value})
		}
		ill := f.ill && i == 0
		for p, path := range f.paths() {
			at := []string{"schema", "default", "method", "GET", "path", path}
			add("rate", "4", at...)
			add("seconds", "0.4", at...)
			p95 := "0.12"
			if ill && p == 0 {
				add("errors", "2.84", at...)
			}
			if ill && p == 1 {
				p95 = "1.8"
			}
			add("p50", "0.05", at...)
			add("p95", p95, at...)
			add("p99", "0.2", at...)
		}
		add("p50Of", "0.05", "schema", "default")
		add("p95Of", "0.12", "schema", "default")
		add("p99Of", "0.2", "schema", "default")
		add("inFlight", "3", "schema", "default")
		add("targets", "2")
	}
	return all
}

// lines of a range query, by what it contains.
var rangeLines = []struct {
	in, label string
	values    map[string]float64
}{
	{`"resource"`, "resource", map[string]float64{"cpu": .2, "memory": .3}},
	{"sum by (le)", "le", map[string]float64{"0.1": 5, "0.5": 8, "+Inf": 9}},
	{"/ ignoring", "class", map[string]float64{"2xx": 1, "5xx": 0}},
	{"class", "class", map[string]float64{"2xx": 20}},
	{"by (quantile)", "quantile", map[string]float64{"0.5": .05, "0.95": .12, "0.99": .2}},
	{"by (instance)", "instance", map[string]float64{"a:8080": .05, "b:8080": .06}},
	{"shop_orders", "kind", map[string]float64{"book": 3, "pen": 2}},
	{"by (job", "job", map[string]float64{"service-00": 20, "service-01": 30}},
	{"", "method", map[string]float64{"GET": 4}},
}

func (f *fleet) queryRange(w http.ResponseWriter, r *http.Request) {
	query := r.FormValue("query")
	f.mu.Lock()
	f.grids[[3]string{r.FormValue("start"), r.FormValue("end"), r.FormValue("step")}] = true
	f.mu.Unlock()
	later(query)
	start, _ := strconv.ParseFloat(r.FormValue("start"), 64)
	end, _ := strconv.ParseFloat(r.FormValue("end"), 64)
	step, _ := strconv.ParseFloat(r.FormValue("step"), 64)
	results := []map[string]any{}
	for _, l := range rangeLines {
		if !strings.Contains(query, l.in) {
			continue
		}
		for value, n := range l.values {
			var values [][]any
			for at := start; at <= end; at += step {
				values = append(values, []any{at, strconv.FormatFloat(n, 'g', -1, 64)})
			}
			results = append(results, map[string]any{"metric": map[string]string{l.label: value}, "values": values})
		}
		break
	}
	answerWith(w, "matrix", results)
}
