package server_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/server"
)

// ask posts a body to one of our own endpoints.
func (r *running) ask(path, contentType, body string, header ...string) (int, http.Header, []byte) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.URL()+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("Accept-Encoding", "identity")
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, text
}

// batch asks several queries and returns the results.
func (r *running) batch(queries ...map[string]any) []map[string]any {
	r.t.Helper()
	body, err := json.Marshal(map[string]any{"queries": queries})
	if err != nil {
		r.t.Fatal(err)
	}
	code, _, text := r.ask(server.BatchPath, "application/json", string(body))
	var answer struct {
		Status string
		Data   struct{ Results []map[string]any }
	}
	if err := json.Unmarshal(text, &answer); err != nil || code != http.StatusOK || answer.Status != "success" || len(answer.Data.Results) != len(queries) {
		r.t.Fatalf("%d %s: %v", code, text, err)
	}
	return answer.Data.Results
}

// TestBatchIsTheAPI: what a batch answers is what Prometheus's API answers to each of
// its queries, in columns where it is a span.
func TestBatchIsTheAPI(t *testing.T) {
	shop := newShop(t)
	r := start(t, shop.options())
	from, to := shop.end.Add(-30*time.Minute).Unix(), shop.end.Add(-time.Minute).Unix()
	for _, expr := range []string{
		"up", "vector(1) / 0", "-vector(1) / 0", "vector(NaN)", `label_replace(vector(1), "text", "a\"\\\n\u0001é", "", "")`, "1e-9 * vector(1)", "vector(1e22)", "scalar(vector(3))", `"text"`,
		"nothing_like_it", `{__name__=~"http_.+"}`, `{job="shop"}`, "rate({job=\"shop\"}[5m])", "vector(1) > bool (time() % 2)", "vector(time() % 120) > 60",
	} {
		t.Run(expr, func(t *testing.T) {
			var instant struct{ Data map[string]any }
			code, body := r.get("/api/v1/query?time=" + strconv.FormatInt(to, 10) + "&query=" + url.QueryEscape(expr))
			if err := json.Unmarshal([]byte(body), &instant); err != nil || code != http.StatusOK {
				t.Fatalf("%d %s: %v", code, body, err)
			}
			got := r.batch(map[string]any{"query": expr, "time": to})[0]
			if byMetric(got["result"]); !reflect.DeepEqual(got["resultType"], instant.Data["resultType"]) || !reflect.DeepEqual(byMetric(got["result"]), byMetric(instant.Data["result"])) {
				t.Errorf("at one moment:\ngot  %v\nwant %v", got, instant.Data)
			}
			code, body = r.get(fmt.Sprintf("/api/v1/query_range?start=%d&end=%d&step=15&query=%s", from, to, url.QueryEscape(expr)))
			got = r.batch(map[string]any{"query": expr, "start": from, "end": to, "step": 15})[0]
			var span struct {
				Error string
				Data  struct{ Result []map[string]any }
			}
			if err := json.Unmarshal([]byte(body), &span); err != nil {
				t.Fatal(err)
			}
			if code != http.StatusOK {
				if !strings.Contains(span.Error, got["error"].(string)) || got["errorType"] != "bad_data" {
					t.Errorf("got %v, the API says %s", got, body)
				}
				return
			}
			if want := columns(span.Data.Result, from, to, 15); !reflect.DeepEqual(byMetric(got["series"]), byMetric(want)) {
				t.Errorf("over a span:\ngot  %v\nwant %v", got["series"], want)
			}
		})
	}
}

// byMetric makes results comparable that come in any order.
func byMetric(results any) any {
	list, ok := results.([]any)
	if !ok {
		return results
	}
	found := map[string]any{}
	for _, r := range list {
		if m, ok := r.(map[string]any); ok {
			found[fmt.Sprint(m["metric"])] = r
		}
	}
	if len(found) == 0 {
		return list
	}
	return found
}

// columns are the API's series as a batch has them.
func columns(series []map[string]any, from, to, step int64) any {
	all := []any{}
	for _, s := range series {
		column := map[string]any{"metric": s["metric"]}
		for _, name := range []string{"values", "histograms"} {
			points, ok := s[name].([]any)
			if !ok {
				continue
			}
			values := make([]any, (to-from)/step+1)
			for _, p := range points {
				pair := p.([]any)
				value := pair[1]
				if text, ok := value.(string); ok && text != "NaN" && text != "+Inf" && text != "-Inf" {
					value, _ = strconv.ParseFloat(text, 64)
				}
				values[(int64(pair[0].(float64))-from)/step] = value
			}
			column[name] = values
		}
		all = append(all, column)
	}
	return all
}

// TestBatchFailsInParts: a query that fails says so at its place.
func TestBatchFailsInParts(t *testing.T) {
	r := start(t, options(t))
	const two = `(vector(1) or label_replace(vector(1), "a", "b", "", ""))`
	got := r.batch(map[string]any{"query": "sum("}, map[string]any{"query": "vector(1)"},
		map[string]any{"query": two + " + on() " + two})
	if got[0]["errorType"] != "bad_data" || !strings.Contains(fmt.Sprint(got[0]["error"]), "1:5: parse error") {
		t.Errorf("got %v", got[0])
	}
	if got[1]["resultType"] != "vector" || got[2]["errorType"] != "execution" {
		t.Errorf("got %v and %v", got[1], got[2])
	}
}

func TestBatchRefuses(t *testing.T) {
	r := start(t, options(t))
	many := `{"queries":[` + strings.TrimSuffix(strings.Repeat(`{"query":"up"},`, 101), ",") + `]}`
	for _, test := range []struct {
		name, body, want string
		status           int
	}{
		{"no JSON", "query=up", "the body must be JSON such as", 400},
		{"an unknown field", `{"queries":[{"query":"up","at":1}]}`, `unknown field "at"`, 400},
		{"data after it", `{"queries":[]} {}`, "there is data after the JSON object", 400},
		{"no query", `{"queries":[{"time":1}]}`, "query 0: its query is empty", 400},
		{"an incomplete range", `{"queries":[{"query":"up"},{"query":"up","start":1}]}`, "query 1: a range needs start, end and step", 400},
		{"both", `{"queries":[{"query":"up","time":1,"start":1,"end":2,"step":1}]}`, "it has a time and a range", 400},
		{"backwards", `{"queries":[{"query":"up","start":2,"end":1,"step":1}]}`, "its end is before its start", 400},
		{"no step", `{"queries":[{"query":"up","start":1,"end":2,"step":0}]}`, "its step must be at least", 400},
		{"too many points", `{"queries":[{"query":"up","start":0,"end":11001,"step":1}]}`, "more than 11000 points", 400},
		{"too many queries", many, "101 queries are too many", 400},
		{"too large", `{"queries":[{"query":"` + strings.Repeat("x", 1<<20) + `"}]}`, "larger than 1048576 bytes", 413},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, header, text := r.ask(server.BatchPath, "application/json", test.body)
			var answer map[string]string
			if err := json.Unmarshal(text, &answer); err != nil || code != test.status || answer["errorType"] != "bad_data" || !strings.Contains(answer["error"], test.want) || header.Get("Content-Type") != "application/json" {
				t.Errorf("got %d %s, want %d with %q", code, text, test.status, test.want)
			}
		})
	}
	if code, _, _ := r.ask(server.BatchPath, "text/plain", `{"queries":[]}`, "Sec-Fetch-Site", "cross-site"); code != http.StatusForbidden {
		t.Errorf("another site's page is answered: %d", code)
	}
	if code, body := r.get("/" + server.BatchPath); code != http.StatusMethodNotAllowed || !strings.Contains(body, "use POST") {
		t.Errorf("GET: %d %s", code, body)
	}
	if code, body := r.get("/api/tacho/bach"); code != http.StatusNotFound || !strings.Contains(body, server.BatchPath) {
		t.Errorf("a name that there is not: %d %s", code, body)
	}
}

// TestBatchCompressed: who takes gzip gets it, below a prefix as well.
func TestBatchCompressed(t *testing.T) {
	o := options(t)
	o.ExternalURL = "http://example.org/tacho"
	r := start(t, o)
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(r.log.String())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/tacho/"+server.BatchPath,
		strings.NewReader(`{"queries":[{"query":"vector(1)","start":0,"end":10000,"step":1}]}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	packed, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatalf("%d %s: %v", resp.StatusCode, packed, err)
	}
	text, err := io.ReadAll(z)
	if err != nil || len(packed) > len(text)/10 || !strings.Contains(string(text), `"count":10001`) {
		t.Errorf("%d bytes of %d, %v", len(packed), len(text), err)
	}
}

// TestBatchEndsWithItsRequest: who goes away does not leave a query behind.
func TestBatchEndsWithItsRequest(t *testing.T) {
	r := start(t, options(t))
	ctx, cancel := context.WithCancel(t.Context())
	const slow = `{"queries":[{"query":"count(count_over_time(vector(1)[500d:1s]))"}]}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL()+server.BatchPath, strings.NewReader(slow))
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	running := func() string { return r.metric("prometheus_engine_queries") }
	r.await("the query to run", func() bool { return running() == "1" })
	cancel()
	<-gone
	r.await("the query to end", func() bool { return running() == "0" })
}

// metric is the value of one of the server's own metrics.
func (r *running) metric(name string) string {
	r.t.Helper()
	_, text := r.get("/metrics")
	for line := range strings.Lines(text) {
		if value, found := strings.CutPrefix(line, name+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
