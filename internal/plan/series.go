package plan

import "fmt"

// Series counts series in the two forms of a latency histogram.
type Series struct {
	Classic int `json:"classic"`
	Native  int `json:"native"`            // native histograms instead of the classic ones of the latency
	Latency int `json:"native_histograms"` // of Native, those that are histograms
}

// of returns the series, and how many of them are native histograms.
func (s Series) of(h Histograms) (all, native int) {
	switch h {
	case Native:
		return s.Native, s.Latency
	case Both:
		return s.Classic + s.Latency, s.Latency
	}
	return s.Classic, 0
}

func (s Series) times(n int) Series { return Series{s.Classic * n, s.Native * n, s.Latency * n} }

func (s Series) plus(t Series) Series {
	return Series{s.Classic + t.Classic, s.Native + t.Native, s.Latency + t.Latency}
}

// A Family is a metric of one instance, or a group of metrics.
type Family struct {
	Name    string `json:"name"`
	Formula string `json:"formula"`
	Series
}

// What the library exports. A test compares all of it with a real Meter, and series with a
// scrape of tacho serve.
const (
	latencyBuckets = 13 // tacho.DefaultBuckets and +Inf
	sizeBuckets    = 10 // of bodies, with +Inf
	sumAndCount    = 2
	gauges         = 2  // requests and streams in flight
	selfSeries     = 24 // tacho_*, without business metrics
	runtimeSeries  = 45 // go_*, process_* and go_build_info on Linux
	targetSeries   = 5  // up and scrape_*, which the scraper adds to each target
)

// families returns what one instance exports, and a warning if the series limit is reached.
func (l Load) families() (all []Family, warning string) {
	pairs := l.Routes * l.Methods
	sets := pairs * l.Statuses
	if sets > l.SeriesLimit {
		warning = fmt.Sprintf("%d label sets by route, method and status exceed the library's limit of %d per metric: what is beyond it is counted as __overflow__, in at most 64 more. Raise Options.SeriesLimit, or record less: Options.Status.Class, GroupBy", sets, l.SeriesLimit)
	}
	sets, pairs = min(sets, l.SeriesLimit), min(pairs, l.SeriesLimit)
	same := func(name, formula string, n int) Family { return Family{name, formula, Series{n, n, 0}} }
	const size = sizeBuckets + sumAndCount
	return []Family{
		same("http_requests_total", "routes × methods × statuses", sets),
		{
			"http_request_duration_seconds", fmt.Sprintf("routes × methods × statuses × (%d buckets + %d), or × 1 native", latencyBuckets, sumAndCount),
			Series{sets * (latencyBuckets + sumAndCount), sets, sets},
		},
		same("http_request_size_bytes", fmt.Sprintf("routes × methods × (%d buckets + %d)", sizeBuckets, sumAndCount), pairs*size),
		same("http_response_size_bytes", fmt.Sprintf("routes × methods × (%d buckets + %d)", sizeBuckets, sumAndCount), pairs*size),
		same("http_request_panics_total", "routes × methods", pairs),
		same("in-flight gauges", "requests and streams", gauges),
		same("tacho_*", "the library itself", selfSeries),
		same("go_*, process_*", "the Go runtime, on Linux", runtimeSeries),
		same("own metrics", "as given", l.Own),
	}, warning
}

// series counts the series of the plan.
func (p *Plan) series() {
	l := p.Load
	if p.Instance = l.Measured; l.Measured == (Series{}) {
		var warning string
		if p.Families, warning = l.families(); warning != "" {
			p.Warnings = append(p.Warnings, warning)
		}
		for _, f := range p.Families {
			p.Instance = p.Instance.plus(f.Series)
		}
	}
	scraped := p.Instance.plus(Series{targetSeries, targetSeries, 0})
	p.Total = scraped.times(l.Instances)
	p.Recorded = l.recorded()
}

// The series that the recording rules of tacho serve add for a service, by what they are grouped
// by. They do not depend on the number of instances.
const (
	recordedByPair  = latencyBuckets + 1 + 3 // buckets, sum, three quantiles
	recordedByRoute = 4                      // the limits, also of the service as a whole
	recordedByJob   = 1 + 1 + latencyBuckets + 3
)

// recorded returns the number of series that rules record for the service.
func (l Load) recorded() int {
	pairs := min(l.Routes*l.Methods, l.SeriesLimit)
	sets := min(pairs*l.Statuses, l.SeriesLimit)
	return sets + pairs*recordedByPair + (min(l.Routes, pairs)+1)*recordedByRoute + l.Statuses + recordedByJob
}
