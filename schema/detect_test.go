package schema_test

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/schema"
)

// schemasOf maps each exposition in testdata to the schemas to detect.
var schemasOf = map[string]string{
	"flask":                  "flask",
	"otelhttp":               "otel",
	"otelgin":                "otel",
	"go-gin-prometheus-v0":   "go-gin-prometheus",
	"go-gin-prometheus":      "go-gin-prometheus",
	"gin-metrics":            "gin-metrics",
	"ginprom":                "ginprom",
	"echoprometheus":         "echoprometheus",
	"fiberprometheus":        "fiberprometheus",
	"promhttp":               "promhttp",
	"go-http-metrics":        "go-http-metrics",
	"fastapi-instrumentator": "fastapi-instrumentator",
	"starlette_exporter":     "starlette_exporter",
	"starlette-prometheus":   "starlette-prometheus",
	"django-prometheus":      "django-prometheus",
	"micrometer":             "micrometer",
	"micrometer-histogram":   "micrometer",
	"gin-tutorial":           "default",

	"go-zero": "go-zero",
	"hertz":   "hertz",

	"go-grpc-middleware":          "go-grpc-middleware",
	"go-grpc-middleware-counters": "go-grpc-middleware",
	"otelgrpc":                    "otel-rpc",
	"otelgrpc-0.65":               "otel-rpc",
	"otelgrpc-old":                "otel-rpc-old",
	"otelgrpc-old-names":          "otel-rpc-old",
	"otelconnect":                 "otel-rpc",
	"otelconnect-old":             "otel-rpc-old",
	"kratos":                      "kratos",
	"go-zero-rpc":                 "go-zero-rpc",

	"express-prom-bundle":      "express-prom-bundle",
	"express-prom-bundle-bare": "express-prom-bundle",
	"prom-client":              "prom-client",
	"prom-client-status_code":  "prom-client",
	"prom-client-counter":      "prom-client",
	"prom-client-handler":      "fastapi-instrumentator",
	"prom-client-path-code":    "default",
	"prom-client-status":       "prom-client",
	"prom-client-no-path":      "default",
}

func names(schemas []schema.Schema) string {
	var all []string
	for _, s := range schemas {
		all = append(all, s.Name)
	}
	return strings.Join(all, " ")
}

func TestDetect(t *testing.T) {
	for file, want := range schemasOf {
		if got := names(schema.Detect(readExposition(t, file).labels())); got != want {
			t.Errorf("testdata/%s.txt: detected %q, want %q", file, got, want)
		}
	}
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) != len(schemasOf) {
		t.Errorf("testdata has %d expositions, the table %d (%v)", len(files), len(schemasOf), err)
	}
}

// TestEverySchemaIsSeen: each known schema has an exposition that proves its names.
func TestEverySchemaIsSeen(t *testing.T) {
	proved := append(slices.Collect(maps.Values(schemasOf)), "default")
	for _, s := range schema.Known() {
		if !slices.Contains(proved, s.Name) {
			t.Errorf("no exposition in testdata uses %s", s.Name)
		}
	}
}

// TestNamesAreReal: help, type and labels of every family match the real output. The exceptions
// are listed: the tutorial has its own texts, and some depend on a version or a setting.
func TestNamesAreReal(t *testing.T) {
	byName := map[string]schema.Schema{}
	for _, s := range schema.Known() {
		byName[s.Name] = s
	}
	for file, name := range schemasOf {
		if file == "gin-tutorial" || strings.HasPrefix(file, "micrometer") {
			continue // written by hand
		}
		if name != "prom-client" && strings.HasPrefix(file, "prom-client") {
			continue // another library's names, chosen by a user of prom-client
		}
		seen := readExposition(t, file)
		for _, f := range byName[name].Families() {
			if got := seen[f.Name]; got != nil {
				compareFamily(t, file, f, got)
			}
		}
	}
}

// counterWithoutRoute reports whether only the latency in a file has a route, so that its count
// is used.
func counterWithoutRoute(file string) bool {
	return file == "prom-client-counter" || file == "prom-client-no-path"
}

func compareFamily(t *testing.T, file string, f schema.Family, got *exposedFamily) {
	t.Helper()
	if counterWithoutRoute(file) && f.Kind == schema.Counter {
		return // promhttp's labels, with routes on the histogram only
	}
	if strings.HasPrefix(file, "express-prom-bundle") {
		got.help, _, _ = strings.Cut(got.help, "status_code") // the labels follow
	}
	if file == "otelgrpc-0.65" {
		got.help = strings.Replace(got.help, "inbound remote procedure calls", "an incoming Remote Procedure Call", 1) // since reworded
	}
	if strings.TrimSpace(got.help) != strings.TrimSpace(f.Help) {
		t.Errorf("%s: %s has the help text %q, the schema has %q", file, f.Name, got.help, f.Help)
	}
	if file == "go-gin-prometheus-v0" && f.Kind == schema.Histogram {
		return // a summary without labels before v1.0.0
	}
	if got.kind != string(f.Kind) {
		t.Errorf("%s: %s is a %s, the schema says %s", file, f.Name, got.kind, f.Kind)
	}
	for _, l := range f.Labels {
		if len(got.labels) > 0 && !l.Optional && !slices.Contains(got.labels, l.Name) {
			t.Errorf("%s: %s has the labels %v, the schema requires %s", file, f.Name, got.labels, l.Name)
		}
	}
}

// TestDetectTacho detects the library's own output, in both text formats.
func TestDetectTacho(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(http.ResponseWriter, *http.Request) {})
	m.Handler(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/orders/7", nil))
	for _, accept := range []string{"text/plain", "application/openmetrics-text"} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		m.Metrics().ServeHTTP(w, r)
		if got := names(schema.Detect(parse(w.Body.String()).labels())); got != "default" {
			t.Errorf("%s: detected %q, want default", accept, got)
		}
	}
}

func TestDetectEdges(t *testing.T) {
	merged := func(files ...string) map[string][]string {
		all := map[string][]string{}
		for _, f := range files {
			maps.Copy(all, readExposition(t, f).labels())
		}
		return all
	}
	for name, c := range map[string]struct {
		families map[string][]string
		want     string
	}{
		"nothing":                     {nil, ""},
		"runtime metrics only":        {map[string][]string{"go_goroutines": nil, "promhttp_metric_handler_requests_total": {"code"}}, ""},
		"a migration":                 {merged("gin-tutorial", "flask"), "flask default"},
		"counter only":                {map[string][]string{"http_requests_total": {"method", "path", "status"}}, "default"},
		"promhttp, bare":              {map[string][]string{"http_requests_total": {"code", "method"}}, "promhttp"},
		"latency only":                {map[string][]string{"http_request_duration_seconds": {"method", "path", "status", "le"}}, "default"},
		"latency only, label code":    {map[string][]string{"http_request_duration_seconds": {"method", "path", "code", "le"}}, "default"},
		"latency only, label handler": {map[string][]string{"http_request_duration_seconds": {"method", "handler", "status_code", "le"}}, "fastapi-instrumentator"},
		"counter only, path and code": {map[string][]string{"http_requests_total": {"method", "path", "code"}}, "default"},
		"route on the latency only": {map[string][]string{
			"http_requests_total": {"method", "code"}, "http_request_duration_seconds": {"method", "path", "status_code", "le"},
		}, "express-prom-bundle"},
		"route on the latency only, no status": {map[string][]string{
			"http_requests_total": {"method", "code"}, "http_request_duration_seconds": {"method", "path", "le"},
		}, "default"},
		"route on the latency only, FastAPI": {map[string][]string{
			"http_requests_total": {"method", "code"}, "http_request_duration_seconds": {"method", "handler", "le"},
		}, "fastapi-instrumentator"},
		"route on the latency only, promhttp": {map[string][]string{
			"http_requests_total": {"method", "code"}, "http_request_duration_seconds": {"method", "code", "handler", "le"},
		}, "promhttp"},
		"unknown labels":                {map[string][]string{"http_requests_total": {"verb", "uri"}}, ""},
		"additional labels":             {map[string][]string{"http_requests_total": {"tenant", "status", "path", "method"}}, "default"},
		"no series yet":                 {map[string][]string{"flask_http_request_total": nil, "flask_http_request_duration_seconds": nil}, "flask"},
		"no series yet, ambiguous name": {map[string][]string{"http_requests_total": nil}, ""},
		"in-flight gauge only":          {map[string][]string{"http_requests_in_flight": nil}, ""},
		"le is ignored":                 {map[string][]string{"http_request_duration_seconds": {"le", "handler", "method"}}, "fastapi-instrumentator"},
		"le and quantile are ignored": {map[string][]string{
			"flask_http_request_duration_seconds": {"le"}, "gin_request_duration_seconds": {"quantile"},
		}, "flask go-gin-prometheus"},
		"two libraries, one name each": {map[string][]string{
			"http_requests_total":           {"method", "path", "status"},
			"http_request_duration_seconds": {"service", "handler", "method", "code"},
		}, "go-http-metrics default"},
		"RPCs beside tacho's own names": {merged("gin-tutorial", "go-grpc-middleware"), "default go-grpc-middleware"},
		"RPCs beside few of tacho's own": {map[string][]string{
			"http_requests_total":       {"method", "path", "status"},
			"grpc_server_handled_total": {"grpc_code", "grpc_method", "grpc_service", "grpc_type"}, "grpc_server_handling_seconds": {"grpc_method", "grpc_service", "grpc_type"},
		}, "default go-grpc-middleware"},
		"RPCs beside another library": {merged("go-grpc-middleware", "promhttp"), "promhttp go-grpc-middleware"},
		"both conventions":            {merged("otelgrpc", "otelgrpc-old"), "otel-rpc otel-rpc-old"},
		"OpenMetrics":                 {map[string][]string{"flask_http_request": {"method", "status"}}, "flask"},
	} {
		if got := names(schema.Detect(c.families)); got != c.want {
			t.Errorf("%s: detected %q, want %q", name, got, c.want)
		}
	}
}

// TestDetectNarrows: the returned schema has only the labels that the service has. A family that
// was not seen is unchanged.
func TestDetectNarrows(t *testing.T) {
	got := schema.Detect(readExposition(t, "gin-tutorial").labels())[0]
	if want := []string{"method", "path"}; !slices.Equal(got.Duration.LabelNames(), want) {
		t.Errorf("the tutorial's latency has the labels %v, want %v", got.Duration.LabelNames(), want)
	}
	if got.Panics.Name == "" || len(got.Panics.Labels) != 2 {
		t.Errorf("a family that was not seen has changed: %+v", got.Panics)
	}
	if all := schema.Default().Duration.LabelNames(); len(all) != 3 {
		t.Errorf("the known schema has changed: %v", all)
	}
}

// TestDetectCounts: the latency's count replaces a counter that does not exist, or that has no
// route while the latency has one.
func TestDetectCounts(t *testing.T) {
	const duration = "http_request_duration_seconds"
	for name, c := range map[string]struct {
		families map[string][]string
		want     string
	}{
		"both":               {readExposition(t, "gin-tutorial").labels(), "http_requests_total"},
		"no counter":         {map[string][]string{duration: {"method", "path", "status"}}, duration + "_count"},
		"express":            {readExposition(t, "express-prom-bundle").labels(), duration + "_count"},
		"no route to count":  {readExposition(t, "prom-client-counter").labels(), duration + "_count"},
		"handlers":           {map[string][]string{"http_requests_total": {"method", "code"}, duration: {"method", "code", "handler"}}, duration + "_count"},
		"no routes anywhere": {map[string][]string{"http_requests_total": {"method", "code"}, duration: {"method", "code"}}, "http_requests_total"},
		"a counter alone":    {map[string][]string{"http_requests_total": {"method", "route", "status_code"}}, "http_requests_total"},
	} {
		used := schema.Detect(c.families)
		if len(used) != 1 {
			t.Errorf("%s: detected %q, want one schema", name, names(used))
			continue
		}
		if f, suffix := used[0].Counter(); f.Name+suffix != c.want {
			t.Errorf("%s: counted by %s%s, want %s", name, f.Name, suffix, c.want)
		}
	}
}
