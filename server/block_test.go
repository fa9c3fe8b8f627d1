package server_test

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tacho-go/tacho/server"
)

// TestWriteBlock: a server finds what was written before it started, knows
// that the series has ended, and the folder is free before and after.
func TestWriteBlock(t *testing.T) {
	o := options(t)
	end := time.Now().Add(-time.Minute)
	s := server.Series{Labels: labels.FromStrings("__name__", "written", "of", "old")}
	for ago := 3 * time.Hour; ago >= 0; ago -= time.Minute {
		s.Times = append(s.Times, end.Add(-ago).UnixMilli())
		s.Values = append(s.Values, float64(len(s.Times)))
	}
	if err := server.WriteBlock(o.DataDir, []server.Series{s, {Labels: labels.FromStrings("__name__", "empty")}}); err != nil {
		t.Fatal(err)
	}
	if server.InUse(o.DataDir) {
		t.Error("the folder is in use before a server runs")
	}
	r := start(t, o)
	if got := r.one("count_over_time(written[4h])"); got != "181" {
		t.Errorf("%s samples; want 181", got)
	}
	if got := r.one("written"); got != "" {
		t.Errorf("the series goes on with %s", got)
	}
	if !server.InUse(o.DataDir) {
		t.Error("the folder is not in use while a server runs")
	}
	r.stop()
	if server.InUse(o.DataDir) {
		t.Error("the folder is in use after the server's end")
	}
}

func TestQuantile(t *testing.T) {
	bounds := []float64{1, 2, math.Inf(1)}
	for _, tt := range []struct{ q, want float64 }{{0.25, 0.5}, {0.5, 1}, {0.75, 1.5}, {0.99, 1.98}} {
		if got := server.Quantile(tt.q, bounds, []float64{5, 10, 10}); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("quantile %v is %v; want %v", tt.q, got, tt.want)
		}
	}
	if got := server.Quantile(0.5, bounds, []float64{0, 0, 0}); !math.IsNaN(got) {
		t.Errorf("without observations it is %v", got)
	}
}
