package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
)

// requests is one export of a service: of each route, so many requests of 0.2 s
// between two times, as a counter, a histogram and an exponential histogram.
func requests(temporality pmetric.AggregationTemporality, from, to time.Time, routes map[string]uint64) pmetric.Metrics {
	md := pmetric.NewMetrics()
	resource := md.ResourceMetrics().AppendEmpty()
	resource.Resource().Attributes().PutStr("service.name", "shop")
	resource.Resource().Attributes().PutStr("service.instance.id", "one")
	metrics := resource.ScopeMetrics().AppendEmpty().Metrics()
	counter, histogram, exponential := metrics.AppendEmpty(), metrics.AppendEmpty(), metrics.AppendEmpty()
	counter.SetName("orders")
	counter.SetEmptySum().SetIsMonotonic(true)
	counter.Sum().SetAggregationTemporality(temporality)
	histogram.SetName("http.server.request.duration")
	histogram.SetUnit("s")
	histogram.SetEmptyHistogram().SetAggregationTemporality(temporality)
	exponential.SetName("latency")
	exponential.SetEmptyExponentialHistogram().SetAggregationTemporality(temporality)
	start, end := pcommon.NewTimestampFromTime(from), pcommon.NewTimestampFromTime(to)
	for route, n := range routes {
		attributes := pcommon.NewMap()
		attributes.PutStr("http.route", route)
		attributes.PutStr("http.request.method", "GET")
		attributes.PutStr("url.scheme", "http")
		attributes.PutInt("http.response.status_code", 200)

		c := counter.Sum().DataPoints().AppendEmpty()
		attributes.CopyTo(c.Attributes())
		c.SetStartTimestamp(start)
		c.SetTimestamp(end)
		c.SetIntValue(int64(n))

		h := histogram.Histogram().DataPoints().AppendEmpty()
		attributes.CopyTo(h.Attributes())
		h.SetStartTimestamp(start)
		h.SetTimestamp(end)
		h.SetCount(n)
		h.SetSum(.2 * float64(n))
		h.ExplicitBounds().FromRaw([]float64{.1, .5})
		h.BucketCounts().FromRaw([]uint64{0, n, 0})

		e := exponential.ExponentialHistogram().DataPoints().AppendEmpty()
		attributes.CopyTo(e.Attributes())
		e.SetStartTimestamp(start)
		e.SetTimestamp(end)
		e.SetCount(n)
		e.SetSum(.2 * float64(n))
		e.Positive().SetOffset(-3)
		e.Positive().BucketCounts().FromRaw([]uint64{n})
	}
	return md
}

// export pushes metrics and returns the status and the answer.
func (r *running) export(md pmetric.Metrics) (int, pmetricotlp.ExportResponse) {
	r.t.Helper()
	body, err := pmetricotlp.NewExportRequestFromMetrics(md).MarshalProto()
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := http.Post(r.URL()+"api/v1/otlp/v1/metrics", "application/x-protobuf", bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	answer := pmetricotlp.NewExportResponse()
	if resp.StatusCode == http.StatusOK {
		err = answer.UnmarshalProto(text)
	} else {
		err = nil
		r.t.Logf("%s", text)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, answer
}

const delta, cumulative = pmetric.AggregationTemporalityDelta, pmetric.AggregationTemporalityCumulative

// TestOTLPDelta: deltas are added up, those that are sent again are not counted
// twice, and what was silent for a while, or is new, has the right increase.
func TestOTLPDelta(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.RemoteWriteReceiver = true
	r := start(t, o)
	begin := time.Now().Add(time.Second)
	at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	export := func(from, to int, routes map[string]uint64, wantRejected int64) {
		t.Helper()
		code, answer := r.export(requests(delta, at(from), at(to), routes))
		if code != http.StatusOK || answer.PartialSuccess().RejectedDataPoints() != wantRejected {
			t.Errorf("export from %d to %d: %d, %d rejected: %s; want %d", from, to, code, answer.PartialSuccess().RejectedDataPoints(), answer.PartialSuccess().ErrorMessage(), wantRejected)
		}
	}
	export(0, 60, map[string]uint64{"/a": 10}, 0)
	export(60, 120, map[string]uint64{"/a": 5}, 0)
	export(60, 120, map[string]uint64{"/a": 5}, 3) // again: three metrics with a point each
	export(120, 180, map[string]uint64{"/b": 7}, 0)
	export(420, 480, map[string]uint64{"/a": 3}, 0)

	for _, tt := range []struct {
		seconds    int
		expr, want string
	}{
		{120, `orders_total{http_route="/a",job="shop",instance="one"}`, "15"},
		{120, `http_server_request_duration_seconds_bucket{http_route="/a",le="0.5"}`, "15"},
		{120, `http_server_request_duration_seconds_bucket{http_route="/a",le="0.1"}`, "0"},
		{120, `http_server_request_duration_seconds_sum{http_route="/a"}`, "3"},
		{120, `histogram_count(latency{http_route="/a"})`, "15"},
		{121, `delta(orders_total{http_route="/b"}[1m]) or on () vector(-1)`, "-1"}, // nothing yet
		{480, `orders_total{http_route="/a"}`, "18"},
		{480, `orders_total{http_route="/a"} - orders_total{http_route="/a"} offset 60s`, "3"},
		{180, `orders_total{http_route="/b"} - orders_total{http_route="/b"} offset 60s`, "7"},
		{180, `histogram_count(latency{http_route="/b"}) - histogram_count(latency{http_route="/b"} offset 60s)`, "7"},
		{180, `http_server_request_duration_seconds_count{http_route="/b"} - http_server_request_duration_seconds_count{http_route="/b"} offset 60s`, "7"},
	} {
		q := instant(tt.expr, at(tt.seconds))
		_, _, body := q.send(t, r.URL(), at(tt.seconds), at(tt.seconds))
		if !strings.Contains(body, `,"`+tt.want+`"]`) {
			t.Errorf("%s at %d s: %s; want %s", tt.expr, tt.seconds, body, tt.want)
		}
	}
}

// TestOTLPMixed: what is not delta, and what is broken, is answered as before.
func TestOTLPMixed(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.RemoteWriteReceiver = true
	r := start(t, o)
	now := time.Now()
	if code, _ := r.export(requests(cumulative, now.Add(-time.Hour), now, map[string]uint64{"/a": 10})); code != http.StatusOK {
		t.Errorf("cumulative: %d", code)
	}
	mixed := requests(delta, now, now.Add(time.Second), map[string]uint64{"/a": 1})
	requests(cumulative, now.Add(-time.Hour), now.Add(time.Second), map[string]uint64{"/c": 20}).ResourceMetrics().MoveAndAppendTo(mixed.ResourceMetrics())
	if code, answer := r.export(mixed); code != http.StatusOK || answer.PartialSuccess().RejectedDataPoints() != 0 {
		t.Errorf("mixed: %d %s", code, answer.PartialSuccess().ErrorMessage())
	}
	r.await("the cumulative part", func() bool { return r.one(`orders_total{http_route="/c"}`) == "20" })
	for contentType, want := range map[string]int{"application/json": 400, "text/plain": 400, "application/x-protobuf": 400} {
		code, text := r.sent(http.MethodPost, "/api/v1/otlp/v1/metrics", []byte("nonsense"), map[string]string{"Content-Type": contentType})
		if code != want {
			t.Errorf("nonsense as %s: %d %s", contentType, code, text)
		}
	}
	if code, text := r.sent(http.MethodGet, "/api/v1/otlp/v1/metrics", nil, nil); code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d %s", code, text)
	}
}

// TestOTLPDeltaBounded: the streams that are remembered have a limit; a client is
// told how many points were not stored, and it is counted.
func TestOTLPDeltaBounded(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.RemoteWriteReceiver = true
	r := start(t, o)
	now := time.Now()
	many := pmetric.NewMetrics()
	m := many.ResourceMetrics().AppendEmpty().ScopeMetrics().AppendEmpty().Metrics().AppendEmpty()
	m.SetName("wide")
	m.SetEmptySum().SetAggregationTemporality(delta)
	m.Sum().SetIsMonotonic(true)
	for i := range 100_003 {
		p := m.Sum().DataPoints().AppendEmpty()
		p.Attributes().PutStr("id", fmt.Sprint(i))
		p.SetTimestamp(pcommon.NewTimestampFromTime(now))
		p.SetIntValue(1)
	}
	code, answer := r.export(many)
	if got := answer.PartialSuccess().RejectedDataPoints(); code != http.StatusOK || got != 3 || !strings.Contains(answer.PartialSuccess().ErrorMessage(), "limit of 100000 streams") {
		t.Errorf("%d, %d rejected: %s; want 3 of 100,003", code, got, answer.PartialSuccess().ErrorMessage())
	}
	if got := number(t, r, "tacho_server_otlp_rejected_points_total "); got != 3 {
		t.Errorf("%d are counted; want 3", got)
	}
}

// TestOTLPRestart: sums begin anew when the server does, and what was counted between
// the last total before and the first one after is in the increase.
func TestOTLPRestart(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.RemoteWriteReceiver = true
	begin := time.Now().Add(-2 * time.Minute).Truncate(time.Second)
	for minute, n := range []uint64{10, 50} {
		r := start(t, o)
		from := begin.Add(time.Duration(minute) * time.Minute)
		if code, answer := r.export(requests(delta, from, from.Add(time.Minute), map[string]uint64{"/a": n})); code != http.StatusOK || answer.PartialSuccess().RejectedDataPoints() != 0 {
			t.Fatalf("%d, %s", code, answer.PartialSuccess().ErrorMessage())
		}
		if minute == 1 {
			end := begin.Add(2 * time.Minute)
			for expr, want := range map[string]string{
				`orders_total{http_route="/a"}`:                                  "50",
				`round(increase(orders_total{http_route="/a"}[2m]))`:             "60",
				`resets(orders_total{http_route="/a"}[2m])`:                      "1",
				`round(histogram_count(increase(latency{http_route="/a"}[2m])))`: "60",
			} {
				if _, _, body := instant(expr, end).send(t, r.URL(), end, end); !strings.Contains(body, `,"`+want+`"]`) {
					t.Errorf("%s: %s; want %s", expr, body, want)
				}
			}
		}
		r.stop()
	}
}

// TestOTLPBadPoints: points that cannot be stored do not cost the others, which a
// client would not send again. It is told how many they are, and why.
func TestOTLPBadPoints(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.RemoteWriteReceiver = true
	r := start(t, o)
	now := time.Now()
	late := requests(cumulative, now.Add(-time.Hour), now.Add(-time.Minute), map[string]uint64{"/a": 9})
	ahead := requests(cumulative, now, now.Add(time.Hour), map[string]uint64{"/a": 11})
	coarse := requests(delta, now, now.Add(time.Second), map[string]uint64{"/coarse": 1})
	coarse.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(2).ExponentialHistogram().DataPoints().At(0).SetScale(-5)
	nameless := requests(cumulative, now.Add(-time.Hour), now.Add(time.Second), map[string]uint64{"/nameless": 1, "/beside": 1})
	nameless.ResourceMetrics().At(0).ScopeMetrics().At(0).Metrics().At(1).Histogram().DataPoints().At(0).Attributes().PutStr("", "x")
	if code, answer := r.export(requests(cumulative, now.Add(-time.Hour), now, map[string]uint64{"/a": 10})); code != http.StatusOK || answer.PartialSuccess().ErrorMessage() != "" {
		t.Fatalf("%d %s", code, answer.PartialSuccess().ErrorMessage())
	}
	total := 0
	for i, tt := range []struct {
		name string
		bad  pmetric.Metrics
		want int64
		why  string
	}{
		{"no temporality", requests(pmetric.AggregationTemporalityUnspecified, now, now, map[string]uint64{"/a": 1, "/b": 1}), 6, "no temporality"},
		{"no time", requests(cumulative, time.Unix(0, 0), time.Unix(0, 0), map[string]uint64{"/a": 1}), 3, "a time is missing"},
		{"late", late, 3, "out of order"},
		{"an hour ahead", ahead, 3, "ten minutes ahead"},
		{"a scale that Prometheus lacks", coarse, 1, "scale"},
		{"an attribute without a name, and the point after it", nameless, 2, "label name is empty"},
	} {
		md := requests(cumulative, now.Add(-time.Hour), now.Add(time.Duration(i+1)*time.Millisecond), map[string]uint64{"/good": uint64(20 + i)})
		tt.bad.ResourceMetrics().MoveAndAppendTo(md.ResourceMetrics())
		code, answer := r.export(md)
		got := answer.PartialSuccess()
		if code != http.StatusOK || got.RejectedDataPoints() != tt.want || !strings.Contains(got.ErrorMessage(), tt.why) {
			t.Errorf("%s: %d, %d rejected: %q; want %d for %q", tt.name, code, got.RejectedDataPoints(), got.ErrorMessage(), tt.want, tt.why)
		}
		total += int(tt.want)
	}
	at := now.Add(10 * time.Millisecond)
	for expr, want := range map[string]string{
		`orders_total{http_route="/good"}`:                                                "25",
		`http_server_request_duration_seconds_bucket{http_route="/good",le="+Inf"}`:       "25",
		`histogram_count(latency{http_route="/good"})`:                                    "25",
		`orders_total{http_route="/a"}`:                                                   "10",
		`http_server_request_duration_seconds_count{http_route="/coarse"} offset -1000ms`: "1",
	} {
		if _, _, body := instant(expr, at).send(t, r.URL(), at, at); !strings.Contains(body, `,"`+want+`"]`) {
			t.Errorf("%s: %s; want %s", expr, body, want)
		}
	}
	if got := number(t, r, "tacho_server_otlp_rejected_points_total "); got != total {
		t.Errorf("%d are counted; want %d", got, total)
	}
}

// TestOTLPJSON: a client that sends JSON is answered in JSON.
func TestOTLPJSON(t *testing.T) {
	t.Parallel()
	o := options(t)
	o.RemoteWriteReceiver = true
	r := start(t, o)
	now := time.Now().UnixNano()
	for temporality, want := range map[int]string{1: "{}", 0: `{"partialSuccess":{"rejectedDataPoints":"1","errorMessage":"1 data points were not stored`} {
		body := fmt.Sprintf(`{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"calls","sum":{"aggregationTemporality":%d,"isMonotonic":true,`+
			`"dataPoints":[{"startTimeUnixNano":"%d","timeUnixNano":"%d","asInt":"7"}]}}]}]}]}`, temporality, now-1e9, now)
		resp, err := http.Post(r.URL()+"api/v1/otlp/v1/metrics", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		code, text := status(t, resp)
		if code != http.StatusOK || resp.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(text, want) {
			t.Errorf("temporality %d: %d %s %s; want %s", temporality, code, resp.Header, text, want)
		}
	}
	r.await("the total", func() bool { return r.one("calls_total") == "7" })
}
