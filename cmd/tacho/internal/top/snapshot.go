package top

import (
	"math"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
	"github.com/tacho-go/tacho/schema"
)

// A Route is a method and the template of a path.
type Route struct{ Method, Path string }

// A Snapshot is the HTTP metrics of one scrape.
type Snapshot struct {
	At      time.Time
	Started time.Time // of the process; zero if unknown
	Schema  string    // naming scheme; "" without HTTP metrics
	Also    []string  // other naming schemes for the same requests

	inFlight float64 // NaN if unknown
	routes   map[Route]float64
	points   map[uint64]point // by the hash of the series
}

// A point is the value of a cumulative series.
type point struct {
	part   part
	route  Route
	status string
	le     float64
	value  float64
	native *histogram.FloatHistogram
	counts bool   // of a native histogram: it counts the requests, too
	set    uint64 // the same for all series of one histogram
}

// startTime is when a process began, in every language's client library.
const startTime = "process_start_time_seconds"

// Read extracts the HTTP metrics of a scrape. If a service has several naming schemes for
// its requests, it uses the best match, because the sum would count each request twice.
func Read(s doctor.Scrape) Snapshot {
	r := Snapshot{At: s.At, inFlight: math.NaN(), routes: map[Route]float64{}, points: map[uint64]point{}}
	spoken := schema.Detect(s.Families)
	if len(spoken) == 0 {
		return r
	}
	r.Schema = spoken[0].Name
	for _, other := range spoken[1:] {
		r.Also = append(r.Also, other.Name)
	}
	roles := rolesOf(spoken[0])
	var natives []doctor.Sample
	for _, sample := range s.Samples {
		r.noteStart(sample)
		if sample.Native != nil {
			natives = append(natives, sample)
			continue
		}
		for _, role := range roles[sample.Name] {
			r.take(role, sample.Labels, sample.Value)
		}
	}
	r.takeNatives(roles, natives)
	return r
}

// noteStart keeps the earliest start: the endpoint may combine several processes.
func (r *Snapshot) noteStart(s doctor.Sample) {
	if s.Name != startTime || !(s.Value > 0) {
		return
	}
	if at := time.UnixMilli(int64(s.Value * 1000)); r.Started.IsZero() || at.Before(r.Started) {
		r.Started = at
	}
}

func (r *Snapshot) take(role role, set labels.Labels, value float64) {
	if !role.follows(set) || math.IsNaN(value) {
		return
	}
	if role.part == inFlight {
		r.takeInFlight(role, set, value)
		return
	}
	if p, ok := role.point(set); ok {
		if p.value = value; p.part == seconds {
			p.value *= role.scale
		}
		r.points[set.Hash()] = p
	}
}

func (r *Snapshot) takeInFlight(role role, set labels.Labels, value float64) {
	if math.IsNaN(r.inFlight) {
		r.inFlight = 0
	}
	r.inFlight += value
	if role.route.Name != "" {
		r.routes[role.routeOf(set)] += value
	}
}

// takeNatives reads native histograms only where there is no classic one, so that all
// instances of a service use the same kind.
func (r *Snapshot) takeNatives(roles map[string][]role, natives []doctor.Sample) {
	classic := map[uint64]bool{}
	for _, p := range r.points {
		if p.part == bucket {
			classic[p.set] = true
		}
	}
	for _, s := range natives {
		i := slices.IndexFunc(roles[s.Name], func(x role) bool { return x.part == spread })
		if i < 0 || !roles[s.Name][i].follows(s.Labels) {
			continue
		}
		if p, _ := roles[s.Name][i].point(s.Labels); !classic[p.set] {
			p.native = s.Native
			r.points[s.Labels.Hash()] = p
		}
	}
}
