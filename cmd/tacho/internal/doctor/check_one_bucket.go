package doctor

import (
	"fmt"
	"math"
	"strings"
)

var oneBucket = check{
	id:         "one-bucket",
	summary:    "More than 90% of a histogram's observations are in one bucket, so quantiles are inaccurate.",
	severities: []Severity{Info, Warning},
	run:        findOneBucket,
}

const (
	inOneBucket = 0.9
	// wideBucket is the ratio of the bounds above which the error of a quantile
	// is unacceptable.
	wideBucket = 4
	// fastEnough is the latency below which accuracy does not matter.
	fastEnough = 0.1
)

func findOneBucket(e *examination) []Finding {
	var found []Finding
	for _, f := range e.main.families {
		if e.native(f.name) {
			continue
		}
		all := f.byRoute()[0]
		if all.count < enoughObservations {
			continue
		}
		bounds, share := all.fullest()
		small := bounds[0] == 0 && !looksLikeDuration(f)                 // for example, all bodies are small
		if share > inOneBucket && !small && !math.IsInf(bounds[1], +1) { // +Inf is reported by beyond-buckets
			found = append(found, oneBucketFinding(f, all, bounds, share))
		}
	}
	return found
}

func oneBucketFinding(f *family, o observations, bounds [2]float64, share float64) Finding {
	return Finding{
		Severity: oneBucketSeverity(f, bounds), Metric: f.name,
		Title: fmt.Sprintf("%s of %s is in one bucket", percent(share), f.name),
		Evidence: fmt.Sprintf("%s of %s observations are between %s and %s; the mean is %s.", percent(share), number(o.count),
			bound(bounds[0]), bound(bounds[1]), number(roundTo3(o.sum/o.count))),
		Fix: "Quantiles are interpolated within this bucket. Add bounds between these two, or use native histograms.",
	}
}

// oneBucketSeverity is higher for wide latency buckets.
func oneBucketSeverity(f *family, bounds [2]float64) Severity {
	switch {
	case !looksLikeDuration(f) || f.fromLibrary():
		return Info
	case strings.Contains(f.name, "seconds") && bounds[1] <= fastEnough:
		return Info
	case bounds[0] == 0 || bounds[1]/bounds[0] >= wideBucket:
		return Warning
	}
	return Info
}

// fullest returns the bucket with the most observations, and its share.
func (o observations) fullest() (bounds [2]float64, share float64) {
	for b, n := range o.betweenEach {
		if n/o.count > share {
			bounds, share = b, n/o.count
		}
	}
	return bounds, share
}
