package guard_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/metertest"
)

// TestClashesNamed: an error that two metrics do not fit together begins with the
// names of all that are in the way, and says what helps and is not there yet.
func TestClashesNamed(t *testing.T) {
	tutorial := func(r prometheus.Registerer, namespace string) {
		auto := promauto.With(r)
		auto.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: "http_requests_total", Help: "X."}, []string{"method", "path", "status"})
		auto.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace, Name: "http_request_duration_seconds", Help: "X."}, []string{"method", "path"})
		auto.NewCounter(prometheus.CounterOpts{Name: "shop_orders_total", Help: "X."})
	}
	for name, test := range map[string]struct {
		cause func() error
		want  []string
		lacks string
	}{
		"theirs first": {func() error {
			reg := prometheus.NewRegistry()
			tutorial(reg, "")
			_, err := tacho.New(tacho.Options{Registerer: reg})
			return err
		}, []string{"http_request_duration_seconds, http_requests_total", "Options.Namespace"}, "shop_orders_total"},
		"with a namespace": {func() error {
			reg := prometheus.NewRegistry()
			tutorial(reg, "shop")
			_, err := tacho.New(tacho.Options{Registerer: reg, Namespace: "shop"})
			return err
		}, []string{"shop_http_request_duration_seconds, shop_http_requests_total", `another Options.Namespace than "shop"`}, "set Options.Namespace"},
		"behind a prefix": {func() error {
			reg := prometheus.NewRegistry()
			tutorial(reg, "shop")
			_, err := tacho.New(tacho.Options{Registerer: prometheus.WrapRegistererWithPrefix("shop_", reg), Gatherer: reg})
			return err
		}, []string{"http_request"}, "shop_orders_total"},
		"theirs second": {func() (err error) {
			m := tacho.MustNew(tacho.Options{})
			defer func() { err, _ = recover().(error) }()
			tutorial(m.Registerer(), "")
			return nil
		}, []string{"the registry has http_requests_total already, of tacho's own", "Options.Namespace"}, ""},
		"two of a collector": {func() error {
			return tacho.MustNew(tacho.Options{}).Registerer().Register(tags{
				prometheus.NewDesc("http_requests_total", "X.", nil, nil), prometheus.NewDesc("http_requests_in_flight", "X.", nil, nil),
				prometheus.NewDesc("shop_stock", "X.", nil, nil),
			})
		}, []string{"the registry has http_requests_in_flight, http_requests_total already"}, "shop_stock"},
		"nothing of tacho's": {func() error {
			r := tacho.MustNew(tacho.Options{}).Registerer()
			r.MustRegister(metertest.BusinessMetric())
			return r.Register(prometheus.NewGauge(prometheus.GaugeOpts{Name: "shop_orders_total"}))
		}, []string{"tacho: shop_orders_total cannot be registered"}, "Options.Namespace"},
		"the runtime": {func() error {
			reg := prometheus.NewRegistry()
			reg.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "go_goroutines", Help: "Mine."}))
			_, err := tacho.New(tacho.Options{Registerer: reg})
			return err
		}, []string{"this registry has go_goroutines already", "Options.OmitRuntime"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.cause()
			if err == nil {
				t.Fatal("there is no error")
			}
			said, dump, _ := strings.Cut(err.Error(), "Desc{")
			for _, part := range test.want {
				if !strings.Contains(said, part) {
					t.Errorf("no %q before the dump in\n%v", part, err)
				}
			}
			if test.lacks != "" && strings.Contains(said, test.lacks) || dump == "" {
				t.Errorf("%q is there, or no dump:\n%v", test.lacks, err)
			}
		})
	}
}

// tags are a collector of nothing that describes some metrics.
type tags []*prometheus.Desc

func (all tags) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range all {
		ch <- d
	}
}
func (tags) Collect(chan<- prometheus.Metric) {}

// TestNilHandler: Handler(nil) serves http.DefaultServeMux, as net/http does;
// where net/http refuses a nil handler, so do we, at once.
func TestNilHandler(t *testing.T) {
	served := http.DefaultServeMux
	defer func() { http.DefaultServeMux = served }()
	http.DefaultServeMux = http.NewServeMux()
	http.HandleFunc("GET /users/{id}", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "user") })
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	w := httptest.NewRecorder()
	m.Handler(nil).ServeHTTP(w, httptest.NewRequest("GET", "/users/7", nil))
	if w.Body.String() != "user" {
		t.Errorf("answered %d %q", w.Code, w.Body)
	}
	metertest.Line(t, m, `http_requests_total{method="GET",path="/users/{id}",status="200"} 1`)

	c := m.Counter(tacho.MetricOptions{Name: "tracked", Help: "X."})
	for name, use := range map[string]func(){
		"Track":          func() { tacho.Track(nil, c) },
		"Metric.Handler": func() { c.Handler(nil) },
		"HandlerFunc":    func() { c.HandlerFunc(nil) },
		"DoNotTrack":     func() { m.DoNotTrack(nil) },
		"ExcludeAll":     func() { m.ExcludeAll(nil) },
		"Access.Middleware": func() {
			tacho.MustNew(tacho.Options{OmitRuntime: true, Endpoint: tacho.Endpoint{Access: tacho.Access{Middleware: func(http.Handler) http.Handler { return nil }}}}).Metrics()
		},
	} {
		func() {
			defer func() {
				if v := recover(); !strings.Contains(fmt.Sprint(v), "the handler is nil") {
					t.Errorf("%s: %v", name, v)
				}
			}()
			use()
		}()
	}
}
