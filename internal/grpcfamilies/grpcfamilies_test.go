package grpcfamilies

import (
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/tacho-go/tacho"
)

func register(t *testing.T, reg *prometheus.Registry) *Families {
	t.Helper()
	f, err := Of(reg, Server)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// TestFamilies: servers on one registry share the series, codes that do not exist are Unknown, and a
// method that no service has is unmatched.
func TestFamilies(t *testing.T) {
	reg := prometheus.NewRegistry()
	one, two := register(t, reg), register(t, reg)
	if one.Known("/shop.Shop/Buy") != nil {
		t.Error("a method is known before it was registered")
	}
	buy := one.Method("/shop.Shop/Buy", Kind(false, false))
	if two.Known("/shop.Shop/Buy") != buy {
		t.Error("two servers have different series")
	}
	for _, m := range []*Method{buy, two.Method(tacho.Unmatched, Kind(true, true))} {
		m.Begin()
		m.Receive()
		m.Send()
		m.End(99, 0.1)
	}
	buy.End(5, 0.1)
	for name, want := range map[string]string{
		"grpc_server_handled_total": `
# HELP grpc_server_handled_total Total number of RPCs completed on the server, regardless of success or failure.
# TYPE grpc_server_handled_total counter
grpc_server_handled_total{grpc_code="NotFound",grpc_method="Buy",grpc_service="shop.Shop",grpc_type="unary"} 1
grpc_server_handled_total{grpc_code="Unknown",grpc_method="Buy",grpc_service="shop.Shop",grpc_type="unary"} 1
grpc_server_handled_total{grpc_code="Unknown",grpc_method="unmatched",grpc_service="unmatched",grpc_type="bidi_stream"} 1
`,
		"grpc_server_msg_sent_total": `
# HELP grpc_server_msg_sent_total Total number of gRPC stream messages sent by the server.
# TYPE grpc_server_msg_sent_total counter
grpc_server_msg_sent_total{grpc_method="Buy",grpc_service="shop.Shop",grpc_type="unary"} 1
grpc_server_msg_sent_total{grpc_method="unmatched",grpc_service="unmatched",grpc_type="bidi_stream"} 1
`,
	} {
		if err := testutil.GatherAndCompare(reg, strings.NewReader(want), name); err != nil {
			t.Error(err)
		}
	}
	buy.Initialize()
	if n, err := testutil.GatherAndCount(reg, "grpc_server_handled_total"); err != nil || n != len(codes)+1 {
		t.Errorf("%d series have a code, %v; want %d", n, err, len(codes)+1)
	}
}

// TestTaken: metrics of another library are an error.
func TestTaken(t *testing.T) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(prometheus.NewCounter(prometheus.CounterOpts{Name: "grpc_client_started_total", Help: "Of another library."}))
	if _, err := Of(reg, Client); err == nil || !strings.Contains(err.Error(), "grpc_client_* metrics of another library") {
		t.Errorf("the error is %v", err)
	}
}

// TestNothing: the zero value exports nothing.
func TestNothing(t *testing.T) {
	var f Families
	m := f.Method("/shop.Shop/Buy", Kind(false, true))
	m.Initialize()
	m.Begin()
	m.Receive()
	m.Send()
	m.End(0, 1)
	if f.Known(m.Name) != m {
		t.Error("the method is not known")
	}
}
