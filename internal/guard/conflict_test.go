package guard_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/guard"
	"github.com/tacho-go/tacho/internal/metertest"
)

// unchecked is a collector that does not say what it gives, as the exporter of
// OpenTelemetry does.
type unchecked []prometheus.Metric

func (unchecked) Describe(chan<- *prometheus.Desc) {}
func (u unchecked) Collect(ch chan<- prometheus.Metric) {
	for _, m := range u {
		ch <- m
	}
}

func foreignMetric(name string, kind prometheus.ValueType) prometheus.Metric {
	return prometheus.MustNewConstMetric(prometheus.NewDesc(name, "Somebody else's.", []string{"method", "path", "status"}, nil), kind, 123.0625, "GET", "/x", "200")
}

func foreignHistogram(name string) prometheus.Metric {
	return prometheus.MustNewConstHistogram(prometheus.NewDesc(name, "Somebody else's.", nil, nil), 3, 123.0625, map[float64]uint64{1: 2})
}

// conflicts are metrics of other collectors, and whether their names are tacho's
// own in the text format (and protobuf) and in OpenMetrics.
var conflicts = []struct {
	name     string
	metric   prometheus.Metric
	text, om bool
}{
	{"the same family", foreignMetric("http_requests_total", prometheus.CounterValue), true, true},
	{"another type", foreignMetric("http_requests_total", prometheus.GaugeValue), true, true},
	{"a gauge of tacho's", foreignMetric("http_requests_in_flight", prometheus.GaugeValue), true, true},
	{"a self-metric", foreignMetric("tacho_series", prometheus.GaugeValue), true, true},
	{"a histogram's count", foreignMetric("http_request_duration_seconds_count", prometheus.CounterValue), true, true},
	{"a histogram's sum", foreignMetric("http_request_duration_seconds_sum", prometheus.UntypedValue), true, true},
	{"a histogram's buckets", foreignMetric("http_request_duration_seconds_bucket", prometheus.GaugeValue), true, true},
	{"a histogram over a counter", foreignHistogram("http_requests_total"), true, true},
	{"a name that is escaped", foreignMetric("http.requests.total", prometheus.CounterValue), true, true},
	{"a counter's family in OpenMetrics", foreignMetric("http_requests", prometheus.GaugeValue), false, true},
	{"a counter that OpenMetrics renames", foreignMetric("http_requests", prometheus.CounterValue), false, true},
	{"a counter on a gauge", foreignMetric("http_requests_in_flight_total", prometheus.CounterValue), false, true},
	{"a counter's creation", foreignMetric("http_requests_created", prometheus.GaugeValue), false, true},
	{"nothing of tacho's", foreignMetric("http_requests_total_count", prometheus.GaugeValue), false, false},
	{"nothing of tacho's either", foreignHistogram("shop_seconds"), false, false},
}

// TestConflicts: a family that another collector gives under a name of tacho's is
// left out, counted and reported once; every name has one TYPE, and no sample comes
// twice.
func TestConflicts(t *testing.T) {
	for _, test := range conflicts {
		t.Run(test.name, func(t *testing.T) {
			for accept, wanted := range map[string]bool{metertest.AcceptText: test.text, metertest.AcceptOpenMetrics: test.om} {
				var log bytes.Buffer
				m := tacho.MustNew(tacho.Options{OmitRuntime: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
				m.Registerer().MustRegister(unchecked{test.metric})
				metertest.Record(m, "GET", "/x", 200)
				for range 2 {
					text := metertest.Body(t, m.Metrics(), accept)
					wellFormed(t, text)
					if there := strings.Contains(text, "123.0625"); there == wanted {
						t.Errorf("%s: the other collector's sample is there: %t", accept, there)
					}
					if !strings.Contains(text, `http_requests_total{method="GET",path="/x",status="200"} 1`+"\n") {
						t.Errorf("%s: tacho's own sample is missing", accept)
					}
				}
				counted := engine.Of(m).Store.Failures[guard.Conflict].Load()
				logged := strings.Count(log.String(), "\n")
				if want := map[bool]int{true: 1}[wanted]; counted != uint64(2*want) || logged != want {
					t.Errorf("%s: %d conflicts counted, %d logged:\n%s", accept, counted, logged, &log)
				}
			}
		})
	}
}

// wellFormed checks that no family and no sample comes twice.
func wellFormed(t *testing.T, body string) {
	t.Helper()
	seen := map[string]bool{}
	for l := range strings.Lines(body) {
		key := l[:strings.LastIndexByte(l, ' ')]
		if strings.HasPrefix(l, "# HELP ") {
			key = strings.Join(strings.SplitN(l, " ", 4)[:3], " ")
		}
		if l != "# EOF\n" && seen[key] {
			t.Errorf("twice: %s", key)
		}
		seen[key] = true
	}
}

// TestConflictsElsewhere: what the registry gathers for others, and every other way
// out, keeps to the same rule.
func TestConflictsElsewhere(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Endpoint: tacho.Endpoint{PythonFormat: true}, Logger: slog.New(slog.DiscardHandler)})
	m.Registerer().MustRegister(unchecked{foreignMetric("http_requests_total", prometheus.CounterValue)})
	metertest.Record(m, "GET", "/x", 200)
	for name, body := range map[string]string{
		"Gatherer": metertest.Body(t, promhttp.HandlerFor(m.Gatherer(), promhttp.HandlerOpts{}), metertest.AcceptText),
		"Python":   metertest.Body(t, m.Metrics(), metertest.AcceptText),
		"protobuf": metertest.Body(t, m.Metrics(), "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text"),
	} {
		if strings.Contains(body, "123.0625") || !strings.Contains(body, "http_requests_total") {
			t.Errorf("%s:\n%s", name, body)
		}
	}
	text := metertest.Body(t, m.Metrics(), metertest.AcceptProtobuf)
	metertest.Decode(t, []byte(text)) // complains of a family that comes twice
}

// TestConflictsInForeignRegistry: in a registry of the user's, whose Gather takes
// whichever family comes first, tacho's stay as well.
func TestConflictsInForeignRegistry(t *testing.T) {
	for _, theirs := range []prometheus.Metric{
		foreignMetric("http_requests_total", prometheus.GaugeValue),
		foreignMetric("http_requests_total", prometheus.CounterValue), // with another help text
		foreignMetric("http_request_duration_seconds_count", prometheus.GaugeValue),
	} {
		for _, accept := range []string{metertest.AcceptText, metertest.AcceptOpenMetrics} {
			reg := prometheus.NewRegistry()
			reg.MustRegister(metertest.Broken("something_else", func(_ *prometheus.Desc, ch chan<- prometheus.Metric) { ch <- theirs }))
			m := tacho.MustNew(tacho.Options{Registerer: reg, OmitRuntime: true, Logger: slog.New(slog.DiscardHandler)})
			metertest.Record(m, "GET", "/x", 200)
			for range 50 { // who comes first is a matter of chance
				text := metertest.Body(t, m.Metrics(), accept)
				wellFormed(t, text)
				if !strings.Contains(text, `http_requests_total{method="GET",path="/x",status="200"} 1`+"\n") ||
					!strings.Contains(text, `http_request_duration_seconds_count{method="GET",path="/x",status="200"} 1`+"\n") {
					t.Fatalf("beside %s, tacho's own are missing:\n%s", theirs.Desc(), text)
				}
			}
		}
	}
}

// TestWrappedRegistryWithErrors: where a wrapper renames tacho's metrics, another
// collector's error does not bring them in a second time under their old names.
func TestWrappedRegistryWithErrors(t *testing.T) {
	reg := prometheus.NewRegistry()
	m := tacho.MustNew(tacho.Options{
		Registerer: prometheus.WrapRegistererWithPrefix("shop_", reg), Gatherer: reg,
		OmitRuntime: true, Logger: slog.New(slog.DiscardHandler),
	})
	metertest.Record(m, "GET", "/x", 200)
	reg.MustRegister(metertest.Broken("invalid_metric", func(d *prometheus.Desc, ch chan<- prometheus.Metric) {
		for range 2 {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, 1)
		}
	}))
	if text := metertest.Body(t, m.Metrics(), metertest.AcceptText); strings.Contains(text, "\nhttp_requests_total") || !strings.Contains(text, "\nshop_http_requests_total") {
		t.Errorf("got\n%s", text)
	}
}
