package schema

import "strings"

// RouteOf returns the route of a series, given the values of its labels: that of the label, or of
// the labels to Join. RPCs without a known method, which an exporter calls unmatched or unknown, are
// one route of that name.
func (l LabelName) RouteOf(value func(name string) string) string {
	if l.Join == nil {
		return value(l.Name)
	}
	var b strings.Builder
	for _, name := range l.Join {
		b.WriteString("/" + value(name))
	}
	if first := value(l.Join[0]); len(l.Join) > 1 && (first == "unmatched" || first == "unknown") {
		return first
	}
	return b.String()
}

// Labels returns the labels of a route's series and their values: the opposite of RouteOf.
func (l LabelName) Labels(route string) (names, values []string) {
	if l.Join == nil {
		return []string{l.Name}, []string{route}
	}
	rest, slashed := strings.CutPrefix(route, "/")
	if !slashed {
		return l.Join[:1], []string{route}
	}
	if last := strings.LastIndexByte(rest, '/'); len(l.Join) > 1 && last >= 0 {
		return l.Join, []string{rest[:last], rest[last+1:]}
	}
	return l.Join[:1], []string{rest}
}

// joined is the route of an RPC, whose last part is the label name.
func joined(name string, before ...string) LabelName {
	return LabelName{Name: name, Value: Route, Join: append(before, name)}
}

// GoGRPCMiddleware returns the names of github.com/grpc-ecosystem/go-grpc-middleware's
// providers/prometheus and of its predecessor, go-grpc-prometheus. The latency exists if the
// program enables it, and has no code. tachogrpc exports the same names.
func GoGRPCMiddleware() Schema {
	route := joined("grpc_method", "grpc_service")
	kind := LabelName{Name: "grpc_type", Value: CallType}
	return Schema{
		Name: "go-grpc-middleware", RPC: true,
		Requests: Family{
			Name: "grpc_server_handled_total", Kind: Counter,
			Labels: []LabelName{{Name: "grpc_code", Value: Status}, route, kind},
			Help:   "Total number of RPCs completed on the server, regardless of success or failure.",
		},
		Duration: Family{
			Name: "grpc_server_handling_seconds", Kind: Histogram, Unit: "seconds", Labels: []LabelName{route, kind},
			Help: "Histogram of response latency (seconds) of gRPC that had been application-level handled by the server.",
		},
	}
}

// OTelRPC returns the semantic conventions of OpenTelemetry for RPCs, as its Prometheus exporters
// write them: otelgrpc since 0.65 and otelconnect since 0.8. The method's name includes the
// service. There is no counter.
// https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/
func OTelRPC() Schema {
	return Schema{
		Name: "otel-rpc", RPC: true,
		Duration: Family{
			Name: "rpc_server_call_duration_seconds", Kind: Histogram, Unit: "seconds",
			Labels: []LabelName{
				joined("rpc_method"),
				{Name: "rpc_response_status_code", Value: Status, Optional: true},
				{Name: "error_type", Value: ErrorType, Optional: true},
			},
			Help: "Measures the duration of an incoming Remote Procedure Call (RPC).",
		},
	}
}

// OTelRPCOld returns the earlier conventions, which otelgrpc still exports with
// OTEL_SEMCONV_STABILITY_OPT_IN=rpc/old. The latency is in milliseconds. The code is a number, or
// absent in Connect's successful calls.
func OTelRPCOld() Schema {
	code := LabelName{
		Name: "rpc_grpc_status_code", Value: Status, Optional: true,
		Aliases: []string{"rpc_response_status_code", "rpc_connect_rpc_error_code"},
	}
	return Schema{
		Name: "otel-rpc-old", RPC: true,
		Duration: Family{
			Name: "rpc_server_duration_milliseconds", Kind: Histogram, Unit: "milliseconds",
			Labels: []LabelName{joined("rpc_method", "rpc_service"), code},
			Help:   "Measures the duration of inbound RPC.",
		},
	}
}

// Kratos returns the names that the metrics middleware of github.com/go-kratos/kratos proposes. The
// name of its histogram ends in _bucket. The code is an HTTP status for gRPC, too.
func Kratos() Schema {
	operation := LabelName{Name: "operation", Value: Route}
	kind := LabelName{Name: "kind", Value: Transport}
	return Schema{
		Name: "kratos", RPC: true,
		Requests: Family{
			Name: "server_requests_code_total", Kind: Counter,
			Labels: []LabelName{byCode, kind, operation, {Name: "reason", Value: Reason, Optional: true}},
		},
		Duration: Family{
			Name: "server_requests_seconds_bucket", Kind: Histogram, Unit: "seconds", Labels: []LabelName{kind, operation},
		},
	}
}

// GoZeroRPC returns the names of zrpc in github.com/zeromicro/go-zero. The method is the full one,
// the code a number, and streams are not measured.
func GoZeroRPC() Schema {
	method := LabelName{Name: "method", Value: Route}
	return Schema{
		Name: "go-zero-rpc", RPC: true,
		Requests: Family{
			Name: "rpc_server_requests_code_total", Kind: Counter, Labels: []LabelName{byCode, method},
			Help: "rpc server requests code count.",
		},
		Duration: Family{
			Name: "rpc_server_requests_duration_ms", Kind: Histogram, Unit: "milliseconds", Labels: []LabelName{method},
			Help: "rpc server requests duration(ms).",
		},
	}
}
