package main

import (
	"context"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
	"github.com/tacho-go/tacho/cmd/tacho/internal/target"
	"github.com/tacho-go/tacho/gen/slo"
	"github.com/tacho-go/tacho/schema"
)

// boundsTimeout is how long a target may take to tell its bucket bounds; one that does not respond is not
// checked.
const boundsTimeout = 2 * time.Second

// checkBounds rejects latency objectives whose limit is no bucket bound of the service, as far as its
// targets on the command line respond. TachoSLOMetricMissing reports the others.
func (f *sloFlags) checkBounds(ctx context.Context, targets []target.Target) error {
	all, err := f.read()
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.HTTP == nil || o.HTTP.Below == 0 {
			continue
		}
		for _, t := range targets {
			if t.URL == nil || t.Job != o.Service {
				continue
			}
			bounds, native := boundsAt(ctx, t, *o.HTTP)
			if err := o.CheckBounds(bounds, native); err != nil {
				return err
			}
		}
	}
	return nil
}

// boundsAt are the bucket bounds of a target's requests in seconds, and whether it has native histograms,
// for which any limit has an answer.
func boundsAt(ctx context.Context, t target.Target, h slo.HTTP) (bounds []float64, native bool) {
	s, err := doctor.NewScraper(doctor.Options{URL: t.URL.String(), Timeout: boundsTimeout}, "tacho-serve")
	if err != nil {
		return nil, false
	}
	scrape, err := s.Scrape(ctx)
	if err != nil {
		return nil, false
	}
	return boundsIn(scrape, schema.Detect(scrape.Families), h)
}

// boundsIn is boundsAt for a scrape, in the names of the schemas.
func boundsIn(scrape doctor.Scrape, schemas []schema.Schema, h slo.HTTP) (bounds []float64, native bool) {
	for _, known := range schemas {
		f := known.Duration
		for _, sample := range scrape.Samples {
			switch {
			case !isOf(sample.Labels, f, h):
			case sample.Name == f.Name && sample.Native != nil:
				native = true
			case sample.Name == f.Name+"_bucket":
				if le, err := strconv.ParseFloat(sample.Labels.Get("le"), 64); err == nil {
					bounds = append(bounds, le*math.Pow10(f.Exponent()))
				}
			}
		}
	}
	return bounds, native
}

// isOf reports whether a series is of the objective's route.
func isOf(series labels.Labels, f schema.Family, h slo.HTTP) bool {
	if f.Name == "" || !strings.HasPrefix(series.Get(model.MetricNameLabel), f.Name) {
		return false
	}
	route, ok := f.Label(schema.Route)
	if h.Route == "" || !ok {
		return true
	}
	return route.RouteOf(series.Get) == h.Route
}
