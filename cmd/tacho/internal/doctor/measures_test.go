package doctor

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// A stepClock advances by the same time whenever it is read.
type stepClock struct {
	mu   sync.Mutex
	now  time.Time
	step time.Duration
}

func (c *stepClock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(c.step)
	return c.now
}

func TestSlowScrape(t *testing.T) {
	server := httptest.NewServer(newService().handler())
	defer server.Close()
	for _, c := range []struct {
		took time.Duration
		want []Severity
	}{
		{100 * time.Millisecond, nil},
		{600 * time.Millisecond, []Severity{Info}},
		{2 * time.Second, []Severity{Warning}},
		{6 * time.Second, []Severity{Error}},
	} {
		options := quick(server.URL)
		// The clock stands still in a burst's place: only single scrapes count.
		options.now = (&stepClock{now: time.Unix(1.8e9, 0), step: c.took}).read
		found := mustExamine(t, options).with("slow-scrape")
		if len(found) != len(c.want) || len(found) > 0 && found[0].Severity != c.want[0] {
			t.Errorf("%s: findings %v, want %v", c.took, found, c.want)
		}
	}
}

func TestCost(t *testing.T) {
	got := costOf(1500, 20, 15*time.Second)
	want := Cost{
		Instances: 20, IntervalSeconds: 15, Series: 30000, SamplesPerSecond: 2000,
		DiskPerDayLow: 172_800_000, DiskPerDayHigh: 345_600_000, Memory: 90_000_000,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if text := got.String(); text != "20 instances every 15s: 2000 samples/s, 173 MB to 346 MB per day on disk "+
		"(1 to 2 bytes per sample, according to Prometheus's documentation), about 90 MB of its memory (3 kB per series, a rule of thumb of its authors)" {
		t.Errorf("it says %q", text)
	}
}

// TestCostFinding: what one instance may have, a thousand may not.
func TestCostFinding(t *testing.T) {
	server := httptest.NewServer(exposed("# TYPE a gauge", repeat(2000, `a{x="town #"} 1`)))
	defer server.Close()
	for instances, want := range map[int][]Severity{1: nil, 60: {Info}, 600: {Warning}} {
		options := quick(server.URL)
		options.Instances = instances
		found := mustExamine(t, options).with("cost")
		if len(found) != len(want) || len(found) > 0 && found[0].Severity != want[0] {
			t.Errorf("%d instances: findings %v, want %v", instances, found, want)
		}
	}
}

// TestScrapesAreMade: as many as asked for, plus those for the formats and the
// bursts, each as Prometheus would ask.
func TestScrapesAreMade(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	r := examine(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.Header.Get("Accept")]++
		mu.Unlock()
		newService().handler().ServeHTTP(w, r)
	}))
	if asked[asDefault] != 3+2*burst || asked[asProtobuf] != 1 || asked[asText] != 1 {
		t.Errorf("asked %v", asked)
	}
	if r.Facts.Scrapes != 5 {
		t.Errorf("%d scrapes are counted, want 5", r.Facts.Scrapes)
	}
}

// TestFreshConnections: a connection that is kept leads to the same process.
func TestFreshConnections(t *testing.T) {
	var mu sync.Mutex
	peers := map[string]int{}
	examine(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		peers[r.RemoteAddr]++
		mu.Unlock()
		newService().handler().ServeHTTP(w, r)
	}))
	for peer, n := range peers {
		if n > 1 {
			t.Errorf("%d requests over one connection (%s)", n, peer)
		}
	}
}

// TestNativeHistogramsAreCounted, though the default format does not show them.
func TestNativeHistogramsAreCounted(t *testing.T) {
	if n := examine(t, nativeHistogram(nil)()).Facts.NativeHistograms; n != 1 {
		t.Errorf("%d native histograms, want 1", n)
	}
}

// TestSmallBodies: that all fit the first bucket is no news.
func TestSmallBodies(t *testing.T) {
	r := examine(t, histogramOf("http_response_size_bytes", []float64{256, 1024}, 10)())
	if found := r.with("one-bucket"); len(found) > 0 {
		t.Errorf("%v", found)
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{bytesText(0), "0 B"}, {bytesText(999), "999 B"}, {bytesText(1000), "1 kB"}, {bytesText(15_400), "15 kB"},
		{bytesText(123_456), "123 kB"}, {bytesText(99_600), "100 kB"}, {bytesText(1.5e9), "1.5 GB"},
		{percent(0.5), "50%"}, {percent(1), "100%"}, {percent(0.9996), "99.9%"},
		{durationText(0.0000123), "12µs"}, {durationText(0.0123), "12.3ms"}, {durationText(2.345), "2.35s"},
		{plural(1, "error", "errors"), "1 error"}, {plural(0, "error", "errors"), "0 errors"},
		{shorten("äöüäöü", 4), "äöü…"}, {shorten("abc", 3), "abc"},
		{few([]string{"b", "a"}), `"a", "b"`}, {few([]string{"d", "c", "b", "a"}), `"a", "b", "c" and 1 more`},
		{names([]string{"a", "b", "c", "d", "e"}), "a, b, c, d and 1 more"},
		{number(roundTo3(0.0012345)), "0.00123"}, {number(roundTo3(123456)), "123000"}, {number(roundTo3(0)), "0"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
