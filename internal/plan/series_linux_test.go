package plan_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/internal/plan"
)

// service records a request for each route, method and status.
func service(o tacho.Options, l plan.Load) *tacho.Meter {
	m := tacho.MustNew(o)
	for route := range l.Routes {
		for method := range l.Methods {
			for status := range l.Statuses {
				metertest.Record(m, []string{"GET", "POST", "PUT"}[method], fmt.Sprintf("/route/%d", route), 200+status)
			}
		}
	}
	return m
}

// textSeries counts the series of the text format.
func textSeries(t *testing.T, m *tacho.Meter) (n int) {
	for l := range strings.Lines(metertest.Body(t, m.Metrics(), metertest.AcceptText)) {
		if l[0] != '#' {
			n++
		}
	}
	return n
}

// nativeSeries counts the series of the protobuf format if native histograms are scraped instead of
// classic ones, and how many are native.
func nativeSeries(t *testing.T, m *tacho.Meter) (n, native int) {
	_, body := metertest.Scrape(t, m.Metrics(), metertest.AcceptProtobuf, "")
	for d := expfmt.NewDecoder(bytes.NewReader(body), expfmt.NewFormat(expfmt.TypeProtoDelim)); ; {
		var f dto.MetricFamily
		if err := d.Decode(&f); errors.Is(err, io.EOF) {
			return n, native
		} else if err != nil {
			t.Fatal(err)
		}
		for _, x := range f.GetMetric() {
			switch h := x.GetHistogram(); {
			case h != nil && h.Schema != nil:
				n, native = n+1, native+1
			case h != nil && math.IsInf(h.GetBucket()[len(h.GetBucket())-1].GetUpperBound(), 1):
				n += len(h.GetBucket()) + 2
			case h != nil:
				n += len(h.GetBucket()) + 3
			case x.Summary != nil:
				n += len(x.GetSummary().GetQuantile()) + 2
			default:
				n++
			}
		}
	}
}

// TestSeries: the plan counts exactly what a Meter exports on Linux, in both forms of histograms.
func TestSeries(t *testing.T) {
	for _, l := range []plan.Load{
		{Routes: 1, Methods: 1, Statuses: 1},
		{Routes: 20, Methods: 1, Statuses: 4},
		{Routes: 7, Methods: 3, Statuses: 5},
		{Routes: 100, Methods: 2, Statuses: 10},
	} {
		p, err := plan.New(l)
		if err != nil {
			t.Fatal(err)
		}
		if got := textSeries(t, service(tacho.Options{}, l)); got != p.Instance.Classic {
			t.Errorf("%d × %d × %d: a Meter exports %d series, the plan has %d: %+v", l.Routes, l.Methods, l.Statuses, got, p.Instance.Classic, p.Families)
		}
		if got, native := nativeSeries(t, service(tacho.Options{NativeHistograms: true}, l)); got != p.Instance.Native || native != p.Instance.Latency {
			t.Errorf("%d × %d × %d: a Meter exports %d series with %d native histograms, the plan has %+v", l.Routes, l.Methods, l.Statuses, got, native, p.Instance)
		}
	}
}

// TestSeriesLimit: beyond the library's limit, the plan has what a Meter exports but for the label
// sets of __overflow__, and says so.
func TestSeriesLimit(t *testing.T) {
	l := plan.Load{Routes: 100, Methods: 1, Statuses: 5, SeriesLimit: 300}
	p, err := plan.New(l)
	if err != nil {
		t.Fatal(err)
	}
	const perSet, perRoute = 1 + 15, 12 + 12 + 1
	got := textSeries(t, service(tacho.Options{SeriesLimit: 300}, l))
	if most := p.Instance.Classic + 64*(perSet+perRoute); got < p.Instance.Classic-perRoute*40 || got > most {
		t.Errorf("a Meter exports %d series; the plan has %d and at most %d", got, p.Instance.Classic, most)
	}
	if len(p.Warnings) != 1 || !strings.Contains(p.Warnings[0], "500 label sets") || !strings.Contains(p.Warnings[0], "Options.SeriesLimit") {
		t.Errorf("warnings: %q", p.Warnings)
	}
}
