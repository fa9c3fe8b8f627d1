package verdict

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"sync"
	"time"
)

// An Engine computes verdicts, round by round. It remembers the findings that are open, so that a
// value that swings around its limit does not open and close one again and again, and those that are
// over. Rounds must not run at the same time; Latest may be called at any time.
type Engine struct {
	Options
	querier Querier

	now  time.Time // of the round
	open map[key]*Finding
	over []Finding           // the latest end first
	last map[string]*Service // of the last round, by job

	mu     sync.Mutex
	latest *Verdict
}

// New returns an Engine that has seen nothing yet.
func New(q Querier, o Options) *Engine {
	return &Engine{Options: o.filled(), querier: q, open: make(map[key]*Finding)}
}

// Use changes the options, between two rounds.
func (e *Engine) Use(o Options) { e.Options = o.filled() }

// Latest returns the verdict of the last round, nil before the first one. It must not be changed.
func (e *Engine) Latest() *Verdict {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.latest
}

// Round computes the verdict of a moment, and remembers it. After an error, the verdict of the round
// before remains.
func (e *Engine) Round(ctx context.Context, now time.Time) (*Verdict, error) {
	r, err := e.read(ctx, now)
	if err != nil {
		return nil, err
	}
	if err := e.step(ctx, now, r); err != nil {
		return nil, err
	}
	v := e.verdict(now, r)
	e.mu.Lock()
	e.latest = v
	e.mu.Unlock()
	return v, nil
}

// step brings the findings up to date with a reading.
func (e *Engine) step(ctx context.Context, now time.Time, r *reading) error {
	e.now = now
	seen := e.judge(r)
	if err := e.openNew(ctx, now, r, seen); err != nil {
		return err
	}
	return e.closeOld(ctx, now, seen)
}

// closing is the share of a limit below which an open finding closes. Above it, it stays open, so
// that a finding does not flicker.
var closing = map[Kind]float64{Errors: 0.5, Latency: 0.8, Pool: 0.5, Target: 1, Alert: 1}

// judge returns what is wrong in a reading, with the values of now.
func (e *Engine) judge(r *reading) map[key]*Finding {
	wrong := make(map[key]*Finding)
	add := func(f Finding, enough bool) {
		open := e.open[f.key()] != nil
		if open && f.Now >= f.Limit*closing[f.Kind] || enough && f.beyond() {
			wrong[f.key()] = &f
		}
	}
	for id, n := range r.routes {
		l := r.limitsOf(e.Options, id.job, id.path)
		f := Finding{Job: id.job, Method: id.method, Path: id.path, Rate: n.rate}
		f.Kind, f.Now, f.Limit = Errors, n.errorRatio(l), l.ErrorRatio
		add(f, n.failures >= l.MinErrors && (n.failsMore(l) || r.fires("TachoErrorRatioHigh", id)))
		f.Kind, f.Now, f.Limit = Latency, n.p95, l.Latency
		add(f, n.count >= l.MinRequests && n.rate*n.window >= l.MinRequests/5)
	}
	e.poolFindings(r, func(f Finding) { add(f, true) })
	for _, f := range wrong {
		f.Query = f.query(r)
	}
	for t, up := range r.targets {
		if !up {
			f := Finding{Kind: Target, Job: t.job, Instance: t.instance, Now: 1, Limit: 1, Query: "up" + matching("job", t.job, "instance", t.instance)}
			wrong[f.key()] = &f
		}
	}
	e.addAlerts(r, wrong)
	return wrong
}

// query returns the PromQL of a route's finding.
func (f *Finding) query(r *reading) string {
	id := route{f.Job, f.Method, f.Path}
	switch f.Kind {
	case Errors:
		return errorQuery(id, r.routes[id].schema)
	case Latency:
		return latencyQuery(id, r.routes[id].schema)
	}
	return f.Query
}

// beyond reports whether a value is beyond its limit, as the alert on it does: a percentile beyond the
// highest bucket is reported as that bucket's bound, which may equal the limit.
func (f *Finding) beyond() bool {
	if f.Kind == Errors {
		return f.Now > f.Limit
	}
	return f.Now >= f.Limit
}

// addAlerts adds the alerts that fire and that no finding explains. An alert looks back longer than a
// finding, so it still fires for a while when its finding is over.
func (e *Engine) addAlerts(r *reading, wrong map[key]*Finding) {
	for _, labels := range r.alerts {
		f := Finding{
			Kind: Alert, Job: labels["job"], Method: labels["method"], Path: labels["path"], Alert: labels["alertname"],
			Instance: labels["instance"], Now: 1, Limit: 1,
			Query: "ALERTS" + matching("alertname", labels["alertname"], "alertstate", "firing", "job", labels["job"], "path", labels["path"]),
		}
		if kind, ok := explained[f.Alert]; !ok || !e.explains(wrong, kind, &f) {
			wrong[f.key()] = &f
		}
	}
}

// explains reports whether a finding, now or just over, is on the alert's route or target.
func (e *Engine) explains(wrong map[key]*Finding, kind Kind, alert *Finding) bool {
	same := func(f *Finding) bool {
		return f.Kind == kind && f.Job == alert.Job && (alert.Path == "" || f.Path == alert.Path) && (alert.Instance == "" || f.Instance == alert.Instance)
	}
	for _, f := range wrong {
		if same(f) {
			return true
		}
	}
	for _, f := range e.open { // closes in this round
		if same(f) {
			return true
		}
	}
	return slices.ContainsFunc(e.over, func(f Finding) bool { return same(&f) && e.now.Sub(f.Until) < 2*e.LookBack })
}

// openNew opens the findings that are new, and brings the values of the others up to date.
func (e *Engine) openNew(ctx context.Context, now time.Time, r *reading, seen map[key]*Finding) error {
	for k, f := range seen {
		if known := e.open[k]; known != nil {
			known.Now, known.Rate, known.Query = f.Now, f.Rate, f.Query
			f = known
		} else if f.Kind == Latency && !r.fires("TachoLatencyHigh", route{f.Job, f.Method, f.Path}) {
			if slow, err := e.isSlow(ctx, now, f, r); err != nil || !slow {
				if err != nil {
					return err
				}
				delete(seen, k)
				continue
			}
		}
		f.Worst = max(f.Worst, f.Now)
		e.open[k] = f
	}
	return e.locateSome(ctx, now, seen, r)
}

// closeOld closes the findings that are no longer seen.
func (e *Engine) closeOld(ctx context.Context, now time.Time, seen map[key]*Finding) error {
	for k, f := range e.open {
		if seen[k] != nil {
			continue
		}
		end, err := e.end(ctx, now, f)
		if err != nil {
			return err
		}
		f.Until = end
		e.over = slices.Insert(e.over, 0, *f)
		delete(e.open, k)
	}
	e.over = slices.DeleteFunc(e.over, func(f Finding) bool { return now.Sub(f.Until) > e.Keep })
	slices.SortStableFunc(e.over, func(a, b Finding) int { return b.Until.Compare(a.Until) })
	e.over = e.over[:min(len(e.over), maxOver)]
	return nil
}

// verdict puts the findings beside the services that they belong to.
func (e *Engine) verdict(now time.Time, r *reading) *Verdict {
	services := make(map[string]*Service)
	of := func(job string) *Service {
		if services[job] == nil {
			services[job] = &Service{Job: job, Findings: []Finding{}}
		}
		return services[job]
	}
	for t, up := range r.targets {
		s := of(t.job)
		s.Instances = append(s.Instances, t.instance)
		s.Targets++
		if up {
			s.Up++
		}
	}
	for id, n := range r.routes {
		s := of(id.job)
		s.Rate += n.rate
		s.Errors += n.failed
		if x := e.routeOf(id, r); x.State != Healthy || x.Limits != nil {
			s.Routes = append(s.Routes, x)
		}
	}
	for _, f := range e.open {
		s := of(f.Job)
		s.Findings = append(s.Findings, *f)
	}
	for _, labels := range r.alerts {
		s := of(labels["job"])
		if name := labels["alertname"]; !slices.Contains(s.Firing, name) {
			s.Firing = append(s.Firing, name)
		}
	}
	for _, f := range e.over {
		s := of(f.Job)
		s.Over = append(s.Over, f)
	}
	v := &Verdict{At: now, Services: []Service{}}
	for _, job := range slices.Sorted(maps.Keys(services)) {
		s := services[job]
		slices.SortFunc(s.Findings, worse)
		slices.Sort(s.Firing)
		slices.Sort(s.Instances)
		slices.SortFunc(s.Routes, func(a, b Route) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method)) })
		s.State, s.Limits = s.state(), r.limitsOf(e.Options, job, "")
		s.Since = s.since(e.last[job], now)
		v.Services = append(v.Services, *s)
	}
	e.last = services
	slices.SortStableFunc(v.Services, func(a, b Service) int {
		return cmp.Compare(slices.Index(states, a.State), slices.Index(states, b.State))
	})
	return v
}

// routeOf returns the state of a route, and its limits if they are not those of its service.
func (e *Engine) routeOf(id route, r *reading) Route {
	x := Route{Method: id.method, Path: id.path, State: Healthy}
	for _, kind := range []Kind{Latency, Errors} { // the worse one last
		if e.open[key{kind: kind, job: id.job, method: id.method, path: id.path}] != nil {
			x.State = stateOf[kind]
		}
	}
	if own := r.limitsOf(e.Options, id.job, id.path); own != r.limitsOf(e.Options, id.job, "") {
		x.Limits = &own
	}
	return x
}

// since returns when a service entered its state: when the first finding of that state began, when the
// last finding ended, or the round that saw it first.
func (s *Service) since(last *Service, now time.Time) time.Time {
	var began time.Time
	for _, f := range s.Findings {
		if stateOf[f.Kind] == s.State && (began.IsZero() || f.Since.Before(began)) {
			began = f.Since
		}
	}
	switch same := last != nil && last.State == s.State; {
	case same && (began.IsZero() || !last.Since.IsZero() && last.Since.Before(began)):
		return last.Since
	case !began.IsZero() || last == nil:
		return began
	case len(s.Over) > 0 && s.Over[0].Until.After(last.Since):
		return s.Over[0].Until
	}
	return now
}

func (s *Service) state() State {
	switch {
	case len(s.Findings) > 0:
		return stateOf[s.Findings[0].Kind]
	case len(s.Firing) > 0: // what it was about is over; it ends within its look-back
		return Warning
	case s.Rate == 0:
		return Idle
	}
	return Healthy
}

// worse orders findings: by state, then by how much they weigh, then by name.
func worse(a, b Finding) int {
	return cmp.Or(
		cmp.Compare(slices.Index(states, stateOf[a.Kind]), slices.Index(states, stateOf[b.Kind])),
		compareWeight(b, a),
		cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method), cmp.Compare(a.Instance, b.Instance), cmp.Compare(a.Pool, b.Pool), cmp.Compare(a.Alert, b.Alert))
}

// compareWeight compares by classes of half as much again, and findings of one class by their start, so
// that routes of about the same weight do not change places with every scrape.
func compareWeight(a, b Finding) int {
	class := func(f Finding) float64 { return math.Round(math.Log(max(f.weight(), 1e-9)) / math.Log(1.5)) }
	return cmp.Or(cmp.Compare(class(a), class(b)), b.Since.Compare(a.Since))
}
