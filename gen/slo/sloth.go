package slo

import (
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

const (
	slothVersion  = "prometheus/v1"
	slothResource = "sloth.slok.dev/v1"
)

// The format of Sloth's files. (https://sloth.dev/specs/default/)
type (
	slothFile struct {
		Version string            `yaml:"version"`
		Service string            `yaml:"service"`
		Labels  map[string]string `yaml:"labels,omitempty"`
		Plugins any               `yaml:"slo_plugins,omitempty"`
		SLOs    []slothSLO        `yaml:"slos"`
	}
	slothSLO struct {
		Name        string            `yaml:"name"`
		Objective   string            `yaml:"objective"`
		Description string            `yaml:"description,omitempty"`
		Labels      map[string]string `yaml:"labels,omitempty"`
		Plugins     any               `yaml:"plugins,omitempty"`
		SLI         slothSLI          `yaml:"sli"`
		Alerting    slothAlerting     `yaml:"alerting,omitempty"`
	}
	slothSLI struct {
		Events *slothEvents `yaml:"events,omitempty"`
		Raw    any          `yaml:"raw,omitempty"`
		Plugin any          `yaml:"plugin,omitempty"`
		Denom  any          `yaml:"denominator_corrected,omitempty"`
	}
	slothEvents struct {
		Error string `yaml:"error_query"`
		Total string `yaml:"total_query"`
	}
	slothAlerting struct {
		Name        string            `yaml:"name,omitempty"`
		Labels      map[string]string `yaml:"labels,omitempty"`
		Annotations map[string]string `yaml:"annotations,omitempty"`
		Page        slothAlert        `yaml:"page_alert,omitempty"`
		Ticket      slothAlert        `yaml:"ticket_alert,omitempty"`
	}
	slothAlert struct {
		Disable     bool              `yaml:"disable,omitempty"`
		Labels      map[string]string `yaml:"labels,omitempty"`
		Annotations map[string]string `yaml:"annotations,omitempty"`
	}
)

// slothCannot are the fields of an SLO that cannot be honored.
var slothCannot = map[string]string{
	"sli.raw":                   "it is a ratio, whose events cannot be summed up; use sli.events",
	"sli.plugin":                "plugins are Go programs of Sloth; use sli.events",
	"sli.denominator_corrected": "budgets are always weighted by requests here; use sli.events",
	"plugins":                   "plugins are Go programs of Sloth",
}

func readSloth(n *yaml.Node) ([]Objective, error) {
	if err := reject(n, map[string]string{"slo_plugins": "plugins are Go programs of Sloth"}); err != nil {
		return nil, err
	}
	var file slothFile
	if err := strict(n, &file); err != nil {
		return nil, err
	}
	var all []Objective
	for i, s := range file.SLOs {
		at := field(n, "slos").Content[i]
		if err := reject(at, slothCannot); err != nil {
			return nil, err
		}
		o, err := s.objective(file, at)
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

func (s slothSLO) objective(file slothFile, at *yaml.Node) (o Objective, err error) {
	o = Objective{Name: s.Name, Service: file.Service, Description: s.Description, Source: position(at)}
	if o.Target, err = parsePercent(s.Objective); err != nil {
		return o, wrongAt(orNode(field(at, "objective"), at), "objective: %s", err)
	}
	if s.SLI.Events == nil {
		return o, wrongAt(at, "sli.events is missing")
	}
	o.Events = &Events{}
	for _, q := range []struct {
		name, text string
		to         *Query
	}{{"error_query", s.SLI.Events.Error, &o.Events.Bad}, {"total_query", s.SLI.Events.Total, &o.Events.Total}} {
		if *q.to, err = slothQuery(q.text); err != nil {
			return o, wrongAt(orNode(field(at, "sli", "events", q.name), at), "%s: %s", q.name, err)
		}
	}
	o.Labels = merged(file.Labels, s.Labels)
	o.Alerting = Alerting{
		Name: s.Alerting.Name, Labels: s.Alerting.Labels, Annotations: s.Alerting.Annotations,
		Page: Severity(s.Alerting.Page), Ticket: Severity(s.Alerting.Ticket),
	}
	return o, nil
}

func orNode(n, other *yaml.Node) *yaml.Node {
	if n != nil {
		return n
	}
	return other
}

var windowForm = regexp.MustCompile(`\{\{-?\s*\.window\s*-?\}\}`)

// slothQuery reads a query whose window is {{.window}}. Sloth divides one by the other, so that both
// may be rates: they are multiplied by the window's seconds here.
func slothQuery(text string) (Query, error) {
	q := Query{Template: windowForm.ReplaceAllString(text, placeholder)}
	switch {
	case text == "":
		return q, fmt.Errorf("the query is missing")
	case q.Template == text && !windowForm.MatchString(text):
		return q, fmt.Errorf("it has no {{.window}}")
	}
	var err error
	q.PerSecond, err = isRate(q)
	return q, err
}

// A custom resource has the same content in other places and spellings.
func readSlothResource(n *yaml.Node) ([]Objective, error) {
	return nil, wrongAt(n, "Sloth's custom resource is not read: use its prometheus/v1 file, from which it is made")
}
