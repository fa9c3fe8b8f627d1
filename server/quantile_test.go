package server_test

import (
	"testing"

	"github.com/prometheus/prometheus/model/histogram"

	"github.com/tacho-go/tacho/server"
)

func TestNativeQuantile(t *testing.T) {
	h := &histogram.FloatHistogram{Count: 4, PositiveSpans: []histogram.Span{{Offset: 1, Length: 1}}, PositiveBuckets: []float64{4}}
	if got := server.NativeQuantile(0.5, h); !(got > 1 && got < 2) {
		t.Errorf("the median is %v, want one in its bucket, (1, 2]", got)
	}
}
