package expo_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/metertest"
)

// TestServersDeadlineStays: a server that allows less time keeps it, and the next
// request on a connection has none of ours.
func TestServersDeadlineStays(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Endpoint: tacho.Endpoint{Timeout: time.Minute}})
	for name, test := range map[string]struct {
		server *http.Server
		body   io.Reader
		want   []string
	}{
		"none":          {&http.Server{}, nil, []string{"write"}},
		"none and body": {&http.Server{}, strings.NewReader("x"), []string{"write", "read"}},
		"longer":        {&http.Server{WriteTimeout: time.Hour, ReadTimeout: time.Hour}, strings.NewReader("x"), []string{"write", "read"}},
		"shorter":       {&http.Server{WriteTimeout: time.Second, ReadTimeout: time.Second}, strings.NewReader("x"), nil},
	} {
		r := httptest.NewRequest("GET", "/metrics", test.body)
		r = r.WithContext(context.WithValue(r.Context(), http.ServerContextKey, test.server))
		w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
		m.Metrics().ServeHTTP(w, r)
		if fmt.Sprint(w.set) != fmt.Sprint(test.want) {
			t.Errorf("%s: deadlines set for %v, want %v", name, w.set, test.want)
		}
	}
}

type deadlines struct {
	*httptest.ResponseRecorder
	set []string
}

func (d *deadlines) SetWriteDeadline(time.Time) error { d.set = append(d.set, "write"); return nil }
func (d *deadlines) SetReadDeadline(time.Time) error  { d.set = append(d.set, "read"); return nil }

// countPools counts the compressors that are made until the test ends.
func countPools(t *testing.T) (made func() int) {
	t.Helper()
	n := 0
	for i := range expo.Encodings {
		real := expo.Encodings[i].Pool
		expo.Encodings[i].Pool = &sync.Pool{New: func() any {
			n++
			return real.New()
		}}
		t.Cleanup(func() { expo.Encodings[i].Pool = real })
	}
	return func() int { return n }
}

// failing is a client that leaves after some bytes.
type failing struct {
	metertest.Sink
	left int
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, errors.New("gone")
	}
	return len(p), nil
}

// TestCompressorsComeBack: whatever becomes of an answer, the compressor that it
// took is used again.
func TestCompressorsComeBack(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Logger: slog.New(slog.DiscardHandler)})
	for i := range 1000 {
		metertest.Record(m, "GET", fmt.Sprintf("/some/route/%d", i), 200)
	}
	h := m.Metrics()
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for name, serve := range map[string]func(r *http.Request){
		"HEAD":                  func(r *http.Request) { r.Method = "HEAD"; h.ServeHTTP(metertest.NewSink(), r) },
		"GET":                   func(r *http.Request) { h.ServeHTTP(metertest.NewSink(), r) },
		"a client that is gone": func(r *http.Request) { h.ServeHTTP(metertest.NewSink(), r.WithContext(gone)) },
		"a client that leaves":  func(r *http.Request) { h.ServeHTTP(&failing{Sink: *metertest.NewSink(), left: 10}, r) },
		"a writer that panics": func(r *http.Request) {
			defer func() { _ = recover() }()
			h.ServeHTTP(&bursting{*metertest.NewSink()}, r)
		},
	} {
		for _, coding := range []string{"gzip", "zstd"} {
			t.Run(name+" "+coding, func(t *testing.T) {
				made := countPools(t)
				const times = 40
				for range times {
					r := httptest.NewRequest("GET", "/metrics", nil)
					r.Header.Set("Accept-Encoding", coding)
					serve(r)
				}
				if n := made(); n > times*3/4 { // under -race pools forget one in four
					t.Errorf("%d compressors were made for %d requests one after the other", n, times)
				}
			})
		}
	}
}

type bursting struct{ metertest.Sink }

func (*bursting) Write([]byte) (int, error) { panic(http.ErrAbortHandler) }

// TestHeadCostsNothing: HEAD tells what GET would, without the work.
func TestHeadCostsNothing(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	h := m.Metrics()
	head := httptest.NewRequest("HEAD", "/metrics", nil)
	head.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, head)
	if w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Content-Type") == "" || w.Body.Len() > 0 {
		t.Errorf("HEAD: %v, %d bytes", w.Header(), w.Body.Len())
	}
	made := countPools(t)
	h.ServeHTTP(httptest.NewRecorder(), head)
	if made() != 0 {
		t.Error("HEAD took a compressor")
	}
}

// outerGzip compresses as middlewares do that set Content-Encoding at once
// (gin-contrib/gzip, Echo's), and leaves alone what looks compressed, as the first
// of them does.
func outerGzip(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Vary", "Accept-Encoding")
		z := gzip.NewWriter(w)
		next.ServeHTTP(&outerWriter{ResponseWriter: w, z: z}, r)
		_ = z.Close()
	})
}

type outerWriter struct {
	http.ResponseWriter
	z    *gzip.Writer
	pass bool
}

func (o *outerWriter) Write(p []byte) (int, error) {
	if o.pass = o.pass || bytes.HasPrefix(p, []byte{0x1f, 0x8b}); o.pass {
		o.Header().Del("Content-Encoding")
		return o.ResponseWriter.Write(p)
	}
	return o.z.Write(p)
}

// TestBehindCompression: what an outer handler compresses is not compressed
// twice, and says how it is encoded.
func TestBehindCompression(t *testing.T) {
	for name, test := range map[string]struct {
		opts  tacho.Options
		outer func(http.Handler) http.Handler
		want  string
	}{
		"one that sets the header": {tacho.Options{}, outerGzip, "gzip"},
		"one that does not":        {tacho.Options{}, func(h http.Handler) http.Handler { return h }, "zstd"},
		"switched off":             {tacho.Options{Endpoint: tacho.Endpoint{NoCompression: true}}, func(h http.Handler) http.Handler { return h }, ""},
		"switched off, below one":  {tacho.Options{Endpoint: tacho.Endpoint{NoCompression: true}}, outerGzip, "gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			test.opts.OmitRuntime = true
			m := tacho.MustNew(test.opts)
			metertest.Record(m, "GET", "/x", 200)
			server := httptest.NewServer(test.outer(m.Metrics()))
			defer server.Close()
			r, _ := http.NewRequest("GET", server.URL, nil)
			r.Header.Set("Accept-Encoding", "zstd, gzip")
			resp, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if got := resp.Header.Get("Content-Encoding"); got != test.want {
				t.Errorf("Content-Encoding %q, want %q", got, test.want)
			}
			if text := metertest.Unpack(t, b, resp.Header.Get("Content-Encoding")); !bytes.Contains(text, []byte("\nhttp_requests_total{")) {
				t.Errorf("the body is not what it says: %q", b[:min(len(b), 40)])
			}
		})
	}
}
