package slo

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
)

// The recorded metrics. See the package comment for their labels.
const (
	Target  = "tacho:slo_objective:ratio"
	Rate    = "tacho:slo_events:rate"
	BadRate = "tacho:slo_bad_events:rate"
	Sum     = "tacho:slo_events:sum"
	BadSum  = "tacho:slo_bad_events:sum"
	// BurnLimit is the burn rate above which a pair of windows alerts, by its long and its short window.
	BurnLimit = "tacho:slo_burn_rate:limit"
	BurnRate  = "tacho:slo_burn_rate:ratio"
	Budget    = "tacho:slo_error_budget:ratio"
	// Increase and BadIncrease are the events since the last evaluation, from which long windows are
	// summed up.
	Increase    = "tacho:slo_events:increase"
	BadIncrease = "tacho:slo_bad_events:increase"
	// NearestBound are the bucket bounds, in seconds, on both sides of a latency objective's limit that is
	// no bound itself, by the label bound: lower or upper. See Options.BoundsFunc.
	NearestBound = "tacho:slo_nearest_bound:seconds"
	// RouteSpent are the bad events of each route since the last evaluation, only where there were
	// some. See Options.Routes.
	RouteSpent = "tacho:slo_route_bad_events:increase"
)

// direct is the longest window that is read from the service's own counters; longer ones are sums of
// the recorded increases, each of which has its own events only. So they stay right when the interval of
// the rules changes, and cost the same however many series the service has.
const direct = time.Hour

// Rules returns two groups per objective: what changes fast, and what looks back for long.
func Rules(o Options, objectives ...Objective) ([]rulefmt.RuleGroup, error) {
	o = o.filled()
	all, err := checked(objectives)
	if err != nil {
		return nil, err
	}
	var groups []rulefmt.RuleGroup
	for _, objective := range all {
		r, err := o.measure(objective)
		if err != nil {
			return nil, objective.wrap(err)
		}
		groups = append(groups, r.groups()...)
	}
	return groups, nil
}

// A measured objective has its queries and windows.
type measured struct {
	Options
	Objective
	events *Events
	pairs  []Pair
}

func (o Options) measure(objective Objective) (measured, error) {
	m := measured{o, objective, objective.Events, o.pairs(objective.Period, objective.Service)}
	if m.HTTP == nil {
		return m, nil
	}
	var err error
	if m.events, err = m.HTTP.events(m.Service, o.used(m.Service), o.Schemas); err != nil {
		m.events, err = m.HTTP.events(m.Service, o.Schemas, o.Schemas) // the service has not what is promised, yet
	}
	return m, err
}

func (m measured) groups() []rulefmt.RuleGroup {
	short, long := m.windows()
	quick := rulefmt.RuleGroup{Name: "tacho-slo " + m.Service + " " + m.Name, Interval: model.Duration(m.Interval)}
	quick.Rules = append(quick.Rules, m.target())
	quick.Rules = append(quick.Rules, m.limits()...)
	quick.Rules = append(quick.Rules, m.nearestBounds()...)
	quick.Rules = append(quick.Rules, m.rates()...)
	for _, w := range short {
		quick.Rules = append(quick.Rules, m.sums(w)...)
		quick.Rules = append(quick.Rules, m.burn(w))
	}

	slow := rulefmt.RuleGroup{Name: quick.Name + " budget", Interval: model.Duration(m.coarse())}
	slow.Rules = append(slow.Rules, m.increases()...)
	for _, w := range long {
		slow.Rules = append(slow.Rules, m.sums(w)...)
		slow.Rules = append(slow.Rules, m.burn(w))
	}
	slow.Rules = append(slow.Rules, m.budget())
	for _, a := range m.alerts() {
		if a.long > direct {
			slow.Rules = append(slow.Rules, a.rule)
		} else {
			quick.Rules = append(quick.Rules, a.rule)
		}
	}
	return []rulefmt.RuleGroup{quick, slow}
}

// windows are those of the pairs and the period, each once, in the group that records them.
func (m measured) windows() (short, long []time.Duration) {
	all := []time.Duration{m.Period}
	for _, p := range m.pairs {
		all = append(all, p.Long, p.Short)
	}
	slices.Sort(all)
	for _, w := range slices.Compact(all) {
		if w <= direct && w != m.Period {
			short = append(short, w)
		} else {
			long = append(long, w)
		}
	}
	return short, long
}

// own are the labels of the objective's rules. Those whose queries have them already set them as well: promtool
// reports two rules of one name without a different label as duplicates.
func (m measured) own(more ...string) map[string]string {
	labels := map[string]string{"slo": m.Name, "job": m.Service}
	for i := 0; i < len(more); i += 2 {
		if more[i+1] != "" {
			labels[more[i]] = more[i+1]
		}
	}
	return labels
}

// recorded selects a recorded metric of the objective.
func (m measured) recorded(name string, matchers ...string) string {
	all := append([]string{"job=" + strconv.Quote(m.Service), "slo=" + strconv.Quote(m.Name)}, matchers...)
	return name + "{" + strings.Join(all, ",") + "}"
}

func window(w time.Duration) string { return `window="` + windowText(w) + `"` }

// target records what is promised, with what it covers.
func (m measured) target() rulefmt.Rule {
	covers := []string{"kind", m.Kind(), "window", windowText(m.Period)}
	if h := m.HTTP; h != nil {
		covers = append(covers, "method", h.Method, "path", h.Route)
		if h.Below > 0 {
			covers = append(covers, "below", text(big.NewRat(int64(h.Below), 1e9)))
		}
	}
	return rulefmt.Rule{Record: Target, Expr: "vector(" + m.Target.String() + ")", Labels: m.own(covers...)}
}

// limits record when the alerts fire.
func (m measured) limits() (all []rulefmt.Rule) {
	for _, p := range m.pairs {
		if !m.severity(p).Disable {
			all = append(all, rulefmt.Rule{Record: BurnLimit, Expr: "vector(" + text(m.limit(p)) + ")", Labels: m.own("window", windowText(p.Long), "short", windowText(p.Short), "severity", p.Severity)})
		}
	}
	return all
}

// nearestBounds record why a latency objective has no data.
func (m measured) nearestBounds() (all []rulefmt.Rule) {
	if m.BoundsFunc == nil {
		return nil
	}
	lower, upper := m.nearest(m.BoundsFunc(m.Objective))
	for _, b := range []struct {
		name    string
		seconds float64
	}{{"lower", lower}, {"upper", upper}} {
		if b.seconds > 0 {
			all = append(all, rulefmt.Rule{Record: NearestBound, Expr: "vector(" + strconv.FormatFloat(b.seconds, 'g', -1, 64) + ")", Labels: m.own("bound", b.name)})
		}
	}
	return all
}

// rates record the events per second: two series, however many the service has.
func (m measured) rates() []rulefmt.Rule {
	w := m.base(m.Service)
	total := perSecond(m.events.Total, w)
	bad := m.bad(func(q Query) string { return perSecond(q, w) }, m.recorded(Rate))
	return []rulefmt.Rule{
		{Record: Rate, Expr: total, Labels: m.own()},
		{Record: BadRate, Expr: bad, Labels: m.own()},
	}
}

// sums record the events within a window.
func (m measured) sums(w time.Duration) []rulefmt.Rule {
	rule := func(record, expr string) rulefmt.Rule {
		return rulefmt.Rule{Record: record, Expr: expr, Labels: m.own("window", windowText(w))}
	}
	if w <= direct && w != m.Period {
		bad := m.bad(func(q Query) string { return events(q, w) }, m.recorded(Sum, window(w)))
		return []rulefmt.Rule{rule(Sum, events(m.events.Total, w)), rule(BadSum, bad)}
	}
	added := func(name string) string {
		return fmt.Sprintf("sum_over_time(%s[%s])", m.recorded(name), windowText(w))
	}
	return []rulefmt.Rule{rule(Sum, added(Increase)), rule(BadSum, added(BadIncrease))}
}

// bad are the bad events: those of a query, none of them is zero; or all but the good ones.
func (m measured) bad(of func(Query) string, total string) string {
	total = "sum" + m.by() + " (" + total + ")"
	if m.events.Bad.Template != "" {
		return of(m.events.Bad) + "\nor 0 * " + total
	}
	return "clamp_min(" + total + " - (" + of(m.events.Good) + "), 0)"
}

// by are the labels that queries keep.
func (m measured) by() string {
	if m.HTTP != nil {
		return " by (job)"
	}
	return ""
}

// increases record the events since the last evaluation, from which long windows are summed up.
func (m measured) increases() []rulefmt.Rule {
	w := m.coarse()
	rule := func(record, of string) rulefmt.Rule {
		expr := fmt.Sprintf("avg_over_time(%s[%s]) * %s", m.recorded(of), windowText(w), seconds(w))
		return rulefmt.Rule{Record: record, Expr: expr, Labels: m.own()}
	}
	all := []rulefmt.Rule{rule(Increase, Rate), rule(BadIncrease, BadRate)}
	if expr := m.byRoute(); m.Routes && expr != "" {
		all = append(all, rulefmt.Rule{Record: RouteSpent, Expr: expr, Labels: m.own()})
	}
	return all
}

// burn is how fast the budget is spent: 1 spends it in exactly the period. Idle time spends nothing.
// Requests of which it is unknown how many were bad have no burn rate.
func (m measured) burn(w time.Duration) rulefmt.Rule {
	total, bad := m.recorded(Sum, window(w)), m.recorded(BadSum, window(w))
	return rulefmt.Rule{
		Record: BurnRate,
		Expr:   fmt.Sprintf("%s / (%s > 0) / %s\nor 0 * (%s == 0)", bad, total, m.Target.Budget(), total),
		Labels: m.own("window", windowText(w)),
	}
}

func (m measured) budget() rulefmt.Rule {
	return rulefmt.Rule{Record: Budget, Expr: "1 - " + m.recorded(BurnRate, window(m.Period)), Labels: m.own("window", windowText(m.Period))}
}

func perSecond(q Query, w time.Duration) string {
	if q.PerSecond {
		return q.over(w)
	}
	return grouped(q.over(w)) + " / " + seconds(w)
}

// events is a query's number of events within a window.
func events(q Query, w time.Duration) string {
	if q.PerSecond {
		return grouped(q.over(w)) + " * " + seconds(w)
	}
	return q.over(w)
}

// over fills the window in.
func (q Query) over(w time.Duration) string {
	return strings.ReplaceAll(q.Template, placeholder, windowText(w))
}

func grouped(expr string) string { return "(" + expr + ")" }

func seconds(d time.Duration) string { return text(big.NewRat(int64(d), int64(time.Second))) }
