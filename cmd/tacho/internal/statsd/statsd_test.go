package statsd

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
)

// TestDatagrams: what each metric counts as.
func TestDatagrams(t *testing.T) {
	for _, c := range []struct{ name, send, family, want string }{
		{"status", "gunicorn.request.status.200:1|c|@1.0", "http_requests_total", `http_requests_total{app="",method="unknown",path="unknown",status="200"} 1`},
		{"prefix", "shop.eu.gunicorn.request.status.404:2|c", "http_requests_total", `http_requests_total{app="shop.eu",method="unknown",path="unknown",status="404"} 2`},
		{"Gunicorn's own name as the prefix", "gunicorn.gunicorn.workers:1|g", "gunicorn_workers", `gunicorn_workers{app="gunicorn"} 1`},
		{"one character", "agunicorn.workers:1|g", "gunicorn_workers", `gunicorn_workers{app="a"} 1`},
		{"sampled", "gunicorn.request.status.500:1|c|@0.5", "http_requests_total", `http_requests_total{app="",method="unknown",path="unknown",status="500"} 2`},
		{"workers", "gunicorn.workers:4|g", "gunicorn_workers", `gunicorn_workers{app=""} 4`},
		{"log", "gunicorn.log.error:1|c|@1.0", "gunicorn_log_messages_total", `gunicorn_log_messages_total{app="",level="error"} 1`},
		{"several lines", "gunicorn.workers:1|g\ngunicorn.workers:3|g\n", "gunicorn_workers", `gunicorn_workers{app=""} 3`},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := New(&net.UDPConn{})
			l.datagram([]byte(c.send))
			if got := exported(t, l, c.family); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func exported(t *testing.T, l *Listener, family string) string {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(l.requests, l.duration, l.workers, l.logs, l.metrics)
	text, err := testutil.CollectAndFormat(reg, expfmt.TypeTextPlain, family)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return strings.Join(lines, "\n")
}

func TestDuration(t *testing.T) {
	l := New(&net.UDPConn{})
	l.datagram([]byte("gunicorn.request.duration:35.218|ms\ngunicorn.request.duration:1|ms|@0.25"))
	text := exported(t, l, "http_request_duration_seconds")
	for _, want := range []string{`le="0.001"} 4`, `le="0.05"} 5`, "_count{app=\"\",method=\"unknown\",path=\"unknown\",status=\"unknown\"} 5"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nhas no %s", text, want)
		}
	}
}

// TestHostileDatagrams: they are counted as malformed or ignored, and create no series.
func TestHostileDatagrams(t *testing.T) {
	l := New(&net.UDPConn{})
	for _, bad := range []string{"x", ":", ":1|c", "gunicorn.workers:|g", "gunicorn.workers:NaN|g", "gunicorn.workers:Inf|g", "gunicorn.workers:1", "gunicorn.request.status.200:1|c|@0", "gunicorn.request.status.200:1|c|@-1", "gunicorn.request.status.200:1|c|@x",
		"gunicorn.request.status.200:1e308|c|@0.001", "gunicorn.workers:-1e308|g", "gunicorn.request.duration:1|ms|@1e-9", strings.Repeat("a", 1000) + ".gunicorn.workers:1|g"} {
		l.datagram([]byte(bad))
	}
	const bad = 14
	for _, other := range []string{"a.b:1|c", "gunicorn.request.status.999:1|c", "gunicorn.request.status.abc:1|c", "gunicorn.request.status.200:-1|c", "gunicorn.request.duration:-1|ms", "gunicorn.log.x:1|c", "gunicorn.workers:1|c", "gunicorn.new:1|c"} {
		l.datagram([]byte(other))
	}
	want := fmt.Sprintf("tacho_statsd_metrics_total{outcome=\"accepted\"} 0\ntacho_statsd_metrics_total{outcome=\"ignored\"} 8\ntacho_statsd_metrics_total{outcome=\"malformed\"} %d", bad)
	if got := exported(t, l, "tacho_statsd_metrics_total"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	l = New(&net.UDPConn{})
	for i := range 300 {
		l.datagram(fmt.Appendf(nil, "p%d.gunicorn.workers:1|g", i))
	}
	if n := testutil.CollectAndCount(l.workers); n != maxApps+1 {
		t.Errorf("%d services, want %d and the overflow", n, maxApps)
	}
}

// TestServe: datagrams over UDP, until the context ends.
func TestServe(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := New(conn)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Serve(ctx, conn) }()
	c, err := net.Dial("udp", conn.LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 100 {
		if _, err := c.Write([]byte("gunicorn.request.status.200:1|c|@1.0")); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(10 * time.Second); testutil.ToFloat64(l.metrics.WithLabelValues(accepted)) < 100; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the datagrams do not arrive")
		}
	}
	if n := drops(conn); n != 0 {
		t.Errorf("%v drops", n)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func FuzzDatagram(f *testing.F) {
	f.Add([]byte("shop.gunicorn.request.duration:35.218|ms\ngunicorn.request.status.200:1|c|@1.0"))
	f.Fuzz(func(_ *testing.T, packet []byte) { New(&net.UDPConn{}).datagram(packet) })
}
