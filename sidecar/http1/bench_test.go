package http1_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/sidecar/http1"
)

// BenchmarkRoundTrip compares a request with one through net/http's Transport, on connections that stay open and
// on new ones.
func BenchmarkRoundTrip(b *testing.B) {
	for _, c := range []struct{ name, response, body string }{
		{"kept", ok, ""},
		{"new", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", ""},
		{"kept, with a body", ok, "some"},
	} {
		s := startRaw(b, c.response, strings.Contains(c.response, "close"))
		for _, transport := range []struct {
			name string
			http.RoundTripper
		}{
			{"http1", &http1.Transport{Dial: s.dial, MaxIdle: 100}},
			{"nethttp", &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return s.dial(ctx) }, MaxIdleConnsPerHost: 100}},
		} {
			b.Run(c.name+"/"+transport.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetParallelism(16)
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						r, _ := http.NewRequestWithContext(b.Context(), http.MethodPut, "http://service/", strings.NewReader(c.body))
						res, err := transport.RoundTrip(r)
						if err != nil {
							b.Fatal(err)
						}
						_, _ = io.Copy(io.Discard, res.Body)
						_ = res.Body.Close()
					}
				})
			})
		}
	}
}
