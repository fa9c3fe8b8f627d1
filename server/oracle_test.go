package server_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/prototext"
)

// twins are this server and a real Prometheus of the version inside it, with
// the same configuration and the same data.
type twins struct {
	shop *shop
	ours *running
	real *peerServer
	at   time.Time // the newest moment that both know
}

// newTwins lets this server scrape for a while, ends it, copies its folder and
// starts both.
func newTwins(t *testing.T) *twins {
	t.Helper()
	s := newShop(t)
	first := start(t, s.options())
	s.awaitLive(first)
	at := time.Now().Truncate(time.Millisecond)
	first.stop()

	copied := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(copied, os.DirFS(s.data)); err != nil {
		t.Fatal(err)
	}
	tw := &twins{
		shop: s, at: at, ours: start(t, s.options()),
		real: startPeer(t, prom(t, "prometheus"), s.config, copied, "--web.enable-admin-api", "--web.enable-lifecycle",
			"--enable-feature=exemplar-storage", "--scrape.discovery-reload-interval=1s"),
	}
	for who, base := range map[string]string{"this server": tw.ours.URL(), "Prometheus": tw.real.url} {
		ask := func(path string) string {
			_, _, body := request{method: get, path: path}.send(t, base, at, at)
			return body
		}
		awaitThat(t, who+" to scrape and to alert", func() bool {
			targets, alerts := ask("api/v1/targets"), ask("api/v1/alerts")
			return strings.Count(targets, `"health":"up"`) == 2 && strings.Count(targets, `"health":"down"`) == 1 &&
				strings.Contains(alerts, `"firing"`) && strings.Count(alerts, `"pending"`) == 2
		})
	}
	return tw
}

// TestSameAnswers asks this server and a real Prometheus, of the same version
// and with the same data, the same things.
func TestSameAnswers(t *testing.T) {
	t.Parallel()
	tw := newTwins(t)
	t.Run("federate", tw.compareFederation) // first: it knows only the last five minutes
	t.Run("requests", func(t *testing.T) {
		for _, r := range append(grafanaRequests, otherRequests...) {
			if why := differs[r.path]; why == "" {
				tw.compare(t, r)
			}
		}
	})
	t.Run("queries", func(t *testing.T) {
		for _, q := range oracleQueries {
			tw.compare(t, request{get, "api/v1/query", []string{"query", q, "time", "$end"}, "", nil})
			tw.compare(t, request{post, "api/v1/query_range", []string{"query", q, "start", "$start", "end", "$end", "step", "181"}, "", nil})
			tw.compare(t, request{post, "api/v1/query_range", []string{"query", q, "start", unixText(tw.at.Add(-90 * time.Second)), "end", "$end", "step", "1.7"}, "", nil})
		}
		t.Logf("%d queries, each at one moment and over two ranges", len(oracleQueries))
	})
	t.Run("promtool", func(t *testing.T) {
		for _, run := range toolRuns {
			ours := run.run(t, prom(t, "promtool"), tw.ours.URL(), tw.shop.begin, tw.at)
			theirs := run.run(t, prom(t, "promtool"), tw.real.url, tw.shop.begin, tw.at)
			if run.oracle && ours != theirs {
				t.Errorf("promtool %s prints\n%s\nof this server and\n%s\nof Prometheus", run.args, ours, theirs)
			}
		}
	})
	t.Run("configuration", tw.compareConfig)
	t.Run("features", tw.compareFeatures)
	t.Run("deletion", tw.compareDeletion) // last
}

// differs are the requests whose answers are not those of Prometheus, and why.
var differs = map[string]string{
	"api/v1/nothing":       "the words of a page that does not exist",
	"api/v1/status/config": "compareConfig",
	"api/v1/features":      "compareFeatures",
	"api/v1/openapi.yaml":  "the address and the version in it",
}

// compare fails unless both answer alike.
func (tw *twins) compare(t *testing.T, r request) {
	t.Helper()
	code, kind, body := r.send(t, tw.ours.URL(), tw.shop.begin, tw.at)
	wantCode, wantKind, want := r.send(t, tw.real.url, tw.shop.begin, tw.at)
	if code != wantCode || kind != wantKind {
		t.Errorf("%v: %d %s; Prometheus answers %d %s\n%.300s\n%.300s", r, code, kind, wantCode, wantKind, body, want)
		return
	}
	if kind != "application/json" {
		if body != want {
			t.Errorf("%v: line %s", r, firstLine(strings.Split(body, "\n"), strings.Split(want, "\n")))
		}
		return
	}
	if where := difference("", masked(t, body, r), masked(t, want, r)); where != "" {
		t.Errorf("%v: %s\nours: %.2000s\nProm: %.2000s", r, where, body, want)
	}
}

// masked decodes JSON and replaces what may differ by its type: the members
// named in the request's mask, wherever they are. It sorts what has no order.
func masked(t *testing.T, text string, r request) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v: no JSON: %v: %.300s", r, err, text)
	}
	ordered := slices.ContainsFunc(r.form, func(s string) bool { return strings.HasPrefix(s, "sort") })
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(item)
			}
		case map[string]any:
			for k, member := range v {
				walk(member)
				if slices.Contains(r.mask, k) {
					v[k] = fmt.Sprintf("%T", member)
				}
				if list, ok := member.([]any); ok && slices.Contains(unordered, k) && !ordered {
					slices.SortFunc(list, func(a, b any) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
				}
			}
		}
	}
	walk(v)
	return v
}

// unordered are members whose lists come out of Go maps in Prometheus.
var unordered = []string{"warnings", "infos", "alerts", "result"}

// difference says where two values differ first, "" for nowhere.
func difference(path string, a, b any) string {
	switch a := a.(type) {
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			break
		}
		both := maps.Clone(a)
		maps.Copy(both, b)
		for _, k := range slices.Sorted(maps.Keys(both)) {
			if d := difference(path+"."+k, a[k], b[k]); d != "" {
				return d
			}
		}
		return ""
	case []any:
		b, ok := b.([]any)
		if !ok || len(a) != len(b) {
			break
		}
		for i := range a {
			if d := difference(fmt.Sprintf("%s[%d]", path, i), a[i], b[i]); d != "" {
				return d
			}
		}
		return ""
	}
	if reflect.DeepEqual(a, b) {
		return ""
	}
	return fmt.Sprintf("%s is %.200v; Prometheus says %.200v", path, a, b)
}

// compareConfig compares /api/v1/status/config, but for what is a flag of
// Prometheus and stands in the configuration here: how much is kept.
func (tw *twins) compareConfig(t *testing.T) {
	text := func(base string) string {
		_, _, body := request{method: get, path: "api/v1/status/config"}.send(t, base, tw.at, tw.at)
		var a struct{ Data struct{ YAML string } }
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatal(err)
		}
		return storageSection.ReplaceAllString(a.Data.YAML, "")
	}
	ours, theirs := text(tw.ours.URL()), text(tw.real.url)
	if ours != theirs || !strings.Contains(ours, "job_name: shop") {
		t.Errorf("line %s", firstLine(strings.Split(ours, "\n"), strings.Split(theirs, "\n")))
	}
}

// compareFeatures compares /api/v1/features in the groups that this server has.
func (tw *twins) compareFeatures(t *testing.T) {
	groups := func(base string) map[string]any {
		_, _, body := request{method: get, path: "api/v1/features"}.send(t, base, tw.at, tw.at)
		var a struct{ Data map[string]any }
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			t.Fatal(err)
		}
		return a.Data
	}
	ours, theirs := groups(tw.ours.URL()), groups(tw.real.url)
	// The first five are set by Prometheus's main and web, which are not inside;
	// the one to compare with is built without most of the last.
	for _, group := range []string{"api", "otlp_receiver", "prometheus", "templating_functions", "ui", "service_discovery_providers"} {
		delete(ours, group)
		delete(theirs, group)
	}
	if d := difference("", ours, theirs); d != "" {
		t.Error(d)
	}
}

var storageSection = regexp.MustCompile(`(?m)^storage:\n(  .*\n)*`)

// compareDeletion deletes the same samples on both.
func (tw *twins) compareDeletion(t *testing.T) {
	all := []string{"query", `count_over_time(past_gauge[4h])`, "time", "$end"}
	_, _, before := request{get, "api/v1/query", all, "", nil}.send(t, tw.ours.URL(), tw.shop.begin, tw.at)
	tw.compare(t, request{post, "api/v1/admin/tsdb/delete_series", []string{"start", "$start"}, "", nil}) // without a match
	for _, path := range []string{"api/v1/admin/tsdb/delete_series", "api/v1/admin/tsdb/clean_tombstones"} {
		r := request{post, path, []string{"match[]", `past_gauge{n=~"[0-2]"}`, "start", "$start", "end", unixText(tw.shop.end.Add(-time.Hour))}, "", nil}
		for _, base := range []string{tw.ours.URL(), tw.real.url} {
			if code, _, body := r.send(t, base, tw.shop.begin, tw.at); code != http.StatusNoContent {
				t.Errorf("%v: %d %s", r, code, body)
			}
		}
		tw.compare(t, request{get, "api/v1/query", all, "", nil})
		tw.compare(t, request{get, "api/v1/query", []string{"query", `past_gauge[4h]`, "time", "$end"}, "", nil})
	}
	if _, _, after := (request{get, "api/v1/query", all, "", nil}).send(t, tw.ours.URL(), tw.shop.begin, tw.at); after == before {
		t.Error("nothing was deleted")
	}
}

// compareFederation compares /federate line by line, as text and as protobuf.
// Only the made-up history stands still while both scrape.
func (tw *twins) compareFederation(t *testing.T) {
	for _, accept := range []string{
		"", "text/plain;version=0.0.4", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
		"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
		"text/plain;version=1.0.0;escaping=allow-utf-8",
		"text/plain;version=1.0.0;escaping=dots",
	} {
		for _, query := range []string{
			`match[]={job="past"}`, `match[]=past_info&match[]={__name__=~"past_.*",path="/pay"}`, `match[]={__name__="nothing"}`, ``, `match[]={`,
			`match[]=past_switched`, `match[]=past_native`, `match[]=past_custom_buckets`, `match[]=past_external`,
		} {
			kind, ours := federate(t, tw.ours.URL(), accept, query)
			wantKind, theirs := federate(t, tw.real.url, accept, query)
			if kind != wantKind {
				t.Errorf("Accept %q, %s: Content-Type %s; Prometheus sends %s", accept, query, kind, wantKind)
			}
			if !slices.Equal(ours, theirs) {
				t.Errorf("Accept %q, %s: line %s", accept, query, firstLine(ours, theirs))
			}
		}
	}
}

// firstLine says where two texts differ first.
func firstLine(ours, theirs []string) string {
	for i := range max(len(ours), len(theirs)) {
		a, b := "(nothing)", "(nothing)"
		if i < len(ours) {
			a = ours[i]
		}
		if i < len(theirs) {
			b = theirs[i]
		}
		if a != b {
			return fmt.Sprintf("%d of %d and %d\nours: %.500s\nProm: %.500s", i+1, len(ours), len(theirs), a, b)
		}
	}
	return ""
}

// federate returns the kind and the lines of the answer; protobuf as text, one
// metric a line.
func federate(t *testing.T, base, accept, query string) (kind string, lines []string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, base+"federate?"+strings.NewReplacer("{", "%7B", "}", "%7D", `"`, "%22", "~", "%7E").Replace(query), nil)
	if err != nil {
		t.Fatal(err)
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	kind = resp.Header.Get("Content-Type")
	if resp.StatusCode != http.StatusOK {
		return kind, []string{resp.Status}
	}
	if !strings.Contains(kind, "delimited") {
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			lines = append(lines, strings.Join(strings.Fields(line), " ")) // prototext varies its spaces on purpose
		}
		return kind, lines
	}
	for dec := expfmt.NewDecoder(resp.Body, expfmt.NewFormat(expfmt.TypeProtoDelim)); ; {
		var f dto.MetricFamily
		if err := dec.Decode(&f); err == io.EOF {
			return kind, lines
		} else if err != nil {
			t.Fatal(err)
		}
		for _, m := range f.Metric {
			lines = append(lines, strings.Join(strings.Fields(fmt.Sprint(f.GetName(), " ", f.GetType(), " ", prototext.MarshalOptions{}.Format(m))), " "))
		}
	}
}

// oracleQueries are PromQL in all its parts, on the made-up history and on what
// was scraped.
var oracleQueries = strings.Split(strings.TrimSpace(`
up
past_requests_total
{job="past"}
{__name__=~"past_.*",path!=""}
past_requests_total{status=~"4..|5..",path!~"/users.*"}
{"past.with.dots"}
{"past.with.dots","name of label"="wért"}
sum({"past.with.dots"}) by ("name of label")
past_requests_total offset 7m
past_requests_total offset -3m
past_requests_total @ start()
past_requests_total @ end() - past_requests_total
rate(past_requests_total[5m])
irate(past_requests_total[1m])
increase(past_requests_total[1h])
delta(past_gauge[10m])
idelta(past_gauge[10m])
deriv(past_gauge[10m])
resets(past_requests_total[3h])
changes(past_gauge[30m])
predict_linear(past_gauge{n="0"}[20m], 3600)
sum by (path) (rate(past_requests_total{status=~"5.."}[5m])) / sum by (path) (rate(past_requests_total[5m]))
sum without (status, instance) (past_requests_total)
avg(past_requests_total) by (status)
min(past_gauge)
max by (job) (past_gauge)
count(past_requests_total)
group by (path) (past_requests_total)
stddev(past_requests_total)
stdvar by (path) (past_requests_total)
topk(3, past_requests_total)
bottomk by (path) (1, past_requests_total)
quantile(0.9, past_requests_total)
quantile(1.7, past_requests_total)
count_values("v", past_info)
histogram_quantile(0.95, sum by (le, path) (rate(past_latency_bucket[5m])))
histogram_quantile(0.5, past_native)
histogram_quantile(0.99, sum(rate(past_native[5m])))
histogram_fraction(0, 2, past_native)
histogram_count(past_native)
histogram_sum(rate(past_native[10m]))
histogram_avg(past_native)
histogram_stddev(past_native)
histogram_stdvar(past_native)
rate(past_native[5m])
increase(past_native[2h])
sum(past_native)
avg by (path) (past_native)
past_native * 2
past_native / 3 + past_native
-past_native
past_native == past_native
past_gauge_histogram
delta(past_gauge_histogram[5m])
rate(past_gauge_histogram[5m])
past_custom_buckets
histogram_quantile(0.9, rate(past_custom_buckets[5m]))
past_switched
rate(past_switched[5m])
count_over_time(past_switched[10m])
sum(past_switched) + sum(past_native)
avg_over_time(past_gauge[10m])
min_over_time(past_gauge[10m])
max_over_time(past_gauge[10m])
sum_over_time(past_gauge[10m])
stddev_over_time(past_gauge[10m])
quantile_over_time(0.3, past_gauge[10m])
last_over_time(past_gaps[30m])
present_over_time(past_gaps[30m])
absent_over_time(past_gaps[5m])
absent(past_nothing{path="/",status=~".+"})
absent(past_gaps)
past_stale
count_over_time(past_stale[20m])
max_over_time(rate(past_requests_total[5m])[30m:1m])
avg_over_time(sum by (path) (past_requests_total)[20m:])
rate(past_requests_total[5m:30s] @ end())
label_replace(past_requests_total, "section", "$1", "path", "/(.*)")
label_join(past_requests_total, "all", "-", "path", "status")
past_requests_total * on (path) group_left (version) past_info
past_requests_total and on (path) past_info
past_requests_total unless on (path) past_info
past_requests_total{status="500"} or past_gauge
past_requests_total > 500
past_requests_total > bool 500
past_gauge ^ 2 % 7
past_gauge atan2 3
abs(past_gauge)
ceil(past_gauge)
clamp(past_gauge, -0.5, 0.5)
clamp_min(past_gauge, 0)
round(past_gauge, 0.1)
sgn(past_gauge)
sqrt(past_gauge)
exp(past_gauge{n="0"})
ln(past_gauge)
log2(past_gauge)
sin(past_gauge)
deg(rad(past_gauge))
sort(past_requests_total)
sort_desc(past_requests_total)
timestamp(past_gauge)
time() - timestamp(past_gauge)
hour(vector(1750000000))
day_of_week()
minute()
scalar(past_info)
vector(scalar(past_info)) * pi()
rate(past_gauge[5m])
1 / 0
"text"
count by (__name__) ({job="past"})
{job="shop"}
rate(shop_orders_total[10s])
histogram_quantile(0.9, sum by (path) (rate(shop_latency_seconds[30s])))
histogram_quantile(0.9, sum by (le, path) (rate(shop_latency_seconds_bucket[30s])))
job_path:shop_orders:rate1m
job:shop_latency_seconds:rate1m
shop_order_bytes{quantile="0.5"}
ALERTS
ALERTS_FOR_STATE * 0
scrape_samples_scraped
up{job="gone"}
{region="south"}
past_latency_bucket * on (path, le) past_native
sum by (le) (past_latency_bucket) / ignoring (le) group_left sum(past_latency_count)
`), "\n")
