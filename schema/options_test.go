package schema_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/schema"
)

// recordable says which of the known schemas can be recorded, and what keeps
// the others from it.
var recordable = map[string]string{
	"default": "", "flask": "", "otel": "", "gin-metrics": "", "fiberprometheus": "",
	"promhttp": "", "go-http-metrics": "", "fastapi-instrumentator": "", "django-prometheus": "",
	"express-prom-bundle": "", "prom-client": "",

	"go-gin-prometheus":    "its label handler carries what tacho does not record",
	"ginprom":              "its label handler carries what tacho does not record",
	"echoprometheus":       "its label host carries what tacho does not record", // a client's header
	"starlette_exporter":   "its label app_name carries what tacho does not record",
	"starlette-prometheus": "its label exception_type carries what tacho does not record",
	"micrometer":           "its label outcome carries what tacho does not record",

	"go-zero":            "it is in milliseconds; only seconds can be recorded there",
	"hertz":              "it is in microseconds; only seconds can be recorded there",
	"go-grpc-middleware": "its label grpc_method is a part of the route",
	"otel-rpc":           "its label rpc_method is a part of the route",
	"otel-rpc-old":       "it is in milliseconds; only seconds can be recorded there",
	"kratos":             "its label kind carries what tacho does not record there",
	"go-zero-rpc":        "it is in milliseconds; only seconds can be recorded there",
}

// TestRecordableSchemas: whatever library a service's dashboards were made for,
// its names can be recorded if their labels can, and are then detected as that
// library's. What cannot be recorded New refuses, and no request finds out.
func TestRecordableSchemas(t *testing.T) {
	for _, s := range schema.Known() {
		refusal, known := recordable[s.Name]
		if !known {
			t.Errorf("%s is not in the table", s.Name)
		}
		m, err := tacho.New(tacho.Options{Schema: s, OmitRuntime: true})
		switch {
		case refusal != "":
			if err == nil || !strings.Contains(err.Error(), "Options.Schema: ") || !strings.Contains(err.Error(), refusal) {
				t.Errorf("%s is refused by %v, want %q", s.Name, err, refusal)
			}
		case err != nil:
			t.Errorf("%s is refused: %v", s.Name, err)
		default:
			speaks(t, m, s.Name)
		}
	}
}

func speaks(t *testing.T, m *tacho.Meter, want string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(http.ResponseWriter, *http.Request) {})
	for _, path := range []string{"/orders/1", "/orders/2", "/nowhere"} {
		m.Handler(mux).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
	}
	families, err := m.Gatherer().Gather()
	if err != nil {
		t.Errorf("%s: %v", want, err)
	}
	labels := map[string][]string{}
	for _, f := range families {
		labels[f.GetName()] = nil
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels[f.GetName()] = append(labels[f.GetName()], l.GetName())
		}
	}
	detected := schema.Detect(labels)
	if len(detected) != 1 || detected[0].Name != want {
		t.Errorf("%s is detected as %v of %v", want, detected, labels)
	}
}

// TestRenamedSchema: other names for the same labels are fine.
func TestRenamedSchema(t *testing.T) {
	s := schema.Default()
	s.Requests.Name = "web_requests_total"
	s.Requests.Labels = []schema.LabelName{{Name: "code", Value: schema.Status}, {Name: "verb", Value: schema.Method}, {Name: "route", Value: schema.Route}}
	if _, err := tacho.New(tacho.Options{Schema: s}); err != nil {
		t.Error(err)
	}
}
