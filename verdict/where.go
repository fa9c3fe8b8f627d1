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

// telling is the number of events of an instance from which it can be compared with others: requests,
// or failed requests that it should have had.
const telling = 5

// spread is the standard deviation of latencies as a share of their mean, at most usually: that of an
// exponential distribution. If a fifth of the requests take ten times as long as the others, it is 1.3.
const spread = 1.3

// where compares the instances of a route: which of them have the fault.
func (e *Engine) where(ctx context.Context, now time.Time, f *Finding, r *reading) (Where, error) {
	n := r.routes[route{f.Job, f.Method, f.Path}]
	if n == nil {
		return Where{}, nil
	}
	above, below := instanceQueries(f, n.schema, min(e.LookBack, max(now.Sub(f.Since), e.windowOf(f.Job))))
	if above == "" || below == "" {
		return Where{}, nil
	}
	wholes, err := e.querier.Query(ctx, below, now)
	if err != nil {
		return Where{}, err
	}
	parts, err := e.querier.Query(ctx, above, now)
	if err != nil {
		return Where{}, err
	}
	return standsOut(perInstance(parts, wholes), f.Kind == Errors), nil
}

// A share is what happened on one instance: of count requests, those that failed, or their seconds.
type share struct {
	instance     string
	value, count float64 // the value is a mean of the requests
}

func perInstance(parts, wholes []Series) []share {
	sums := make(map[string]float64, len(parts))
	for _, s := range parts {
		sums[s.Labels["instance"]] = s.last()
	}
	var all []share
	for _, s := range wholes {
		if instance, count := s.Labels["instance"], s.last(); count > 0 {
			all = append(all, share{instance, sums[instance] / count, count})
		}
	}
	slices.SortFunc(all, func(a, b share) int {
		return cmp.Or(cmp.Compare(b.value, a.value), cmp.Compare(a.instance, b.instance))
	})
	return all
}

// standsOut tells the one instance that has the fault, if it is one. A difference that chance explains is
// none: the others must have had enough requests to know better.
func standsOut(all []share, failures bool) Where {
	w := Where{Instances: len(all)}
	w.On, w.Unclear = like(all, failures)
	if len(all) < 2 || len(w.On) != 1 || w.Unclear {
		return w
	}
	w.Only, w.Value, w.Next, w.NextValue = all[0].instance, all[0].value, all[1].instance, all[1].value
	return w
}

// like are the instances that have the fault of the first one, which has the highest value, by name: those
// with more than half of it. Those that have less by chance may have it, too; it is then unclear.
func like(all []share, failures bool) (on []string, unclear bool) {
	for _, s := range all {
		has := s.value*outlying > all[0].value
		if mayHave := all[0].value > 0 && byChance(all[0], s, failures); has || mayHave {
			on = append(on, s.instance)
			unclear = unclear || !has
		}
	}
	slices.Sort(on)
	return on, unclear
}

// byChance reports whether chance explains that an instance has less of a fault than the one with the most.
//
// If a fifth of the requests fail on both of two instances, and each has served twenty, then one has twice
// as many failures as the other every sixth time. Each round looks at this anew, at an early one with few
// requests, so it takes as many standard deviations as a finding does.
func byChance(most, other share, failures bool) bool {
	if failures {
		return other.count*most.value < telling || failsByChance(most, other)
	}
	return other.count < telling || math.Log(most.value/other.value) < sigmas*spread*math.Sqrt(1/most.count+1/other.count)
}

// failsByChance compares two ratios of failed requests with what they would be if both instances had the
// same. The other one may have had a failure that nobody counted: a series begins with its first.
func failsByChance(most, other share) bool {
	n := other.count + 1
	ratio := (other.value*other.count + 1) / n
	both := (most.value*most.count + ratio*n) / (most.count + n)
	return most.value-ratio < sigmas*math.Sqrt(both*(1-both)*(1/most.count+1/n))
}

// instanceQueries are, by instance and from the service's own metrics, the failed requests or the seconds
// of a route, and its requests; "" if the metrics do not have them.
func instanceQueries(f *Finding, recordedAs string, window time.Duration) (above, below string) {
	i := slices.IndexFunc(schema.Known(), func(s schema.Schema) bool { return s.Name == recordedAs })
	if i < 0 {
		return "", ""
	}
	s := schema.Known()[i]
	in := instances{s, f, window}
	if f.Kind == Latency {
		return in.increase(s.Duration, "_sum", false), in.increase(s.Duration, "_count", false)
	}
	counter, suffix := s.Counter()
	return in.increase(counter, suffix, true), in.increase(counter, suffix, false)
}

// instances builds queries by instance from a service's own metrics.
type instances struct {
	schema  schema.Schema
	finding *Finding
	window  time.Duration
}

// increase is that of a family on the finding's route, by instance; only of failed requests if asked.
func (in instances) increase(f schema.Family, suffix string, failed bool) string {
	if f.Name == "" {
		return ""
	}
	matchers := in.selected(f)
	each := []string{in.increaseOf(f.Name+suffix, matchers)}
	if failed {
		l, ok := f.StatusLabel()
		if !ok {
			return ""
		}
		each = nil
		for _, name := range l.Names() {
			each = append(each, in.increaseOf(f.Name+suffix, append(matchers, name+`=~"`+schema.ErrorStatus+`"`)))
		}
	}
	sum := "sum by (instance) (" + strings.Join(each, " or ") + ")"
	if e := f.Exponent(); e != 0 && suffix == "_sum" {
		sum += fmt.Sprintf(" * 1e%d", e)
	}
	return sum
}

func (in instances) increaseOf(series string, matchers []string) string {
	return fmt.Sprintf("increase(%s{%s}[%s])", series, strings.Join(matchers, ","), duration(in.window))
}

// selected are the matchers of the finding's route on a family.
func (in instances) selected(f schema.Family) []string {
	picked := in.schema.Select(f, nil)
	all := []string{"job=" + strconv.Quote(in.finding.Job)}
	for _, absent := range picked.Absent {
		all = append(all, absent+`=""`)
	}
	if l, ok := f.Label(schema.Route); ok && in.finding.Path != "unknown" {
		names, values := l.Labels(in.finding.Path)
		for i, name := range names {
			all = append(all, name+"="+strconv.Quote(values[i]))
		}
	}
	if l, ok := f.Label(schema.Method); ok && in.finding.Method != "" {
		all = append(all, l.Name+"="+strconv.Quote(in.finding.Method))
	}
	return all
}
