package doctor

import (
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/tacho-go/tacho/internal/lazyregexp"
	"github.com/tacho-go/tacho/schema"
)

// Label names by meaning, in the known libraries and languages.
var (
	methodLabels = []string{"method", "http_method", "http_request_method", "request_method", "verb"}
	statusLabels = []string{
		"status", "code", "status_code", "statuscode", "http_status", "http_code",
		"http_status_code", "http_response_status_code", "response_code", "response_status",
	}
	routeLabels = []string{
		"path", "route", "url", "uri", "handler", "endpoint", "http_route", "url_rule",
		"view", "request_path", "request_uri", "http_target", "http_path", "http_url", "path_template",
	}
	hostLabels   = []string{"host", "http_host", "server_address", "server_name", "vhost", "http_server_name"}
	clientLabels = []string{
		"user_agent", "useragent", "http_user_agent", "user_agent_original", "referer", "referrer",
		"client_ip", "clientip", "remote_addr", "remote_ip", "client_address", "http_client_ip",
		"ip", "x_forwarded_for", "query", "query_string",
	}
)

func hasAny(labels []string, meaning []string) bool { return firstOf(labels, meaning) != "" }

func firstOf(labels []string, meaning []string) string {
	for _, l := range labels {
		if slices.Contains(meaning, strings.ToLower(l)) {
			return l
		}
	}
	return ""
}

// aboutHTTP reports whether the family measures HTTP requests, incoming or outgoing.
func (f *family) aboutHTTP() bool {
	labels := f.labelNames()
	if m := firstOf(labels, methodLabels); m != "" && hasHTTPMethod(f.values(m)) {
		return true
	}
	name := strings.ToLower(f.name)
	return strings.Contains(name, "http") && (hasAny(labels, statusLabels) || hasAny(labels, routeLabels))
}

// hasHTTPMethod requires uppercase, because "get" is a command of many databases.
func hasHTTPMethod(values map[string]int) bool {
	for v := range values {
		switch v {
		case "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS":
			return true
		}
	}
	return false
}

// outgoing reports whether the family measures outgoing requests. Their hosts are chosen
// by the service, not by a client.
func (f *family) outgoing() bool { return outgoingNames.MatchString(f.name) }

var outgoingNames = lazyregexp.New(`client|outgoing|outbound|egress|upstream|probe`)

// fromLibrary reports whether the family belongs to a library, whose names and buckets
// users cannot change.
func (f *family) fromLibrary() bool {
	return libraryNames.MatchString(f.name)
}

var libraryNames = lazyregexp.New(`^(go|process|python|jvm|nodejs|promhttp|prometheus|net_conntrack|tacho)_`)

// A role is the purpose of a family in an HTTP service.
type role struct {
	what    string
	known   func(schema.Schema) schema.Family
	summary func(*family) bool
	fix     string
}

// roles are the metrics that a dashboard of an HTTP service needs, recognized by known
// names or else by their shape.
var roles = []role{
	{
		what:  "a counter of HTTP requests",
		known: func(s schema.Schema) schema.Family { return s.Requests },
		summary: func(f *family) bool {
			return f.kind != model.MetricTypeGauge && // the count of a histogram or summary is sufficient
				strings.Contains(f.name, "request") && f.aboutHTTP()
		},
		fix: "Without it, there is no request rate and no error rate. The middleware of tacho or of your framework adds it.",
	},
	{
		what:    "a histogram of request durations",
		known:   func(s schema.Schema) schema.Family { return s.Duration },
		summary: looksLikeDuration,
		fix:     "Without it, latency is unknown. The middleware of tacho or of your framework adds it.",
	},
	{
		what:  "a gauge of requests in flight",
		known: func(s schema.Schema) schema.Family { return s.InFlight },
		summary: func(f *family) bool {
			return f.kind == model.MetricTypeGauge && inFlightNames.MatchString(f.name)
		},
		fix: "It shows saturation: hanging requests are not in any counter yet.",
	},
	{
		what:    "process metrics",
		summary: func(f *family) bool { return strings.HasPrefix(f.name, "process_") },
		fix: "process_start_time_seconds shows restarts, process_open_fds shows leaks. Client libraries have a collector for them; " +
			"Python's is disabled in multiprocess mode.",
	},
	{
		what:    "metrics of the language's runtime",
		summary: func(f *family) bool { return runtimeNames.MatchString(f.name) },
		fix:     "Garbage collection, threads and memory often explain latency. Client libraries have a collector for them.",
	},
}

var (
	inFlightNames = lazyregexp.New(`in_?flight|in_?progress|active_requests|requests_active|current_requests`)
	runtimeNames  = lazyregexp.New(`^(go|python|jvm|nodejs|ruby|php|dotnet|beam|erlang|rust|tokio)_`)
)

// looksLikeDuration reports whether the family measures HTTP latency.
func looksLikeDuration(f *family) bool {
	timed := f.kind == model.MetricTypeHistogram || f.kind == model.MetricTypeSummary
	return timed && durationNames.MatchString(f.name) && f.aboutHTTP()
}

var durationNames = lazyregexp.New(`duration|latency|seconds|_ms$|millis|time`)
