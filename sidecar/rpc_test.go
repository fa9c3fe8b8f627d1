package sidecar_test

import (
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/sidecar"
)

// resetting returns a service of HTTP/2 that resets every stream with a code, perhaps after the header and the
// first bytes of a response. It stays open until the proxy leaves.
func resetting(code uint32, begins bool) func(net.Conn) {
	return func(c net.Conn) {
		preface := make([]byte, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"))
		if _, err := io.ReadFull(c, preface); err != nil {
			return
		}
		frame := func(kind, flags byte, stream uint32, payload string) {
			b := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
			b = binary.BigEndian.AppendUint32(append(b, flags), stream)
			_, _ = c.Write(append(b, payload...))
		}
		const data, headers, reset, settings, endHeaders = 0x0, 0x1, 0x3, 0x4, 0x4
		frame(settings, 0, 0, "")
		for {
			var h [9]byte
			if _, err := io.ReadFull(c, h[:]); err != nil {
				return
			}
			length, stream := binary.BigEndian.Uint32(h[:])>>8, binary.BigEndian.Uint32(h[5:])
			if _, err := io.CopyN(io.Discard, c, int64(length)); err != nil {
				return
			}
			if h[3] != headers {
				continue
			}
			if begins {
				frame(headers, endHeaders, stream, "\x88") // :status 200, of HPACK's static table
				frame(data, 0, stream, "abc")
			}
			frame(reset, 0, stream, string(binary.BigEndian.AppendUint32(nil, code)))
		}
	}
}

// TestRPCFaults: the client of an RPC gets its code from the proxy as it would get it from a service that fails in
// this way: in the response's header, or after what the service had sent. It counts as the status of this code.
func TestRPCFaults(t *testing.T) {
	const internalError, refused, canceled = 0x2, 0x7, 0x8
	nobody := func(net.Conn) {}
	for name, c := range map[string]struct {
		service func(net.Conn)
		timeout string // Grpc-Timeout
		change  func(*sidecar.Options)
		header  string // Grpc-Status there
		trailer string
		status  string // that is counted
		cause   string
	}{
		"the service closes":                 {nobody, "", nil, "14", "", "503", "closed"},
		"it does not respond":                {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, "", func(o *sidecar.Options) { o.ResponseTimeout = 1 }, "4", "", "504", "response_timeout"},
		"no upstream":                        {nobody, "", func(o *sidecar.Options) { o.Upstreams[0].Host = "other" }, "12", "", "501", "no_upstream"},
		"too large":                          {nobody, "", func(o *sidecar.Options) { o.MaxBodyBytes = 1 }, "8", "", "429", "too_large"},
		"a reset":                            {resetting(internalError, false), "", nil, "13", "", "500", "closed"},
		"a stream that is refused":           {resetting(refused, false), "", nil, "14", "", "503", "closed"},
		"the service cancels":                {resetting(canceled, false), "", nil, "1", "", "499", "closed"},
		"the service cancels early":          {resetting(canceled, false), "1H", nil, "1", "", "499", "closed"},
		"the service cancels at the timeout": {resetting(canceled, false), "1n", nil, "4", "", "504", "response_timeout"},
		"no valid timeout":                   {resetting(canceled, false), "1x", nil, "1", "", "499", "closed"},
		"a timeout of 11,000 years":          {resetting(canceled, false), "99999999H", nil, "1", "", "499", "closed"},
		"a reset within the response":        {resetting(internalError, true), "", nil, "", "13", "500", "aborted"},
		"at the timeout within the response": {resetting(canceled, true), "1n", nil, "", "4", "504", "aborted"},
	} {
		t.Run(name, func(t *testing.T) {
			var changes []func(*sidecar.Options)
			if c.change != nil {
				changes = append(changes, c.change)
			}
			r := startFor(t, "h2c://"+listenRaw(t, c.service), changes...)
			req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+r.address+"/a.B/C", strings.NewReader("abc"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}}
			if c.timeout != "" {
				req.Header.Set("Grpc-Timeout", c.timeout)
			}
			res, err := protocolClient(t, true).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if res.StatusCode != 200 || err != nil || (c.trailer != "") != (string(body) == "abc") {
				t.Errorf("status %d, body %q, %v", res.StatusCode, body, err)
			}
			if header, trailer := res.Header.Get("Grpc-Status"), res.Trailer.Get("Grpc-Status"); header != c.header || trailer != c.trailer {
				t.Errorf("Grpc-Status: header %q, trailer %q, want %q, %q", header, trailer, c.header, c.trailer)
			}
			if got := res.Header.Get("Grpc-Message") + res.Trailer.Get("Grpc-Message"); got == "" {
				t.Error("no Grpc-Message")
			}
			r.settled(1)
			if got := r.metrics("http_requests_total{"); !strings.Contains(got, `status="`+c.status+`"`) {
				t.Errorf("counted as\n%s\nwant %s", got, c.status)
			}
			if got := r.metrics("tacho_proxy_client_errors") + r.metrics("tacho_proxy_upstream_errors"); strings.Count(got, " 1") != 1 || !regexp.MustCompile(`cause="`+c.cause+`".* 1`).MatchString(got) {
				t.Errorf("no cause %s, or more:\n%s", c.cause, got)
			}
		})
	}
}

// TestRPCWithoutCode: a stream that its client leaves is canceled, and one that the service ends without a code is
// not OK.
func TestRPCWithoutCode(t *testing.T) {
	for name, want := range map[string]string{"left": "499", "ended": "500"} {
		t.Run(name, func(t *testing.T) {
			r := startFor(t, "h2c://"+startService(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.WriteString(w, "abc")
				_ = http.NewResponseController(w).Flush()
				if want == "499" {
					<-r.Context().Done()
				}
			})))
			req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+r.address+"/a.B/C", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/grpc")
			res, err := protocolClient(t, true).Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.CopyN(io.Discard, res.Body, 3); err != nil {
				t.Fatal(err)
			}
			if want == "500" {
				_, _ = io.ReadAll(res.Body)
			}
			res.Body.Close()
			r.settled(1)
			if got := r.metrics("http_requests_total{"); !strings.Contains(got, `status="`+want+`"`) {
				t.Errorf("counted as\n%s\nwant %s", got, want)
			}
		})
	}
}
