package verdict

import (
	"slices"
	"time"
)

// A State is the condition of a service.
type State string

// The states, the worst first.
const (
	Failing State = "failing" // requests fail
	Down    State = "down"    // targets cannot be scraped
	Slow    State = "slow"    // requests are slow
	Warning State = "warning" // a pool is exhausted, or another alert fires
	Healthy State = "healthy"
	Idle    State = "idle" // no requests
)

// states are all states, the worst first.
var states = []State{Failing, Down, Slow, Warning, Healthy, Idle}

// A Kind is what a finding is about.
type Kind string

// The kinds of findings.
const (
	Errors  Kind = "errors"  // the ratio of failed requests of a route, from 0 to 1
	Latency Kind = "latency" // the 95th percentile of a route, in seconds
	Target  Kind = "target"  // a target cannot be scraped; its value is 1
	Pool    Kind = "pool"    // a connection pool is exhausted; its value is how many requests wait on average
	Alert   Kind = "alert"   // an alert that no other finding explains; its value is 1
)

// stateOf is the state of a service with a finding of a kind.
var stateOf = map[Kind]State{Errors: Failing, Target: Down, Latency: Slow, Pool: Warning, Alert: Warning}

// A Verdict is the state of all services at one moment.
type Verdict struct {
	At       time.Time `json:"at"`
	Services []Service `json:"services"` // the worst first
	// Source describes the engine that the samples are read from; nil without one.
	Source *Source `json:"source,omitempty"`
}

// A Source is what is special about an engine that answers queries in the place of a Prometheus.
type Source struct {
	// Lacks are endpoints of Prometheus's API that the engine does not have, or that always have empty
	// answers, such as query_exemplars, and native_histograms.
	Lacks []string `json:"lacks,omitempty"`
	// Behind is how old the newest samples are that the engine shows, in seconds.
	Behind float64 `json:"behind,omitempty"`
}

// A Service is the state of one job.
type Service struct {
	Job   string `json:"job"`
	State State  `json:"state"`
	// Since is when the service entered its state, zero if it was in it when the first round began and
	// the state has no finding.
	Since    time.Time `json:"since,omitzero"`
	Text     string    `json:"sentence,omitzero"` // of Verdict.In
	Rate     float64   `json:"rate"`              // requests per second
	Errors   float64   `json:"errors"`            // failed requests per second
	Targets  int       `json:"targets"`           // all of them
	Up       int       `json:"up"`                // those that can be scraped
	Findings []Finding `json:"findings"`          // what is wrong now, the worst first
	Firing   []string  `json:"firing,omitzero"`   // the alerts that fire, by name
	Over     []Finding `json:"over,omitzero"`     // what was wrong and is over, the latest first
	Limits   Limits    `json:"limits"`            // of its routes, except those of Routes that have their own
	// Routes are those that are failing or slow, or that have limits of their own. All others are
	// healthy, or idle without requests.
	Routes    []Route  `json:"routes,omitzero"`
	Instances []string `json:"instances,omitzero"` // all targets, by the label instance
}

// LimitsOf returns the limits of the routes with a path.
func (s *Service) LimitsOf(path string) Limits {
	for _, r := range s.Routes {
		if r.Path == path && r.Limits != nil {
			return *r.Limits
		}
	}
	return s.Limits
}

// A Route is the state of one route.
type Route struct {
	Method string  `json:"method,omitzero"`
	Path   string  `json:"path"`
	State  State   `json:"state"`
	Limits *Limits `json:"limits,omitzero"` // nil: those of the service
}

// explained are the alerts that say the same as a finding of a kind.
var explained = map[string]Kind{"TachoErrorRatioHigh": Errors, "TachoLatencyHigh": Latency, "TachoScrapeFailing": Target}

// Unexplained returns the alerts that fire and that are not findings of their own or about one.
func (s Service) Unexplained() []string {
	var all []string
	for _, name := range s.Firing {
		about := func(f Finding) bool { kind, ok := explained[name]; return f.Alert == name || ok && f.Kind == kind }
		if !slices.ContainsFunc(s.Findings, about) {
			all = append(all, name)
		}
	}
	return all
}

// A Finding is one thing that is, or was, wrong.
type Finding struct {
	Kind   Kind   `json:"kind"`
	Job    string `json:"job"`
	Method string `json:"method,omitzero"` // of a route, if the service's metrics have it
	Path   string `json:"path,omitzero"`   // the route
	// Instance is the target that is down. For routes, see Where.
	Instance string `json:"instance,omitzero"`
	Alert    string `json:"alert,omitzero"`    // the alert's name, of the kind Alert
	Pool     string `json:"pool,omitzero"`     // the pool's name, of the kind Pool
	Text     string `json:"sentence,omitzero"` // of Verdict.In

	Now    float64  `json:"now"`             // in the unit of the kind, over the rules' window
	Worst  float64  `json:"worst"`           // the highest value so far
	Before *float64 `json:"before,omitzero"` // before Since; nil if not known
	Limit  float64  `json:"limit"`           // the value from which it is a finding
	Rate   float64  `json:"rate"`            // requests per second that it affects

	// Since is when it began. AtLeast means that it had begun before the earliest data that was
	// read, which is Since.
	Since   time.Time `json:"since"`
	AtLeast bool      `json:"atLeast,omitzero"`
	// Until is when it ended; zero while it goes on.
	Until time.Time `json:"until,omitzero"`

	Where Where  `json:"where,omitzero"`
	After *Event `json:"after,omitzero"` // the last event before Since, if it was near

	// Query is the PromQL whose value is Now.
	Query string `json:"query"`

	located time.Time // when Since, Where and After were last looked for
}

// Where says on which instances of a route the fault is.
type Where struct {
	Instances int `json:"instances"` // how many serve the route; 0 if not known
	// On are those with more than half of the highest value. If it is Unclear, they include others that
	// have less of it so far, after too few requests to know better.
	On        []string `json:"on,omitzero"`
	Unclear   bool     `json:"unclear,omitzero"`
	Only      string   `json:"only,omitzero"`  // the instance that stands out, or ""
	Value     float64  `json:"value,omitzero"` // its value: an error ratio, or a mean latency in seconds
	Next      string   `json:"next,omitzero"`  // the instance with the second highest value
	NextValue float64  `json:"nextValue,omitzero"`
}

// An Event is something that happened to a service.
type Event struct {
	Kind     string    `json:"kind"` // "deployment" or "restart"
	At       time.Time `json:"at"`
	Version  string    `json:"version,omitzero"`  // of a deployment
	Instance string    `json:"instance,omitzero"` // of a restart, if only one restarted
}

// The kinds of events.
const (
	Deployment = "deployment"
	Restart    = "restart"
)

// A key identifies a finding from round to round.
type key struct {
	kind                                     Kind
	job, method, path, instance, alert, pool string
}

func (f *Finding) key() key { return key{f.Kind, f.Job, f.Method, f.Path, f.Instance, f.Alert, f.Pool} }

// weight ranks findings of one kind: by the requests that fail or wait, or by the time that requests take.
func (f *Finding) weight() float64 {
	if f.Kind == Pool {
		return f.Now
	}
	return f.Now * f.Rate
}
