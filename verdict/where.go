package verdict

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tacho-go/tacho/schema"
)

// outlying is how many times the second highest value an instance must have to stand out.
const outlying = 2

// where compares the instances of a route: which of them have the fault.
func (e *Engine) where(ctx context.Context, now time.Time, f *Finding, r *reading) (Where, error) {
	n := r.routes[route{f.Job, f.Method, f.Path}]
	if n == nil {
		return Where{}, nil
	}
	query := instanceQuery(f, n.schema, e.windowOf(f.Job))
	if query == "" {
		return Where{}, nil
	}
	all, err := e.querier.Query(ctx, query, now)
	if err != nil {
		return Where{}, err
	}
	return standsOut(all), nil
}

// standsOut compares values by instance.
func standsOut(all []Series) Where {
	all = slices.DeleteFunc(all, func(s Series) bool { return math.IsNaN(s.last()) })
	slices.SortFunc(all, func(a, b Series) int {
		return cmp.Or(cmp.Compare(b.last(), a.last()), cmp.Compare(a.Labels["instance"], b.Labels["instance"]))
	})
	w := Where{Instances: len(all)}
	if len(all) < 2 || all[0].last() <= 0 || all[0].last() < outlying*all[1].last() {
		return w
	}
	w.Only, w.Value = all[0].Labels["instance"], all[0].last()
	w.Next, w.NextValue = all[1].Labels["instance"], all[1].last()
	return w
}

// instanceQuery is the error ratio or the mean latency of a route by instance, from the service's own
// metrics; "" if they do not have it.
func instanceQuery(f *Finding, recordedAs string, window time.Duration) string {
	i := slices.IndexFunc(schema.Known(), func(s schema.Schema) bool { return s.Name == recordedAs })
	if i < 0 {
		return ""
	}
	s := schema.Known()[i]
	in := instances{s, f, window}
	if f.Kind == Latency {
		return in.ratio(in.rate(s.Duration, "_sum", false), in.rate(s.Duration, "_count", false))
	}
	counter, suffix := s.Counter()
	return in.ratio(in.rate(counter, suffix, true), in.rate(counter, suffix, false))
}

// instances builds queries by instance from a service's own metrics.
type instances struct {
	schema  schema.Schema
	finding *Finding
	window  time.Duration
}

// ratio is 0, and not empty, for an instance without the numerator.
func (in instances) ratio(above, below string) string {
	if above == "" || below == "" {
		return ""
	}
	return fmt.Sprintf("(%s or %s * 0) / %s", above, below, below)
}

// rate is the rate of a family on the finding's route, by instance; only failed requests if asked.
func (in instances) rate(f schema.Family, suffix string, failed bool) string {
	if f.Name == "" {
		return ""
	}
	matchers := in.selected(f)
	if failed {
		l, ok := f.StatusLabel()
		if !ok {
			return ""
		}
		matchers = append(matchers, l.Name+`=~"`+schema.ErrorStatus+`"`)
	}
	return fmt.Sprintf("sum by (instance) (rate(%s%s{%s}[%s]))", f.Name, suffix, strings.Join(matchers, ","), duration(in.window))
}

// selected are the matchers of the finding's route on a family.
func (in instances) selected(f schema.Family) []string {
	picked := in.schema.Select(f, nil)
	all := []string{"job=" + strconv.Quote(in.finding.Job)}
	for _, absent := range picked.Absent {
		all = append(all, absent+`=""`)
	}
	if l, ok := f.Label(schema.Route); ok && in.finding.Path != "unknown" {
		all = append(all, l.Name+"="+strconv.Quote(in.finding.Path))
	}
	if l, ok := f.Label(schema.Method); ok && in.finding.Method != "" {
		all = append(all, l.Name+"="+strconv.Quote(in.finding.Method))
	}
	return all
}
