package slo

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
)

// An Objective promises that a part of a service's events is good over a rolling period.
type Objective struct {
	// Name distinguishes the objectives of a service, in the label slo. The default is made from
	// what it covers, such as shop-post-orders-latency.
	Name string
	// Service is the value of the label job.
	Service     string
	Description string
	Target      Ratio
	Period      time.Duration // the default is 30 days

	// HTTP or Events is what is counted.
	HTTP   *HTTP
	Events *Events

	Labels   map[string]string // added to the alerts
	Alerting Alerting

	// Source is where it was written, such as slos.yml:12, for messages.
	Source string
}

// HTTP are the requests of a service in the names of any known schema, RPCs included.
type HTTP struct {
	Method   string // "" is all
	Route    string // the route's template, or /service/Method of an RPC; "" is all
	Matchers []Matcher
	// Below is the limit of the latency. 0 makes it an objective of availability.
	Below time.Duration
}

// A Matcher requires a label's value.
type Matcher struct{ Label, Value string }

// Events are counted by queries: all of them, and either the good or the bad ones.
type Events struct{ Total, Good, Bad Query }

// A Query is PromQL with {{.window}} where a window goes. It results in a number of events, or in
// events per second.
type Query struct {
	Template  string
	PerSecond bool
	selector  string // the metric that it counts, if it is nothing but its increase
}

// Alerting changes the alerts of an objective.
type Alerting struct {
	Name         string // instead of TachoSLOBudgetBurn
	Labels       map[string]string
	Annotations  map[string]string
	Page, Ticket Severity
	NoMissing    bool // no alert when the metric is gone
}

// Severity changes the alerts of one severity.
type Severity struct {
	Disable     bool
	Labels      map[string]string
	Annotations map[string]string
}

// Kind is latency, availability or events.
func (o Objective) Kind() string {
	switch {
	case o.HTTP == nil:
		return "events"
	case o.HTTP.Below > 0:
		return "latency"
	}
	return "availability"
}

// Promise returns what is promised, in the short form.
func (o Objective) Promise() string {
	words := []string{o.Target.Percent()}
	if h := o.HTTP; h != nil {
		if of := strings.TrimSpace(h.Method + " " + h.Route); of != "" {
			words = append(words, "of", of)
		}
		if h.Below > 0 {
			words = append(words, "below", h.Below.String())
		} else {
			words = append(words, "available")
		}
	} else {
		words = append(words, "of the events are good")
	}
	return strings.Join(append(words, "over", windowText(o.Period)), " ")
}

// longest is the longest period. Prometheus keeps samples for less by default.
const longest = 366 * day

var nameForm = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`)

// filled adds the defaults.
func (o Objective) filled() Objective {
	o.Period = cmp.Or(o.Period, 30*day)
	o.Name = cmp.Or(o.Name, o.defaultName())
	return o
}

// defaultName is the service, the method and route, and the kind.
func (o Objective) defaultName() string {
	parts := []string{o.Service}
	if o.HTTP != nil {
		for _, m := range o.HTTP.Matchers {
			parts = append(parts, m.Value)
		}
		parts = append(parts, o.HTTP.Method, o.HTTP.Route)
	}
	return slug(strings.Join(append(parts, o.Kind()), "-"))
}

var notInNames = regexp.MustCompile(`[^a-z0-9_.]+`)

func slug(name string) string {
	return strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "-"), "-.")
}

// check returns what is wrong with an objective that has its defaults.
func (o Objective) check() error {
	var wrong []string
	add := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	add(o.Service == "", "the service is missing")
	add(!nameForm.MatchString(o.Name), "the name %q must consist of letters, digits, '-', '_' and '.'", o.Name)
	add(o.Target <= 0 || o.Target >= one, "the target must be above 0%% and below 100%%")
	add(o.Period < day || o.Period > longest, "the period must be from 1d to 366d, not %s", windowText(o.Period))
	add((o.HTTP == nil) == (o.Events == nil), "it must have either HTTP or Events")
	add(o.HTTP != nil && o.HTTP.Below < 0, "the latency limit must be above 0")
	if o.Events != nil {
		add(o.Events.Total.Template == "", "the query for all events is missing")
		add((o.Events.Good.Template == "") == (o.Events.Bad.Template == ""), "it must have a query for either the good or the bad events")
	}
	if len(wrong) > 0 {
		return o.wrap(errors.New(strings.Join(wrong, "; ")))
	}
	return o.checkAlerts()
}

// checkAlerts returns what is wrong with the labels and the templates that are added to the alerts.
func (o Objective) checkAlerts() error {
	for _, s := range []Severity{o.Alerting.Page, o.Alerting.Ticket} {
		r := rulefmt.Rule{
			Alert:       cmp.Or(o.Alerting.Name, BurnAlert),
			Expr:        "vector(1)",
			Labels:      merged(map[string]string{"job": o.Service}, o.Labels, o.Alerting.Labels, s.Labels),
			Annotations: merged(o.Alerting.Annotations, s.Annotations),
		}
		for _, wrong := range r.Validate(rulefmt.RuleNode{}, model.LegacyValidation, promQL) {
			return o.wrap(fmt.Errorf("the alert %s: %w", r.Alert, wrong.Unwrap()))
		}
	}
	return nil
}

// wrap adds the objective's place to an error.
func (o Objective) wrap(err error) error {
	switch {
	case o.Source != "":
		return fmt.Errorf("%s: %w", o.Source, err)
	case o.Name != "":
		return fmt.Errorf("objective %s: %w", o.Name, err)
	}
	return err
}

// checked are the objectives with their defaults, each name once.
func checked(all []Objective) ([]Objective, error) {
	filled := make([]Objective, len(all))
	for i, o := range all {
		filled[i] = o.filled()
		if err := filled[i].check(); err != nil {
			return nil, err
		}
		same := func(x Objective) bool { return x.Name == filled[i].Name && x.Service == o.Service }
		if j := slices.IndexFunc(filled[:i], same); j >= 0 {
			return nil, filled[i].wrap(fmt.Errorf("%s of %s is there already%s: give one of them another name", filled[i].Name, o.Service, at(filled[j].Source)))
		}
	}
	return filled, nil
}

func at(source string) string {
	if source == "" {
		return ""
	}
	return " (" + source + ")"
}
