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

// speaking says which schemas each exposition in testdata must be detected as.
var speaking = map[string]string{
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
	for file, want := range speaking {
		if got := names(schema.Detect(readExposition(t, file).labels())); got != want {
			t.Errorf("testdata/%s.txt: detected %q, want %q", file, got, want)
		}
	}
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) != len(speaking) {
		t.Errorf("testdata has %d expositions, the table %d (%v)", len(files), len(speaking), err)
	}
}

// TestEverySchemaIsSeen: no schema is in the table without an exposition that
// proves its names.
func TestEverySchemaIsSeen(t *testing.T) {
	proved := append(slices.Collect(maps.Values(speaking)), "default")
	for _, s := range schema.Known() {
		if !slices.Contains(proved, s.Name) {
			t.Errorf("no exposition in testdata speaks %s", s.Name)
		}
	}
}

// TestNamesAreReal: help text, kind and labels of every family are those of
// the real output. Written exceptions: the tutorial has texts of its own, and
// what a version or a setting changes.
func TestNamesAreReal(t *testing.T) {
	byName := map[string]schema.Schema{}
	for _, s := range schema.Known() {
		byName[s.Name] = s
	}
	for file, name := range speaking {
		if file == "gin-tutorial" || strings.HasPrefix(file, "micrometer") {
			continue // by hand
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

// counterWithoutRoute reports that a file has a counter without a route beside
// a latency with one: the latency counts.
func counterWithoutRoute(file string) bool {
	return file == "prom-client-counter" || file == "prom-client-no-path"
}

func compareFamily(t *testing.T, file string, f schema.Family, got *shownFamily) {
	t.Helper()
	if counterWithoutRoute(file) && f.Kind == schema.Counter {
		return // promhttp's shape, beside a histogram with routes
	}
	if strings.HasPrefix(file, "express-prom-bundle") {
		got.help, _, _ = strings.Cut(got.help, "status_code") // the labels follow
	}
	if strings.TrimSpace(got.help) != strings.TrimSpace(f.Help) {
		t.Errorf("%s: %s has the help text %q, the schema says %q", file, f.Name, got.help, f.Help)
	}
	if file == "go-gin-prometheus-v0" && f.Kind == schema.Histogram {
		return // a summary without labels before v1.0.0
	}
	if got.kind != string(f.Kind) {
		t.Errorf("%s: %s is a %s, the schema says %s", file, f.Name, got.kind, f.Kind)
	}
	for _, l := range f.Labels {
		if len(got.labels) > 0 && !l.Optional && !slices.Contains(got.labels, l.Name) {
			t.Errorf("%s: %s has the labels %v, the schema demands %s", file, f.Name, got.labels, l.Name)
		}
	}
}

// TestDetectTacho: the library's own output, in both text formats.
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
		"nothing":                    {nil, ""},
		"a runtime only":             {map[string][]string{"go_goroutines": nil, "promhttp_metric_handler_requests_total": {"code"}}, ""},
		"a migration":                {merged("gin-tutorial", "flask"), "flask default"},
		"a counter alone":            {map[string][]string{"http_requests_total": {"method", "path", "status"}}, "default"},
		"promhttp, bare":             {map[string][]string{"http_requests_total": {"code", "method"}}, "promhttp"},
		"no counter":                 {map[string][]string{"http_request_duration_seconds": {"method", "path", "status", "le"}}, "default"},
		"no counter, a code":         {map[string][]string{"http_request_duration_seconds": {"method", "path", "code", "le"}}, "default"},
		"no counter, a handler":      {map[string][]string{"http_request_duration_seconds": {"method", "handler", "status_code", "le"}}, "fastapi-instrumentator"},
		"a counter of path and code": {map[string][]string{"http_requests_total": {"method", "path", "code"}}, "default"},
		"a counter without routes, a histogram with them": {map[string][]string{
			"http_requests_total": {"method", "code"}, "http_request_duration_seconds": {"method", "path", "status_code", "le"},
		}, "express-prom-bundle"},
		"a counter without routes, a histogram with paths": {map[string][]string{
			"http_requests_total": {"method", "code"}, "http_request_duration_seconds": {"method", "path", "le"},
		}, "default"},
		"a counter without routes, FastAPI's histogram": {map[string][]string{
			"http_requests_total": {"method", "code"}, "http_request_duration_seconds": {"method", "handler", "le"},
		}, "fastapi-instrumentator"},
		"a counter without routes, a histogram with handlers": {map[string][]string{
			"http_requests_total": {"method", "code"}, "http_request_duration_seconds": {"method", "code", "handler", "le"},
		}, "promhttp"},
		"unknown labels":                {map[string][]string{"http_requests_total": {"verb", "uri"}}, ""},
		"labels of its own":             {map[string][]string{"http_requests_total": {"tenant", "status", "path", "method"}}, "default"},
		"no series yet":                 {map[string][]string{"flask_http_request_total": nil, "flask_http_request_duration_seconds": nil}, "flask"},
		"no series yet, a name of many": {map[string][]string{"http_requests_total": nil}, ""},
		"in flight alone":               {map[string][]string{"http_requests_in_flight": nil}, ""},
		"le does not matter":            {map[string][]string{"http_request_duration_seconds": {"le", "handler", "method"}}, "fastapi-instrumentator"},
		"le and quantile are no labels": {map[string][]string{
			"flask_http_request_duration_seconds": {"le"}, "gin_request_duration_seconds": {"quantile"},
		}, "flask go-gin-prometheus"},
		"two libraries, one name each": {map[string][]string{
			"http_requests_total":           {"method", "path", "status"},
			"http_request_duration_seconds": {"service", "handler", "method", "code"},
		}, "go-http-metrics default"},
		"OpenMetrics": {map[string][]string{"flask_http_request": {"method", "status"}}, "flask"},
	} {
		if got := names(schema.Detect(c.families)); got != c.want {
			t.Errorf("%s: detected %q, want %q", name, got, c.want)
		}
	}
}

// TestDetectNarrows: the schema that comes back has only the labels that the
// service has; what it has not shown at all is left as it is.
func TestDetectNarrows(t *testing.T) {
	got := schema.Detect(readExposition(t, "gin-tutorial").labels())[0]
	if want := []string{"method", "path"}; !slices.Equal(got.Duration.LabelNames(), want) {
		t.Errorf("the tutorial's latency has the labels %v, want %v", got.Duration.LabelNames(), want)
	}
	if got.Panics.Name == "" || len(got.Panics.Labels) != 2 {
		t.Errorf("a family that was not shown was changed: %+v", got.Panics)
	}
	if all := schema.Default().Duration.LabelNames(); len(all) != 3 {
		t.Errorf("the known schema was changed: %v", all)
	}
}

// TestDetectCounts: the count of the latency stands in for a counter that is
// missing, or that knows no routes where the latency does.
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
		spoken := schema.Detect(c.families)
		if len(spoken) != 1 {
			t.Errorf("%s: detected %q, want one schema", name, names(spoken))
			continue
		}
		if f, suffix := spoken[0].Counter(); f.Name+suffix != c.want {
			t.Errorf("%s: counted by %s%s, want %s", name, f.Name, suffix, c.want)
		}
	}
}
