package slo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/schema"
)

// Lookback is how far back the rules read a service's own series.
func (o Options) Lookback(service string) time.Duration { return max(direct, o.filled().base(service)) }

// Series selects the series that the rules of a service's objectives may count in the names of a schema:
// matchers for each family. If nothing has had samples within [Options.Lookback], the schema's queries are empty,
// and rules without them have the same results. See [Options.SchemasFunc].
func Series(service string, s schema.Schema, among []schema.Schema) (all [][]*labels.Matcher) {
	counter, suffix := s.Counter()
	for _, of := range []struct {
		schema.Family
		suffixes []string
	}{
		{counter, []string{suffix}},
		{s.Duration, []string{"", "_bucket", "_count"}},
	} {
		if of.Name != "" {
			all = append(all, selecting(service, s, of.Family, of.suffixes, among))
		}
	}
	return all
}

// selecting are the matchers of a family under each of its names.
func selecting(service string, s schema.Schema, f schema.Family, suffixes []string, among []schema.Schema, more ...string) []*labels.Matcher {
	var names []string
	for _, suffix := range suffixes {
		names = append(names, f.Name+suffix)
	}
	own, _ := rules.Select(s, f, among)
	text := slices.Concat([]string{fmt.Sprintf("__name__=~%q", strings.Join(names, "|")), "job=" + strconv.Quote(service)}, own, more)
	found, err := promQL.ParseMetricSelector("{" + strings.Join(text, ",") + "}")
	if err != nil {
		panic(err) // names and labels are constants of package schema, and values are quoted
	}
	return found
}

// Buckets selects what a latency objective reads of its service's histograms in the names of a schema: what
// has an answer for its limit, which is the bucket with this bound or a native histogram, and all buckets.
func (o Objective) Buckets(s schema.Schema, among []schema.Schema) (atLimit, all [][]*labels.Matcher) {
	f := s.Duration
	if o.HTTP == nil || o.HTTP.Below == 0 || f.Name == "" || f.Kind != schema.Histogram {
		return nil, nil
	}
	in := counting{*o.HTTP, o.Service, s, among}
	for _, of := range in.matchers(f) {
		bound := append(slices.Clone(of), le(in.limit(f)))
		atLimit = append(atLimit, selecting(o.Service, s, f, []string{"_bucket"}, among, bound...), selecting(o.Service, s, f, []string{""}, among, of...))
		all = append(all, selecting(o.Service, s, f, []string{"_bucket"}, among, of...))
	}
	return atLimit, all
}
