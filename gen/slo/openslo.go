package slo

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

const openVersion = "openslo/v1"

// The parts of OpenSLO that are read. (https://github.com/OpenSLO/OpenSLO)
type (
	openMeta struct {
		Name        string         `yaml:"name"`
		DisplayName string         `yaml:"displayName,omitempty"`
		Labels      map[string]any `yaml:"labels,omitempty"`
		Annotations map[string]any `yaml:"annotations,omitempty"`
	}
	openSLO struct {
		APIVersion string   `yaml:"apiVersion"`
		Kind       string   `yaml:"kind"`
		Metadata   openMeta `yaml:"metadata"`
		Spec       openSpec `yaml:"spec"`
	}
	openSpec struct {
		Description   string          `yaml:"description,omitempty"`
		Service       string          `yaml:"service"`
		Indicator     *openIndicator  `yaml:"indicator,omitempty"`
		IndicatorRef  string          `yaml:"indicatorRef,omitempty"`
		TimeWindow    []openWindow    `yaml:"timeWindow"`
		Budgeting     string          `yaml:"budgetingMethod,omitempty"`
		Objectives    []openObjective `yaml:"objectives"`
		AlertPolicies any             `yaml:"alertPolicies,omitempty"`
	}
	openSLI struct {
		APIVersion string      `yaml:"apiVersion"`
		Kind       string      `yaml:"kind"`
		Metadata   openMeta    `yaml:"metadata"`
		Spec       openSLISpec `yaml:"spec"`
	}
	openIndicator struct {
		Metadata openMeta    `yaml:"metadata,omitempty"`
		Spec     openSLISpec `yaml:"spec"`
	}
	openSLISpec struct {
		Description string     `yaml:"description,omitempty"`
		Ratio       *openRatio `yaml:"ratioMetric,omitempty"`
		Threshold   any        `yaml:"thresholdMetric,omitempty"`
	}
	openRatio struct {
		Counter bool        `yaml:"counter"`
		Good    *openMetric `yaml:"good,omitempty"`
		Bad     *openMetric `yaml:"bad,omitempty"`
		Total   *openMetric `yaml:"total,omitempty"`
		RawType any         `yaml:"rawType,omitempty"`
		Raw     any         `yaml:"raw,omitempty"`
	}
	openMetric struct {
		Source openSource `yaml:"metricSource"`
	}
	openSource struct {
		Ref  string    `yaml:"metricSourceRef,omitempty"`
		Type string    `yaml:"type,omitempty"`
		Spec openQuery `yaml:"spec"`
	}
	openQuery struct {
		Query string `yaml:"query"`
	}
	openWindow struct {
		Duration  string `yaml:"duration"`
		IsRolling bool   `yaml:"isRolling"`
		Calendar  any    `yaml:"calendar,omitempty"`
	}
	openObjective struct {
		DisplayName   string `yaml:"displayName,omitempty"`
		Target        string `yaml:"target,omitempty"`
		TargetPercent string `yaml:"targetPercent,omitempty"`
		Op            any    `yaml:"op,omitempty"`
		Value         any    `yaml:"value,omitempty"`
		TimeSlice     any    `yaml:"timeSliceTarget,omitempty"`
		TimeWindow    any    `yaml:"timeSliceWindow,omitempty"`
		Indicator     any    `yaml:"indicator,omitempty"`
		IndicatorRef  any    `yaml:"indicatorRef,omitempty"`
		Composite     any    `yaml:"compositeWeight,omitempty"`
	}
)

var openCannot = map[string]string{
	"spec.alertPolicies":                      "tacho writes the alerts of the SRE workbook; remove the policies",
	"spec.indicator.spec.thresholdMetric":     "it has no events; use ratioMetric with counters",
	"spec.indicator.spec.ratioMetric.raw":     "it is a ratio, whose events cannot be summed up; use good or bad, and total",
	"spec.indicator.spec.ratioMetric.rawType": "it is a ratio, whose events cannot be summed up; use good or bad, and total",
	"spec.thresholdMetric":                    "it has no events; use ratioMetric with counters",
	"spec.ratioMetric.raw":                    "it is a ratio, whose events cannot be summed up; use good or bad, and total",
}

var openObjectiveCannot = map[string]string{
	"op": "it is for threshold metrics", "value": "it is for threshold metrics", "timeSliceTarget": "only occurrences are counted",
	"timeSliceWindow": "only occurrences are counted", "indicator": "composite objectives are not supported",
	"indicatorRef": "composite objectives are not supported", "compositeWeight": "composite objectives are not supported",
}

func readOpen(n *yaml.Node, slis []openSLI) ([]Objective, error) {
	if err := reject(n, openCannot); err != nil {
		return nil, err
	}
	var file openSLO
	if err := strict(n, &file); err != nil {
		return nil, err
	}
	s := file.Spec
	switch {
	case s.Budgeting != "" && s.Budgeting != "Occurrences":
		return nil, wrongAt(field(n, "spec", "budgetingMethod"), "spec.budgetingMethod %s cannot be honored: only Occurrences counts events", s.Budgeting)
	case len(s.TimeWindow) != 1 || !s.TimeWindow[0].IsRolling || s.TimeWindow[0].Calendar != nil:
		return nil, wrongAt(orNode(field(n, "spec", "timeWindow"), n), "spec.timeWindow must be exactly one rolling window: calendar windows cannot be honored")
	case len(s.Objectives) != 1:
		return nil, wrongAt(orNode(field(n, "spec", "objectives"), n), "spec.objectives must be exactly one")
	}
	if err := reject(field(n, "spec", "objectives").Content[0], openObjectiveCannot); err != nil {
		return nil, err
	}
	o, err := file.objective(n, slis)
	return []Objective{o}, err
}

func (f openSLO) objective(n *yaml.Node, slis []openSLI) (o Objective, err error) {
	o = Objective{Name: f.Metadata.Name, Service: f.Spec.Service, Description: f.Spec.Description, Source: position(n)}
	target := f.Spec.Objectives[0]
	switch {
	case (target.Target == "") == (target.TargetPercent == ""):
		err = fmt.Errorf("it must have either target or targetPercent")
	case target.Target != "":
		o.Target, err = parseRatio(target.Target, false, target.Target)
	default:
		o.Target, err = parsePercent(target.TargetPercent)
	}
	if err != nil {
		return o, wrongAt(field(n, "spec", "objectives").Content[0], "spec.objectives: %s", err)
	}
	if o.Period, err = duration(f.Spec.TimeWindow[0].Duration); err != nil {
		return o, wrongAt(field(n, "spec", "timeWindow"), "spec.timeWindow: %s", err)
	}
	ratio, err := f.ratio(slis)
	if err == nil {
		o.Events, err = ratio.events()
	}
	if err != nil {
		return o, wrongAt(orNode(field(n, "spec", "indicator"), n), "spec.indicator: %s", err)
	}
	return o, nil
}

// ratio is the indicator's, from the SLO or from the SLI to which it refers.
func (f openSLO) ratio(slis []openSLI) (*openRatio, error) {
	spec := openSLISpec{}
	switch {
	case f.Spec.Indicator != nil && f.Spec.IndicatorRef == "":
		spec = f.Spec.Indicator.Spec
	case f.Spec.Indicator == nil && f.Spec.IndicatorRef != "":
		found := false
		for _, s := range slis {
			if s.Metadata.Name == f.Spec.IndicatorRef {
				spec, found = s.Spec, true
			}
		}
		if !found {
			return nil, fmt.Errorf("the SLI %s is not in the file", f.Spec.IndicatorRef)
		}
	default:
		return nil, fmt.Errorf("it must have either indicator or indicatorRef")
	}
	if spec.Ratio == nil || spec.Threshold != nil {
		return nil, fmt.Errorf("only ratioMetric counts events")
	}
	return spec.Ratio, nil
}

func (r openRatio) events() (*Events, error) {
	if r.Raw != nil {
		return nil, fmt.Errorf("raw is a ratio, whose events cannot be summed up: use good or bad, and total")
	}
	if r.Total == nil || (r.Good == nil) == (r.Bad == nil) {
		return nil, fmt.Errorf("ratioMetric must have total, and either good or bad")
	}
	e := &Events{}
	for _, q := range []struct {
		name string
		from *openMetric
		to   *Query
	}{{"total", r.Total, &e.Total}, {"good", r.Good, &e.Good}, {"bad", r.Bad, &e.Bad}} {
		if q.from == nil {
			continue
		}
		var err error
		if *q.to, err = q.from.query(r.Counter); err != nil {
			return nil, fmt.Errorf("%s: %w", q.name, err)
		}
	}
	return e, nil
}

// query reads a metric's query: of a counter its selector, or PromQL with {{.window}}; of a gauge with
// the events since its last sample its selector.
func (m openMetric) query(counter bool) (Query, error) {
	if m.Source.Type != "" && !strings.EqualFold(m.Source.Type, "Prometheus") {
		return Query{}, fmt.Errorf("the data source %s cannot be honored: only Prometheus", m.Source.Type)
	}
	text := m.Source.Spec.Query
	if windowForm.MatchString(text) {
		return slothQuery(text)
	}
	if counter {
		return counted(text)
	}
	if err := selects(text); err != nil {
		return Query{}, err
	}
	return Query{Template: "sum(sum_over_time(" + strings.TrimSpace(text) + "[" + placeholder + "]))"}, nil
}
