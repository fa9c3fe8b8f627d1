package adapter_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
)

func same(r adapter.Route) adapter.Route { return r }

// TestSetUpAnytime: routes that are there already are measured like others.
func TestSetUpAnytime(t *testing.T) {
	var log strings.Builder
	routes := []adapter.Route{{Method: "GET", Path: "/early"}, {Method: "GET", Path: "/*"}}
	list := func() []adapter.Route { return routes }
	s := adapter.SetUpAnytime("tachotest", tacho.Options{OmitRuntime: true, Logger: slog.New(slog.NewTextHandler(&log, nil))}, list, same)
	routes = append(routes, adapter.Route{Method: "GET", Path: "/late"})
	s.Serving()
	exposed := scrape(s.Meter)
	for _, path := range []string{"/early", "/*", "/late"} {
		if !strings.Contains(exposed, `http_requests_total{method="GET",path="`+path+`",status="200"} 0`) {
			t.Errorf("%s is not at zero:\n%s", path, exposed)
		}
	}
	if log.Len() > 0 {
		t.Errorf("the log says %s", &log)
	}
}

// TestAnyMethod: a route for any method starts at zero for those of HTTP, unless it is not measured.
func TestAnyMethod(t *testing.T) {
	routes := []adapter.Route{{Method: adapter.AnyMethod, Path: "/early"}}
	s := adapter.SetUp("tachotest", tacho.Options{OmitRuntime: true, Logger: slog.New(slog.DiscardHandler)}, func() []adapter.Route { return routes }, same)
	routes = append(routes, adapter.Route{Method: adapter.AnyMethod, Path: "/any"})
	s.Serving()
	exposed := scrape(s.Meter)
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"} {
		if !strings.Contains(exposed, `http_requests_total{method="`+method+`",path="/any",status="200"} 0`) {
			t.Errorf("%s /any is not at zero:\n%s", method, exposed)
		}
	}
	for _, absent := range []string{`path="/early"`, `method="OTHER"`, `method="*"`} {
		if strings.Contains(exposed, absent) {
			t.Errorf("%s is exported", absent)
		}
	}
}

// TestSetUpNeedsItsPath: a route with the endpoint's path is in the way, one with a * only for
// routers that prefer it. The message names the handler if that is known.
func TestSetUpNeedsItsPath(t *testing.T) {
	for _, c := range []struct {
		route   adapter.Route
		anytime bool
		want    string // "": no panic
	}{
		{adapter.Route{Method: "GET", Path: "/metrics", Handler: "main.old"}, true, "GET /metrics is there already, with the handler main.old; remove"},
		{adapter.Route{Method: "GET", Path: "/metrics"}, true, "GET /metrics is there already; remove"},
		{adapter.Route{Method: "POST", Path: "/metrics"}, true, ""},
		{adapter.Route{Method: "GET", Path: "/*"}, true, ""},
		{adapter.Route{Method: "GET", Path: "/*"}, false, "GET /* is there already; remove"},
	} {
		got := func() (message string) {
			defer func() {
				if v := recover(); v != nil {
					message = fmt.Sprint(v)
				}
			}()
			opts, list := tacho.Options{Logger: slog.New(slog.DiscardHandler)}, func() []adapter.Route { return []adapter.Route{c.route} }
			if c.anytime {
				adapter.SetUpAnytime("tachotest", opts, list, same)
			} else {
				adapter.SetUp("tachotest", opts, list, same)
			}
			return ""
		}()
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v: panicked with %q, want %q", c, got, c.want)
		}
	}
}
