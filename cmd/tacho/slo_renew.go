package main

import (
	"context"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tacho-go/tacho/gen/slo"
	"github.com/tacho-go/tacho/schema"
	"github.com/tacho-go/tacho/server"
)

// An sloRenewal writes the rules of objectives for the series that their services have: they read the names
// of one or two schemas instead of all, and tell which limits are no bucket bounds. It is used by one
// goroutine at a time.
type sloRenewal struct {
	options    slo.Options
	objectives []slo.Objective
	found      sloFindings // when text was written
	text       []byte
}

// sloFindings are what the series show.
type sloFindings struct {
	used   map[string][]schema.Schema // by service
	bounds map[[2]string][]float64    // of latency objectives without their limit, by service and name
}

func newSLORenewal(o slo.Options, all []slo.Objective) *sloRenewal {
	r := &sloRenewal{options: o, objectives: all}
	r.options.SchemasFunc = func(service string) []schema.Schema { return r.found.used[service] }
	r.options.BoundsFunc = func(o slo.Objective) []float64 { return r.found.bounds[[2]string{o.Service, o.Name}] }
	return r
}

// renew implements server.RuleFile.Renew.
func (r *sloRenewal) renew(ctx context.Context, series server.SeriesFunc) ([]byte, error) {
	found, err := r.find(ctx, series)
	if err != nil {
		return nil, err
	}
	if r.text != nil && r.found.equal(found) {
		return r.text, nil
	}
	r.warn(found)
	r.found = found
	r.text, err = sloRulesText(r.options, r.objectives)
	return r.text, err
}

func (r *sloRenewal) find(ctx context.Context, series server.SeriesFunc) (found sloFindings, err error) {
	found = sloFindings{map[string][]schema.Schema{}, map[[2]string][]float64{}}
	for _, o := range r.objectives {
		if o.HTTP == nil {
			continue
		}
		if _, done := found.used[o.Service]; !done {
			if found.used[o.Service], err = r.schemasOf(ctx, o.Service, series); err != nil {
				return found, err
			}
		}
		if found.bounds[[2]string{o.Service, o.Name}], err = boundsWithout(ctx, o, found.used[o.Service], series); err != nil {
			return found, err
		}
	}
	return found, nil
}

// schemasOf are the known schemas in whose names a service has series.
func (r *sloRenewal) schemasOf(ctx context.Context, service string, series server.SeriesFunc) (used []schema.Schema, err error) {
	since := time.Now().Add(-r.options.Lookback(service))
	for _, s := range schema.Known() {
		found, err := anySeries(ctx, series, since, slo.Series(service, s, nil))
		if err != nil {
			return nil, err
		}
		if found {
			used = append(used, s)
		}
	}
	return used, nil
}

func anySeries(ctx context.Context, series server.SeriesFunc, since time.Time, all [][]*labels.Matcher) (bool, error) {
	for _, matching := range all {
		if found, err := series(ctx, since, 1, matching...); err != nil || len(found) > 0 {
			return err == nil, err
		}
	}
	return false, nil
}

// bucketsRead is how many series of buckets are read for their bounds.
const bucketsRead = 10_000

// boundsSince is the age of the series that are read for their bounds: buckets that a new version of the
// service no longer has do not count.
const boundsSince = 5 * time.Minute

// boundsWithout are the bucket bounds of a latency objective's service, in seconds, if its limit is none of
// them, and there is no native histogram.
func boundsWithout(ctx context.Context, o slo.Objective, used []schema.Schema, series server.SeriesFunc) (bounds []float64, err error) {
	since := time.Now().Add(-boundsSince)
	for _, s := range used {
		atLimit, all := o.Buckets(s, nil)
		if known, err := anySeries(ctx, series, since, atLimit); known || err != nil {
			return nil, err
		}
		for _, matching := range all {
			found, err := series(ctx, since, bucketsRead, matching...)
			if err != nil {
				return nil, err
			}
			for _, bucket := range found {
				if le, err := strconv.ParseFloat(bucket.Get("le"), 64); err == nil {
					bounds = append(bounds, le*math.Pow10(s.Duration.Exponent()))
				}
			}
		}
	}
	slices.Sort(bounds)
	return slices.Compact(bounds), nil
}

// warn logs why objectives have no data, each once.
func (r *sloRenewal) warn(found sloFindings) {
	for _, o := range r.objectives {
		key := [2]string{o.Service, o.Name}
		if err := o.CheckBounds(found.bounds[key], false); err != nil && len(r.found.bounds[key]) == 0 {
			slog.Warn("tacho: an SLO has no data", "reason", err)
		}
	}
}

func (f sloFindings) equal(other sloFindings) bool {
	names := func(used map[string][]schema.Schema) map[string][]string {
		all := map[string][]string{}
		for service, schemas := range used {
			for _, s := range schemas {
				all[service] = append(all[service], s.Name)
			}
		}
		return all
	}
	return reflect.DeepEqual(f.bounds, other.bounds) && reflect.DeepEqual(names(f.used), names(other.used))
}
