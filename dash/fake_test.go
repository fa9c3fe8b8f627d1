package dash_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacho-go/tacho/dash"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// A fake is a Prometheus HTTP API with fixed responses.
type fake struct {
	answer  func(round int, query string) answer // the first round is 1
	targets string                               // the list in JSON; empty: this API has none
	alerts  string
	delay   time.Duration

	exemplars string            // in JSON
	labels    string            // of all series, in JSON
	names     map[string]string // the metric of a selector; orders_total of others
	source    string            // of the verdict, in JSON; empty: there is no verdict
	traceURL  string
	arguments bool                                 // the targets are arguments
	ranges    func(query string, end int64) answer // of range queries; nil: there are none

	mu         sync.Mutex
	rounds     int
	open, most int // concurrent requests: now, and the maximum
	asked      []string
}

// An answer is a status and a body. The zero value aborts the connection.
type answer struct {
	status int
	body   string
}

// serve starts the page and its API on one origin, below a prefix or none.
func (f *fake) serve(t *testing.T, prefix string) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/query", f.query)
	mux.HandleFunc("/api/v1/query_range", f.queryRange)
	mux.HandleFunc("/api/v1/query_exemplars", func(w http.ResponseWriter, _ *http.Request) {
		if f.exemplars == "" {
			http.NotFound(w, nil)
			return
		}
		_, _ = w.Write([]byte(`{"status":"success","data":` + f.exemplars + `}`))
	})
	mux.HandleFunc("/api/v1/label/__name__/values", func(w http.ResponseWriter, r *http.Request) {
		if f.labels == "" {
			http.NotFound(w, nil)
			return
		}
		fmt.Fprintf(w, `{"status":"success","data":[%q]}`, cmp.Or(f.names[r.FormValue("match[]")], "orders_total"))
	})
	mux.HandleFunc("/api/v1/labels", func(w http.ResponseWriter, _ *http.Request) {
		if f.labels == "" {
			http.NotFound(w, nil)
			return
		}
		_, _ = w.Write([]byte(`{"status":"success","data":` + f.labels + `}`))
	})
	mux.HandleFunc("/api/v1/targets", f.list("activeTargets", f.targets))
	mux.HandleFunc("/api/v1/alerts", f.list("alerts", f.alerts))
	mux.HandleFunc("/rounds", func(w http.ResponseWriter, _ *http.Request) {
		rounds, _ := f.counts()
		fmt.Fprint(w, rounds)
	})
	mux.Handle("/jstest/", http.StripPrefix("/jstest", http.FileServer(http.Dir("jstest"))))
	o := dash.Options{Hint: "a <hint>", HintChinese: "一段说明", TraceURL: f.traceURL, Arguments: f.arguments}
	if f.source != "" {
		o.VerdictPath = "verdict"
		mux.HandleFunc("/verdict", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"at":"2026-01-01T00:00:00Z","services":[],"source":` + f.source + `}`))
		})
	}
	mux.Handle("/", dash.Handler(o))
	server := httptest.NewServer(f.noting(http.StripPrefix(prefix, mux)))
	// A browser retries silently when a reused connection breaks.
	server.Config.SetKeepAlivesEnabled(false)
	t.Cleanup(server.Close)
	return server.URL + prefix + "/"
}

// noting remembers the endpoints and queries that are asked for.
func (f *fake) noting(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := r.URL.Path + " " + r.FormValue("query")
		f.mu.Lock()
		f.asked = append(f.asked, text)
		f.mu.Unlock()
		next.ServeHTTP(w, r)
	})
}

// hasAsked reports whether a request had a text in its path or query.
func (f *fake) hasAsked(text string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(f.asked, func(asked string) bool { return strings.Contains(asked, text) })
}

func (f *fake) query(w http.ResponseWriter, r *http.Request) {
	query := r.FormValue("query")
	round := f.enter(isSnapshot(query) && strings.Contains(query, "tacho:"))
	defer f.leave()
	time.Sleep(f.delay) // a slow server
	a := f.answer(round, query)
	if a.status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.body))
}

func (f *fake) queryRange(w http.ResponseWriter, r *http.Request) {
	if f.ranges == nil {
		http.NotFound(w, r)
		return
	}
	end, _ := strconv.ParseInt(r.FormValue("end"), 10, 64)
	a := f.ranges(r.FormValue("query"), end)
	w.WriteHeader(a.status)
	_, _ = w.Write([]byte(a.body))
}

// A curve is a line of a range query's answer: its label, and its value in each of
// the last points.
type curve struct {
	label, value string
	points       []string
}

// matrix answers a range query of an hour with curves whose last point is its end.
func matrix(end int64, curves ...curve) answer {
	type result struct {
		Metric map[string]string `json:"metric"`
		Values [][2]any          `json:"values"`
	}
	results := []result{}
	const step = 15
	for _, c := range curves {
		values := [][2]any{}
		for i, p := range c.points {
			values = append(values, [2]any{end - int64(step*(len(c.points)-1-i)), p})
		}
		results = append(results, result{map[string]string{c.label: c.value}, values})
	}
	body, err := json.Marshal(map[string]any{"status": "success", "data": map[string]any{"resultType": "matrix", "result": results}})
	if err != nil {
		panic(err) // strings and numbers
	}
	return answer{http.StatusOK, string(body)}
}

// enter counts rounds: each begins with the query for recorded metrics.
func (f *fake) enter(begins bool) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if begins {
		f.rounds++
	}
	f.open++
	f.most = max(f.most, f.open)
	return f.rounds
}

func (f *fake) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open--
}

func (f *fake) counts() (rounds, most int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.rounds, f.most
}

func (f *fake) list(field, items string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f.enter(false)
		defer f.leave()
		if items == "" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte(`{"status":"success","data":{"` + field + `":` + items + `}}`))
	}
}

// A sample is one value of one part of the page's query.
type sample struct {
	part   string
	labels map[string]string
	value  string
}

func vector(samples ...sample) answer {
	type result struct {
		Metric map[string]string `json:"metric"`
		Value  [2]any            `json:"value"`
	}
	results := []result{}
	for _, s := range samples {
		metric := map[string]string{"part": s.part}
		for name, value := range s.labels {
			metric[name] = value
		}
		results = append(results, result{metric, [2]any{1.7e9, s.value}})
	}
	body, err := json.Marshal(map[string]any{"status": "success", "data": map[string]any{"resultType": "vector", "result": results}})
	if err != nil {
		panic(err) // strings and numbers
	}
	return answer{http.StatusOK, string(body)}
}

func failure(status int, errorType, text string) answer {
	body, err := json.Marshal(map[string]string{"status": "error", "errorType": errorType, "error": text})
	if err != nil {
		panic(err) // strings
	}
	return answer{status, string(body)}
}

// withVersion also answers that shop runs a version, since a time.
func withVersion(others func(int, string) answer, version string, since float64) func(int, string) answer {
	return func(round int, query string) answer {
		if strings.Contains(query, "_build_info") {
			return vector(sample{"", map[string]string{"job": "shop", "version": version}, strconv.FormatFloat(since, 'f', -1, 64)})
		}
		return others(round, query)
	}
}

// isSnapshot reports whether a query is the snapshot's.
func isSnapshot(query string) bool { return strings.Contains(query, `"part", "targets"`) }

// always returns one response to the snapshot's query of recorded metrics, and no samples to
// other queries.
func always(a answer) func(int, string) answer {
	return func(_ int, query string) answer {
		if isSnapshot(query) && strings.Contains(query, "tacho:") {
			return a
		}
		return vector()
	}
}

func job(name string) map[string]string { return map[string]string{"job": name} }

// route are the labels of a recorded series.
func route(job, method, path string) map[string]string {
	return map[string]string{"job": job, "schema": "default", "method": method, "path": path}
}

func of(job string) map[string]string { return map[string]string{"job": job, "schema": "default"} }

// shop is a service with a route that fails, one that is slow, a healthy one
// and unmatched requests.
func shop() []sample {
	good, bad, slow, none := route("shop", "GET", "/api"), route("shop", "GET", "/second_route"), route("shop", "POST", "/orders"), route("shop", "GET", "unmatched")
	return []sample{
		{"rate", good, "20"}, {"rate", bad, "4"}, {"rate", slow, "1"}, {"rate", none, "1234.5"},
		{"errors", bad, "1"},
		{"seconds", good, "2"}, {"seconds", bad, "4"}, {"seconds", slow, "2"}, {"seconds", none, "0"},
		{"p50", good, "0.0123"}, {"p95", good, "0.25"}, {"p99", good, "0.5"}, {"p50", bad, "NaN"},
		{"p50", slow, "1.5"}, {"p95", slow, "2.5"}, {"p99", slow, "10"},
		{"p50Of", of("shop"), "0.02"}, {"p95Of", of("shop"), "0.3"}, {"p99Of", of("shop"), "0.00085"},
		{"inFlight", of("shop"), "7"},
		{"bounds", map[string]string{"job": "shop", "schema": "default", "le": "0.0005"}, "3"},
		{"bounds", map[string]string{"job": "shop", "schema": "default", "le": "10.0"}, "3"},
		{"bounds", map[string]string{"job": "shop", "schema": "default", "le": "+Inf"}, "3"},
		{"targets", job("shop"), "2"},
	}
}
