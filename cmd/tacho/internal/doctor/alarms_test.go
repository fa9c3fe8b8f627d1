package doctor

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// innocent lists healthy services that resemble faulty ones: the check must find nothing,
// or nothing above info.
var innocent = []struct {
	name    string
	id      string
	service func() http.Handler
}{
	{"templates", "raw-ids", lines(`http_requests_total{method="GET",path="/users/{id}"} 1`, `http_requests_total{method="GET",path="/users/:id"} 1`,
		`http_requests_total{method="GET",path="/users/<int:id>"} 1`)},
	{"versions of an API", "raw-ids", lines(repeat(4, `http_requests_total{method="GET",path="/#/users"} 1`))},
	{"pages for errors", "raw-ids", lines(`hits_total{path="/errors/404"} 1`, `hits_total{path="/errors/403"} 1`, `hits_total{path="/errors/500"} 1`)},
	{"processors", "raw-ids", lines(repeat(256, `cpu_seconds_total{cpu="#"} 1`))},
	{"a few devices", "raw-ids", lines(repeat(8, `gpu_load{gpu_id="#"} 1`))},
	{"mount points", "raw-ids", lines(repeat(9, `free_bytes{mountpoint="/run/user/100#"} 1`))},
	{"serial numbers of disks", "raw-ids", lines(repeat(9, `disk_info{serial="5000c500a1b2c3d#"} 1`))},
	{"a build", "raw-ids", lines(`build_info{revision="9f86d081884c7d65"} 1`, `built{commit="9f86d081884c7d65"} 1`)},
	{"statuses", "raw-ids", lines(repeat(30, `http_requests_total{code="40#"} 1`))},

	{"WebDAV", "unbounded-method", lines(methods("GET PROPFIND MKCOL REPORT"))},
	{"stand-ins", "unbounded-method", lines(methods("GET OTHER _OTHER unknown"))},
	{"one method of its own", "unbounded-method", lines(methods("GET BREW"))},
	{"commands of a database", "unbounded-method", lines(methods("get hgetall zadd"))},
	{"calls", "unbounded-method", lines(methods("GetUser ListUsers"))},
	{"hosts that it calls", "client-label", lines(repeat(30, `http_client_requests_total{method="GET",host="api-#.example"} 1`))},
	{"hosts that it watches", "client-label", lines(repeat(30, `up_seconds{host="db-#"} 1`))},
	{"a service in PHP", "unmatched-paths", lines(`http_requests_total{method="GET",path="/index.php",status="200"} 1`,
		`http_requests_total{method="GET",path="/index.php",status="404"} 1`)},
	{"routes that find nothing", "unmatched-paths", lines(repeat(9, `http_requests_total{method="GET",path="/things#/{id}",status="404"} 1`))},
	{"words that are no statuses", "status-text", lines(`http_requests_total{method="GET",status="success"} 1`, `http_requests_total{method="GET",status="2xx"} 1`)},
	{"codes of gRPC", "status-text", lines(`grpc_server_handled_total{grpc_code="OK"} 1`)},

	{"little traffic", "beyond-buckets", lines("# TYPE h histogram", `h_bucket{le="1"} 1`, `h_bucket{le="+Inf"} 99`, "h_sum 9", "h_count 99")},
	{"4% above the highest", "beyond-buckets", lines("# TYPE h histogram", `h_bucket{le="1"} 96`, `h_bucket{le="+Inf"} 100`, "h_sum 9", "h_count 100")},
	{"narrow buckets", "one-bucket", histogramOf("http_request_duration_seconds", []float64{0.1, 0.2, 0.4}, 0.3)},
	{"fast requests", "one-bucket", histogramOf("http_request_duration_seconds", nil, 0.001)},
	{"buckets of a library", "beyond-buckets", lines("# TYPE prometheus_x_seconds histogram", `prometheus_x_seconds_bucket{le="1"} 1`,
		`prometheus_x_seconds_bucket{le="+Inf"} 199`, "prometheus_x_seconds_sum 900", "prometheus_x_seconds_count 199")},
	{"a native histogram", "beyond-buckets", nativeHistogram(nil)},
	{"a native histogram with classic buckets", "beyond-buckets", nativeHistogram([]float64{0.1, 1})},
	{"a native histogram without classic buckets", "broken-histogram", nativeHistogram(nil)},
	{"no observations", "broken-histogram", lines("# TYPE h histogram", `h_bucket{le="+Inf"} 0`, "h_sum 0", "h_count 0")},
	{"a histogram without children", "broken-histogram", lines("# TYPE h histogram")},
	{"names of a library", "lint", lines("# HELP go_x X.", "# TYPE go_x counter", "go_x 1")},
	{"units of a library", "units", lines("# HELP python_wait_milliseconds X.", "# TYPE python_wait_milliseconds gauge", "python_wait_milliseconds 1")},
	{"quantiles without observations", "nan", lines("# TYPE s summary", `s{quantile="0.5"} NaN`, "s_sum 0", "s_count 0")},
	{"a gauge and a counter that share a name in OpenMetrics", "duplicate-families", of(typed("application/openmetrics-text; version=1.0.0",
		"# TYPE heap_bytes gauge", "heap_bytes 1", "# TYPE heap_bytes counter", "heap_bytes_total 2", "# EOF"))},

	{"a limit of requests", "scrape-fails", limited},
	{"text without a content type", "malformed", of(typed("", "# TYPE a gauge", "a 1"))},
	{"ids, which another check has named", "many-values", business("user_id", 600, "10#")},

	{"an equal counter", "several-processes", lines("# TYPE a_total counter", "a_total 7")},
	{"a start time that is reckoned anew", "several-processes", changing("# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1700000000.%d\n", 1, 3, 2)},
	{"a gauge that is called so", "several-processes", changing("# TYPE orders_created gauge\norders_created %d\n", 5, 9, 2)},
	{"times that are corrected", "counter-falls", changing("# TYPE wait_seconds_total counter\nwait_seconds_total 1000.%d\n# TYPE a_total counter\na_total 1\n# TYPE b_total counter\nb_total 1\n", 9, 8, 7)},
	{"a gauge that falls", "counter-falls", changing("# TYPE queue gauge\nqueue %d\n", 9, 1, 5)},
	{"routes that are met for the first time", "growth", warming},
}

func TestNoFalseAlarms(t *testing.T) {
	for _, c := range innocent {
		t.Run(c.name, func(t *testing.T) {
			for _, f := range examine(t, c.service()).with(c.id) {
				if f.Severity > Info {
					t.Errorf("%v %s: %s: %s", f.Severity, f.ID, f.Title, f.Evidence)
				}
			}
		})
	}
}

func methods(list string) string {
	var lines []string
	for _, m := range strings.Fields(list) {
		lines = append(lines, fmt.Sprintf("calls_total{method=%q} 1", m))
	}
	return strings.Join(lines, "\n")
}

// changing puts the values into the format in turn.
func changing(format string, values ...int) func() http.Handler {
	var handlers []http.Handler
	for _, v := range values {
		n := strings.Count(format, "%d")
		handlers = append(handlers, exposed(fmt.Sprintf(format, []any{v}[:n]...)))
	}
	return inTurn(handlers...)
}

// limited answers one request in two.
func limited() http.Handler {
	tooMany := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Error(w, "slower!", http.StatusTooManyRequests) })
	return inTurn(tooMany, exposed("# TYPE a gauge", "a 1"))()
}

// warming has few routes at first and soon all of them.
func warming() http.Handler {
	var n atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		routes := 1
		if n.Add(1) > 1 {
			routes = 40
		}
		exposed(repeat(routes, `http_requests_total{method="GET",path="/r#x"} 1`)).ServeHTTP(w, r)
	})
}
