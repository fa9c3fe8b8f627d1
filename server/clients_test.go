package server_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A request is one that a client makes to the API. $start and $end in the form
// stand for the span of the data.
type request struct {
	method, path string
	form         []string // names and values in turn
	want         string   // a regular expression that the body matches
	mask         []string // members that differ from server to server; see sameJSON
}

func (r request) String() string { return fmt.Sprint(r.method, " ", r.path, " ", r.form) }

// values is the form with the span put in.
func (r request) values(start, end time.Time) url.Values {
	v := url.Values{}
	// Exemplars carry times of their own: one from before the end may be scraped
	// after it, by one of two servers and not yet by the other.
	settled := end.Add(-3 * time.Second)
	in := strings.NewReplacer("$start", unixText(start), "$end", unixText(end), "$settled", unixText(settled))
	for i := 0; i < len(r.form); i += 2 {
		v.Add(r.form[i], in.Replace(r.form[i+1]))
	}
	return v
}

func unixText(t time.Time) string {
	return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64)
}

// send makes the request of a server: GET with the form in the address, POST
// with the form in the body.
func (r request) send(t testing.TB, base string, start, end time.Time) (code int, contentType, body string) {
	t.Helper()
	form := r.values(start, end).Encode()
	address, content := base+r.path, io.Reader(nil)
	if r.method == http.MethodPost {
		content = strings.NewReader(form)
	} else if form != "" {
		address += "?" + form
	}
	req, err := http.NewRequest(r.method, address, content)
	if err != nil {
		t.Fatal(err)
	}
	if r.method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(text)
}

const get, post = http.MethodGet, http.MethodPost

var moving = []string{"lastEvaluation", "evaluationTime", "activeAt", "keepFiringSince", "value"}

// grafanaRequests are those of Grafana's data source for Prometheus: the
// check of the connection, what fills its editors, and queries. It asks by
// POST, and by GET when its settings say so or POST is refused.
var grafanaRequests = []request{
	{post, "api/v1/query", []string{"query", "1+1", "time", "4"}, `"result":\[4,"2"\]`, nil},
	{get, "api/v1/query", []string{"query", "1+1", "time", "4"}, `"resultType":"scalar"`, nil},
	{get, "api/v1/status/buildinfo", nil, `"version":"3\.16\.0"`, []string{"version", "revision", "branch", "buildUser", "buildDate"}},

	{post, "api/v1/labels", []string{"start", "$start", "end", "$end"}, `"__name__"`, nil},
	{post, "api/v1/labels", []string{"start", "$start", "end", "$end", "match[]", `{job="past"}`}, `"path"`, nil},
	{post, "api/v1/labels", []string{"start", "$start", "end", "$end", "limit", "3"}, `truncated due to limit`, nil},
	{get, "api/v1/labels", []string{"start", "$start", "end", "$end", "match[]", "past_requests_total"}, `"status"`, nil},
	{get, "api/v1/label/__name__/values", []string{"start", "$start", "end", "$end"}, `"past_native"`, nil},
	{get, "api/v1/label/__name__/values", []string{"start", "$start", "end", "$end", "limit", "2"}, `truncated due to limit`, nil},
	{get, "api/v1/label/__name__/values", []string{"start", "$start", "end", "$end", "match[]", `{path="/pay"}`}, `"past_info"`, nil},
	{get, "api/v1/label/path/values", []string{"start", "$start", "end", "$end", "match[]", `{__name__=~"past_.*"}`, "match[]", `shop_orders_total`}, `"/users/{id}"`, nil},
	{get, "api/v1/label/U__name_20_of_20_label/values", []string{"start", "$start", "end", "$end"}, `"wért"`, nil},
	{post, "api/v1/series", []string{"start", "$start", "end", "$end", "match[]", "past_requests_total"}, `"status":"404"`, nil},
	{get, "api/v1/series", []string{"start", "$start", "end", "$end", "match[]", `{__name__=~"past.*",path="/"}`, "match[]", "past_info"}, `"version":"1.2.3"`, nil},
	{get, "api/v1/series", []string{"start", "$start", "end", "$end", "match[]", "past_native", "limit", "2"}, `truncated due to limit`, nil},
	{get, "api/v1/metadata", nil, `"shop_latency_seconds":\[\{"type":"histogram"`, nil},
	{get, "api/v1/metadata", []string{"metric", "shop_orders_total"}, `"help":"Orders taken."`, nil},
	{get, "api/v1/metadata", []string{"limit", "0"}, `"data":\{\}`, nil},

	{get, "api/v1/rules", nil, `"name":"ShopGone"`, moving},
	{get, "api/v1/rules", []string{"type", "alert"}, `"keepFiringFor":60`, moving},
	{get, "api/v1/rules", []string{"type", "record", "rule_name[]", "job_path:shop_orders:rate1m"}, `"type":"recording"`, moving},
	{get, "api/v1/rules", []string{"exclude_alerts", "true", "group_limit", "1"}, `"groupNextToken"`, append(moving, "groupNextToken")},
	{get, "api/v1/alerts", nil, `"alertname":"ShopGone"`, moving},

	{post, "api/v1/query", []string{"query", `sum by (path) (rate(past_requests_total{status=~"2.."}[5m]))`, "time", "$end"}, `"resultType":"vector"`, nil},
	{get, "api/v1/query", []string{"query", `topk(2, past_gauge)`, "time", "$end", "limit", "1"}, `truncated due to limit`, nil},
	{post, "api/v1/query", []string{"query", `past_requests_total[1m]`, "time", "$end"}, `"resultType":"matrix"`, nil},
	{post, "api/v1/query", []string{"query", "past_native", "time", "$end"}, `"buckets":\[\[`, nil},
	{post, "api/v1/query", []string{"query", "past_gauge", "time", "$end", "stats", "all"}, `"totalQueryableSamples"`, []string{"timings"}},
	{post, "api/v1/query_range", []string{"query", "histogram_quantile(0.95, sum by (le) (rate(past_latency_bucket[5m])))", "start", "$start", "end", "$end", "step", "60"}, `"values":\[\[`, nil},
	{get, "api/v1/query_range", []string{"query", "histogram_avg(rate(past_native[5m]))", "start", "$start", "end", "$end", "step", "5m"}, `"values":\[\[`, nil},
	{post, "api/v1/query_range", []string{"query", "rate(past_native[5m])", "start", "$start", "end", "$end", "step", "15m"}, `"histograms":\[\[`, nil},
	{post, "api/v1/query_exemplars", []string{"query", "shop_latency_seconds_bucket", "start", "$start", "end", "$settled"}, `"trace_id":"/cart-`, nil},
	{get, "api/v1/query_exemplars", []string{"query", `shop_latency_seconds_bucket{path="/pay"}`, "start", "$start", "end", "$settled"}, `"trace_id":"/pay-`, nil},

	// What it does wrong is answered in the same words, too.
	{post, "api/v1/query", []string{"query", "sum(", "time", "$end"}, `"errorType":"bad_data"`, nil},
	{post, "api/v1/query", []string{"query", "up", "time", "noon"}, `invalid parameter`, nil},
	{post, "api/v1/query_range", []string{"query", "up", "start", "$start", "end", "$end", "step", "0"}, `zero or negative query resolution`, nil},
	{post, "api/v1/query_range", []string{"query", "up", "start", "$start", "end", "$end", "step", "1"}, `exceeded maximum resolution`, nil},
	{post, "api/v1/query", []string{"query", "past_requests_total * on (path) past_info", "time", "$end"}, `"errorType":"execution"`, nil},
	{post, "api/v1/query", []string{"query", "limitk(1, up)", "time", "$end"}, `"errorType":"bad_data"`, nil},
	{get, "api/v1/series", nil, `no match\[\] parameter provided`, nil},
	{get, "api/v1/label/a-b/values", []string{"start", "$start", "end", "$end"}, `"status":"success"`, nil},
}

// otherRequests are those of Prometheus's own page and of other clients.
var otherRequests = []request{
	{get, "api/v1/format_query", []string{"query", "sum(rate(x[5m]))by(job)"}, `sum by \(job\)`, nil},
	{post, "api/v1/parse_query", []string{"query", "sum(rate(x[5m]))by(job)"}, `"type":"aggregation"`, nil},
	{get, "api/v1/targets", nil, `"health":"down"`, []string{"lastScrape", "lastScrapeDuration", "globalUrl"}},
	{get, "api/v1/targets", []string{"state", "active", "scrapePool", "shop"}, `"team":"basket"`, []string{"lastScrape", "lastScrapeDuration", "globalUrl"}},
	{get, "api/v1/targets/metadata", []string{"match_target", `{job="shop"}`, "metric", "shop_latency_seconds"}, `"type":"histogram"`, nil},
	{get, "api/v1/scrape_pools", nil, `"gone","shop"`, nil},
	{get, "api/v1/alertmanagers", nil, `"activeAlertmanagers":\[\]`, nil},
	{get, "api/v1/notifications", nil, `"data":\[\]`, nil},
	{get, "api/v1/status/tsdb", []string{"limit", "3"}, `"headStats"`, []string{"value", "name", "numSeries", "numLabelPairs", "chunkCount", "minTime", "maxTime"}},
	{get, "api/v1/status/tsdb/blocks", nil, `"ulid"`, nil},
	{get, "api/v1/status/walreplay", nil, `"current"`, nil},
	{get, "api/v1/status/runtimeinfo", nil, `"storageRetention":"15d`, []string{"startTime", "CWD", "hostname", "serverTime", "lastConfigTime", "goroutineCount", "storageRetention", "GOGC", "GOMEMLIMIT"}},
	{get, "api/v1/status/config", nil, `ShopGone|job_name: shop`, nil},
	{get, "api/v1/query", []string{"query", "count(past_gauge)", "time", "$end", "lookback_delta", "1s"}, `"result":\[\]`, nil},
	{get, "api/v1/scrape_pools/config", []string{"scrapePool", "shop"}, `job_name: shop`, nil},
	{get, "api/v1/targets/relabel_steps", []string{"scrapePool", "shop", "labels", `{"a":"b"}`}, `"steps"`, nil},
	{get, "api/v1/features", nil, `"promql"`, nil},
	{get, "api/v1/search/metric_names", nil, `disabled|not enabled|unavailable`, nil},
	{post, "api/v1/write", nil, `receiver needs to be enabled`, nil},
	{post, "api/v1/otlp/v1/metrics", nil, `receiver needs to be enabled`, nil},
	{"OPTIONS", "api/v1/query", nil, `^$`, nil},
	{"DELETE", "api/v1/query", nil, ``, nil},
	{get, "api/v1/openapi.yaml", nil, `^openapi:`, nil},
	{get, "api/v1/nothing", nil, `404`, nil},
}

// TestGrafanaRequests: the requests of Grafana's data source are answered with
// what it expects. TestSameAnswers compares them with Prometheus's answers.
func TestGrafanaRequests(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := start(t, s.options())
	s.awaitLive(r)
	for _, q := range append(grafanaRequests, otherRequests...) {
		_, _, body := q.send(t, r.URL(), s.begin, time.Now())
		if !regexp.MustCompile(q.want).MatchString(body) {
			t.Errorf("%v: no %s in the answer: %.600s", q, q.want, body)
		}
	}
}

// awaitLive waits until the shop is scraped and its rules are evaluated.
func (s *shop) awaitLive(r *running) {
	r.t.Helper()
	for what, expr := range map[string]string{
		"scrapes":    `count_over_time(shop_temperature{job="shop"}[1m]) >= 8`,
		"a record":   `count(job_path:shop_orders:rate1m{job="shop"}) == 3`,
		"histograms": `histogram_count(job:shop_latency_seconds:rate1m{job="shop"}) > 0`,
		"an alert":   `ALERTS{alertname="ShopGone",alertstate="firing"}`,
	} {
		r.await(what, func() bool { return len(r.query(expr)) > 0 })
	}
}

// A toolRun is a run of promtool against a server, whose address stands for
// $url.
type toolRun struct {
	args   string // separated by |
	want   string // a regular expression that the output matches
	old    bool   // the packaged promtool knows it as well
	oracle bool   // the output must be that of a Prometheus
}

var toolRuns = []toolRun{
	{`query|instant|--time=$end|$url|sum by (path) (past_requests_total)`, `(?m)^\{path="/cart"\} => \d+ @\[`, false, true},
	{`query|instant|$url|vector(1)`, `^\{\} => 1 @\[`, true, false},
	{`query|instant|--format=json|--time=$end|$url|past_native`, `"buckets"`, false, true},
	{`query|range|--start=$start|--end=$end|--step=10m|$url|sum(rate(past_requests_total[5m]))`, `(?m)^\{\} =>\n[\d.]+ @\[`, true, true},
	{`query|series|--match=past_requests_total{path="/"}|--start=$start|--end=$end|$url`, `\{__name__="past_requests_total", instance="a:1", job="past", path="/", status="404"\}`, true, true},
	{`query|labels|--start=$start|--end=$end|$url|path`, `(?m)^/users/\{id\}$`, true, true},
	{`query|labels|--start=$start|--end=$end|--match=past_info|$url|path`, `^/pay\nexit code 0$`, true, true},
	{`query|analyze|--server=$url|--type=histogram|--match=past_native|--time=$end`, `Bucket stats`, false, false},
	{`check|healthy|--url=$url`, `SUCCESS: .* healthy`, false, false},
	{`check|ready|--url=$url`, `SUCCESS: .* ready`, false, false},
	{`query|instant|$url|sum(`, `parse error`, true, true},
}

// run runs it and returns what it printed, and its exit code.
func (r toolRun) run(t testing.TB, program, base string, start, end time.Time) string {
	args := strings.Split(strings.NewReplacer("$url", strings.TrimSuffix(base, "/"), "$start", unixText(start), "$end", unixText(end)).Replace(r.args), "|")
	out := tool(t, "", program, args...)
	return fmt.Sprintf("%s%sexit code %d", out.stdout, out.stderr, out.code)
}

// TestPromtool: promtool works with the server, the one of its own version and
// an older one.
func TestPromtool(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	r := start(t, s.options())
	s.awaitLive(r)
	old, now := packaged(t, "promtool"), prom(t, "promtool")
	for _, run := range toolRuns {
		for _, program := range []string{now, old} {
			if program == old && !run.old {
				continue
			}
			if out := run.run(t, program, r.URL(), s.begin, s.end); !regexp.MustCompile(run.want).MatchString(out) {
				t.Errorf("%s %s: no %s in:\n%s", program, run.args, run.want, out)
			}
		}
	}

	exposition, err := http.Get("http://" + s.target + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	_, text := status(t, exposition)
	metrics := filepath.Join(t.TempDir(), "old.yml")
	write(t, metrics, "scrape_configs: [{job_name: shop, static_configs: [{targets: [a:1]}]}]\nrule_files: ["+s.rules+"]\n")
	for _, c := range []struct{ program, stdin, args, want string }{
		{now, "", "check|config|" + s.config, `is valid prometheus config file`},
		{old, "", "check|config|" + metrics, `is valid prometheus config file`},
		{now, "", "check|rules|" + s.rules, `SUCCESS: 5 rules found`},
		{old, text, "check|metrics", `^exit code 0$`},
		{now, text, "check|metrics", `^exit code 0$`},
		{now, "", "tsdb|analyze|" + snapshot(r), `Series: \d+`},
		{old, "", "tsdb|analyze|" + snapshot(r), `Series: \d+`},
		{now, "", "tsdb|list|" + snapshot(r), `BLOCK ULID`},
	} {
		out := tool(t, c.stdin, c.program, strings.Split(c.args, "|")...)
		if all := fmt.Sprintf("%s%sexit code %d", out.stdout, out.stderr, out.code); out.code != 0 || !regexp.MustCompile(c.want).MatchString(all) {
			t.Errorf("%s %s: no %s in:\n%s", c.program, c.args, c.want, all)
		}
	}
}

var snapshotName = regexp.MustCompile(`"name":"([^"]+)"`)

// snapshot takes one over the admin API and returns its folder.
func snapshot(r *running) string {
	r.t.Helper()
	code, body := r.post("/api/v1/admin/tsdb/snapshot")
	m := snapshotName.FindStringSubmatch(body)
	if code != http.StatusOK || m == nil {
		r.t.Fatalf("snapshot: %d %s", code, body)
	}
	path := filepath.Join(r.dataDir(), "snapshots", m[1])
	if _, err := os.Stat(path); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// dataDir is the folder that the API names.
func (r *running) dataDir() string {
	_, body := r.get("/api/v1/status/flags")
	m := regexp.MustCompile(`"storage.tsdb.path":"([^"]+)"`).FindStringSubmatch(body)
	if m == nil {
		r.t.Fatalf("no data folder in %s", body)
	}
	return m[1]
}
