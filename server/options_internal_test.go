package server

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/util/compression"
	"github.com/prometheus/prometheus/util/features"
)

// TestTSDBOptions: the TSDB gets what Prometheus's command line gives it, and
// not what its package defaults to.
func TestTSDBOptions(t *testing.T) {
	c, err := config.Load("", nopLogger())
	if err != nil {
		t.Fatal(err)
	}
	Options{}.withDefaults().fill(c)
	o := tsdbOptions(c, features.NewRegistry())
	if o.WALCompression != compression.Snappy {
		t.Errorf("the log is compressed with %q", o.WALCompression)
	}
	if got := time.Duration(o.MaxBlockDuration) * time.Millisecond; got != 36*time.Hour {
		t.Errorf("blocks are merged up to %v; want a tenth of 15 days", got)
	}
	if !o.EnableExemplarStorage || o.MaxExemplars == 0 {
		t.Error("exemplars are not stored")
	}
	if got := time.Duration(o.RetentionDuration) * time.Millisecond; got != 15*24*time.Hour || o.MaxPercentage != 50 {
		t.Errorf("samples are kept for %v and %v%%", got, o.MaxPercentage)
	}
}

// TestRetentionOfFile: what the file says about retention goes before the
// options.
func TestRetentionOfFile(t *testing.T) {
	for _, tt := range []struct {
		name, yaml string
		o          Options
		want       string
	}{
		{"nothing said", "", Options{}, "15d or 50%"},
		{"by options", "", Options{Retention: time.Hour, RetentionBytes: 1 << 30}, "1h or 1GiB"},
		{"by file", "storage: {tsdb: {retention: {time: 3d}}}", Options{Retention: time.Hour, RetentionBytes: 1 << 30}, "3d"},
		{"size by file", "storage: {tsdb: {retention: {size: 5GB}}}", Options{}, "5GiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := config.Load(tt.yaml, nopLogger())
			if err != nil {
				t.Fatal(err)
			}
			tt.o.withDefaults().fill(c)
			if got := retentionText(c); got != tt.want {
				t.Errorf("kept: %s; want %s", got, tt.want)
			}
		})
	}
}

// TestWhileStarting: before the TSDB is open the process is healthy but not
// ready, and the API says 503 and not an empty answer.
func TestWhileStarting(t *testing.T) {
	s, err := New(Options{DataDir: t.TempDir(), Listen: "127.0.0.1:0", Logger: nopLogger()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	h := s.handlerForTest()
	for path, want := range map[string]int{
		"/-/healthy":               http.StatusOK,
		"/-/ready":                 http.StatusServiceUnavailable,
		"/api/v1/query?query=up":   http.StatusServiceUnavailable,
		"/federate?match[]=up":     http.StatusServiceUnavailable,
		"/api/v1/status/walreplay": http.StatusOK,
		"/metrics":                 http.StatusOK,
		"/nothing":                 http.StatusNotFound,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s answers %d while starting; want %d", path, w.Code, want)
		}
	}
}
