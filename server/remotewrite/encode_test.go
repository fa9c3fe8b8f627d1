package remotewrite

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang/snappy"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/relabel"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/record"
	"github.com/prometheus/prometheus/tsdb/tsdbutil"
)

// testPieces are samples, histograms and exemplars of three series.
func testPieces(set *seriesSet) []piece {
	set.add([]record.RefSeries{
		{Ref: 1, Labels: labels.FromStrings("__name__", "a", "job", "x")},
		{Ref: 2, Labels: labels.FromStrings("__name__", "b", "wört", "é\n")},
		{Ref: 3, Labels: labels.FromStrings("__name__", "c")},
	}, 0)
	h, f := tsdbutil.GenerateTestHistogram(3), tsdbutil.GenerateTestFloatHistogram(4)
	return []piece{
		{series: set.byRef[1], samples: []record.RefSample{{T: 1, V: 0}, {T: 2, V: -1.5}, {T: 1_800_000_000_000, V: 7}},
			exemplars: []record.RefExemplar{{T: 2, V: 3, Labels: labels.FromStrings("trace_id", "abc")}}},
		{series: set.byRef[2], histograms: []nativeHistogram{{t: 5, integers: h}, {t: 6, floats: f}}},
		{series: set.byRef[3], exemplars: []record.RefExemplar{{T: 9, V: 1}}},
	}
}

// TestEncodesVersion1: Prometheus's own message is decoded from what is encoded here by hand.
func TestEncodesVersion1(t *testing.T) {
	set := newSeriesSet(&config.RemoteWriteConfig{}, labels.FromStrings("region", "north", "job", "not taken"))
	pieces := testPieces(set)
	r, err := newEncoder(false).encode(pieces, 0)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := snappy.Decode(nil, r.body)
	var got prompb.WriteRequest
	if err == nil {
		err = got.Unmarshal(plain)
	}
	if err != nil {
		t.Fatal(err)
	}
	want := prompb.WriteRequest{Timeseries: []prompb.TimeSeries{
		{
			Labels:    prompb.FromLabels(labels.FromStrings("__name__", "a", "job", "x", "region", "north"), nil),
			Samples:   []prompb.Sample{{Timestamp: 1}, {Timestamp: 2, Value: -1.5}, {Timestamp: 1_800_000_000_000, Value: 7}},
			Exemplars: []prompb.Exemplar{{Labels: prompb.FromLabels(labels.FromStrings("trace_id", "abc"), nil), Value: 3, Timestamp: 2}},
		},
		{
			Labels:     prompb.FromLabels(labels.FromStrings("__name__", "b", "job", "not taken", "region", "north", "wört", "é\n"), nil),
			Histograms: []prompb.Histogram{prompb.FromIntHistogram(5, pieces[1].histograms[0].integers), prompb.FromFloatHistogram(6, pieces[1].histograms[1].floats)},
		},
		{
			Labels:    prompb.FromLabels(labels.FromStrings("__name__", "c", "job", "not taken", "region", "north"), nil),
			Exemplars: []prompb.Exemplar{{Value: 1, Timestamp: 9}},
		},
	}}
	wantPlain, err := want.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if string(plain) != string(wantPlain) {
		t.Errorf("got\n%v\nwant\n%v", got.String(), want.String())
	}
	if r.n != (counts{3, 2, 2}) || r.oldest != 1 || r.highest != 1_800_000_000_000 {
		t.Errorf("counted %+v", r)
	}
}

// TestEncodesVersion2: an exemplar without a sample of its series is left out, because
// receivers reject the whole request.
func TestEncodesVersion2(t *testing.T) {
	c := &config.RemoteWriteConfig{ProtobufMessage: "io.prometheus.write.v2.Request"}
	e := newEncoder(true)
	for range 2 { // with reused memory
		r, err := e.encode(testPieces(newSeriesSet(c, labels.EmptyLabels())), 0)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := snappy.Decode(nil, r.body)
		var got writev2.Request
		if err == nil {
			err = got.Unmarshal(plain)
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Timeseries) != 2 || r.lonely != 1 || r.n != (counts{3, 2, 1}) {
			t.Fatalf("%d series, %+v", len(got.Timeseries), r)
		}
		b := labels.NewScratchBuilder(0)
		l, err := got.Timeseries[1].ToLabels(&b, got.Symbols)
		if err != nil || l.Get("wört") != "é\n" || len(got.Timeseries[1].Histograms) != 2 {
			t.Errorf("%v %v", l, err)
		}
		if s := got.Timeseries[0]; len(s.Samples) != 3 || s.Samples[1].Value != -1.5 || len(s.Exemplars) != 1 {
			t.Errorf("%+v", s)
		}
	}
}

// TestTooOld: samples older than the limit are left out and counted.
func TestTooOld(t *testing.T) {
	r, err := newEncoder(false).encode(testPieces(newSeriesSet(&config.RemoteWriteConfig{}, labels.EmptyLabels())), 6)
	if err != nil {
		t.Fatal(err)
	}
	if r.n != (counts{1, 1, 1}) || r.old != (counts{2, 1, 1}) {
		t.Errorf("%+v", r)
	}
}

// TestRelabels: external labels are added, then the series are relabeled.
func TestRelabels(t *testing.T) {
	var c config.RemoteWriteConfig
	c.WriteRelabelConfigs = []*relabel.Config{
		{SourceLabels: model.LabelNames{"region", "__name__"}, Separator: ";", Regex: relabel.MustNewRegexp("north;b"), Action: relabel.Drop, NameValidationScheme: model.UTF8Validation},
	}
	set := newSeriesSet(&c, labels.FromStrings("region", "north"))
	testPieces(set)
	if set.byRef[1].dropped || !set.byRef[2].dropped {
		t.Errorf("dropped: a %v, b %v", set.byRef[1].dropped, set.byRef[2].dropped)
	}
}

// TestLanes: however a window is divided, nothing is lost, no request is too large, and the
// samples of a series are in one lane and in order, also if its labels have two references or
// it changes between samples and histograms.
func TestLanes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var w window
	for round := range 300 {
		set := newSeriesSet(&config.RemoteWriteConfig{}, labels.EmptyLabels())
		names := 1 + random.IntN(20)
		total, n := random.IntN(2000), counts{}
		for i := range total {
			if i > 0 && random.IntN(50) == 0 {
				w.newSeries = true
			}
			name := random.IntN(names)
			ref := chunks.HeadSeriesRef(name)
			if w.newSeries {
				ref += 100 // the same labels again
			}
			if set.byRef[ref] == nil {
				set.add([]record.RefSeries{{Ref: ref, Labels: labels.FromStrings("__name__", fmt.Sprint(name))}}, 0)
			}
			if random.IntN(4) == 0 {
				w.addHistogram(set.byRef[ref], nativeHistogram{t: int64(i), integers: &histogram.Histogram{}})
				n[histograms]++
			} else {
				w.addSample(set.byRef[ref], record.RefSample{T: int64(i), V: 1})
				n[samples]++
			}
		}
		size, lanes := 1+random.IntN(300), 1+random.IntN(8)
		got, last, laneOf := counts{}, map[string]int64{}, map[string]int{}
		all := w.lanes(lanes, size, w.newSeries)
		for i, l := range all {
			for _, request := range l.requests {
				inRequest := 0
				for _, p := range request {
					id := string(p.series.encoded)
					if at, ok := laneOf[id]; ok && at != i {
						t.Fatalf("round %d: a series is in two lanes", round)
					}
					laneOf[id] = i
					var times []int64
					for _, s := range p.samples {
						times = append(times, s.T)
					}
					for _, h := range p.histograms {
						times = append(times, h.t)
					}
					for _, at := range times {
						if before, ok := last[id]; ok && at <= before {
							t.Fatalf("round %d: %d follows %d", round, at, before)
						}
						last[id] = at
					}
					got[samples] += len(p.samples)
					got[histograms] += len(p.histograms)
					inRequest += p.size()
				}
				if inRequest > size {
					t.Fatalf("round %d: a request has %d samples, more than %d", round, inRequest, size)
				}
			}
		}
		if got != n || len(all) > lanes {
			t.Fatalf("round %d: %v of %v in %d lanes", round, got, n, len(all))
		}
		w.reset()
		if !w.empty() || w.n != (counts{}) || w.newSeries {
			t.Fatal("the window is not empty")
		}
	}
}

// TestOutOfOrder: the samples of a series are sorted, as the protocol demands.
func TestOutOfOrder(t *testing.T) {
	e := &entry{samples: []record.RefSample{{T: 5}, {T: 1}, {T: 3}}}
	var got []int64
	e.pieces(2, func(p piece) {
		for _, s := range p.samples {
			got = append(got, s.T)
		}
	})
	if !slices.Equal(got, []int64{1, 3, 5}) {
		t.Error(got)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "3": 3 * time.Second, "-1": 0, "soon": 0, "1.5": 0,
		"99999999999999": maxRetryAfter, "99999999999999999999": 0,
		"Thu, 01 Jan 2026 00:00:07 GMT": 7 * time.Second,
		"Thu, 01 Jan 2020 00:00:07 GMT": 0,
		"Thu, 01 Jan 2099 00:00:07 GMT": maxRetryAfter,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// FuzzSavepoint: no file makes the sender panic or start at a position that cannot be.
func FuzzSavepoint(f *testing.F) {
	f.Add([]byte(""))
	text := `4 {"segment":3,"offset":17,"time":5,"window":{"end":{"segment":3,"offset":99,"time":0},"lanes":2,"size":2000,"not_before":0,"sent":[1,0]}}`
	f.Add([]byte(checksum(text) + " " + text + "   \n"))
	f.Add([]byte(checksum("-1 {}") + " -1 {}"))
	f.Fuzz(func(t *testing.T, record []byte) {
		_, at, ok := parseSavepoint(record)
		if ok && (at.Segment < 0 || at.Offset < 0 || at.Window != nil && at.Window.Lanes <= 0) {
			t.Errorf("%+v", at)
		}
	})
}

// TestLabelsTakeTheirLength: the encoded labels of a series, which are kept for as long as the log has
// it, have no room to grow but what the allocator rounds up.
func TestLabelsTakeTheirLength(t *testing.T) {
	set := newSeriesSet(&config.RemoteWriteConfig{}, labels.EmptyLabels())
	for n := range 200 {
		l := labels.FromStrings("__name__", "http_request_duration_seconds_bucket", "instance", "10.0.0.1:8080", "job", "shop", "path", "/"+strings.Repeat("x", n))
		if encoded := set.make(l, 0).encoded; cap(encoded) > len(encoded)*5/4 {
			t.Fatalf("%d bytes have room for %d", len(encoded), cap(encoded))
		}
	}
}
