package slo

import (
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

const pyrraVersion = "pyrra.dev/v1alpha1"

// The format of Pyrra's files. (https://github.com/pyrra-dev/pyrra)
type (
	pyrraFile struct {
		APIVersion string    `yaml:"apiVersion"`
		Kind       string    `yaml:"kind"`
		Metadata   pyrraMeta `yaml:"metadata"`
		Spec       pyrraSpec `yaml:"spec"`
	}
	pyrraMeta struct {
		Name        string            `yaml:"name"`
		Namespace   string            `yaml:"namespace,omitempty"`
		Labels      map[string]string `yaml:"labels,omitempty"`
		Annotations map[string]string `yaml:"annotations,omitempty"`
	}
	pyrraSpec struct {
		Target           string         `yaml:"target"`
		Window           string         `yaml:"window"`
		Description      string         `yaml:"description,omitempty"`
		Indicator        pyrraIndicator `yaml:"indicator"`
		Alerting         pyrraAlerting  `yaml:"alerting,omitempty"`
		PerformanceOverA any            `yaml:"performanceOverAccuracy,omitempty"`
	}
	pyrraIndicator struct {
		Ratio         *pyrraRatio   `yaml:"ratio,omitempty"`
		Latency       *pyrraLatency `yaml:"latency,omitempty"`
		LatencyNative *pyrraNative  `yaml:"latencyNative,omitempty"`
		BoolGauge     *pyrraGauge   `yaml:"bool_gauge,omitempty"`
	}
	pyrraMetric struct {
		Metric string `yaml:"metric"`
	}
	pyrraRatio struct {
		Errors   pyrraMetric `yaml:"errors"`
		Total    pyrraMetric `yaml:"total"`
		Grouping []string    `yaml:"grouping,omitempty"`
	}
	pyrraLatency struct {
		Success  pyrraMetric `yaml:"success"`
		Total    pyrraMetric `yaml:"total"`
		Grouping []string    `yaml:"grouping,omitempty"`
	}
	pyrraNative struct {
		Latency  string      `yaml:"latency"`
		Total    pyrraMetric `yaml:"total"`
		Grouping []string    `yaml:"grouping,omitempty"`
	}
	pyrraGauge struct {
		Metric   string   `yaml:"metric"`
		Grouping []string `yaml:"grouping,omitempty"`
	}
	pyrraAlerting struct {
		Disabled *bool  `yaml:"disabled,omitempty"`
		Name     string `yaml:"name,omitempty"`
		Burn     *bool  `yaml:"burnrates,omitempty"`
		Absent   *bool  `yaml:"absent,omitempty"`
	}
)

const noGrouping = "it makes one objective per group; write an objective for each"

var pyrraCannot = map[string]string{
	"spec.indicator.ratio.grouping":         noGrouping,
	"spec.indicator.latency.grouping":       noGrouping,
	"spec.indicator.latencyNative.grouping": noGrouping,
	"spec.indicator.bool_gauge.grouping":    noGrouping,
	"spec.performanceOverAccuracy":          "long windows are always sums of recorded events here",
}

func readPyrra(n *yaml.Node) ([]Objective, error) {
	if err := reject(n, pyrraCannot); err != nil {
		return nil, err
	}
	var file pyrraFile
	if err := strict(n, &file); err != nil {
		return nil, err
	}
	o, err := file.objective(n)
	return []Objective{o}, err
}

func (f pyrraFile) objective(n *yaml.Node) (o Objective, err error) {
	o = Objective{Name: f.Metadata.Name, Description: f.Spec.Description, Source: position(n)}
	o.Labels = pyrraLabels(f.Metadata.Labels)
	if o.Target, err = parsePercent(f.Spec.Target); err != nil {
		return o, wrongAt(orNode(field(n, "spec", "target"), n), "spec.target: %s", err)
	}
	if o.Period, err = duration(f.Spec.Window); err != nil {
		return o, wrongAt(orNode(field(n, "spec", "window"), n), "spec.window: %s", err)
	}
	if o.Events, err = f.Spec.Indicator.events(); err != nil {
		return o, wrongAt(orNode(field(n, "spec", "indicator"), n), "spec.indicator: %s", err)
	}
	if o.Service = serviceOf(o.Events.Total.selector); o.Service == "" {
		o.Service = f.Metadata.Name
	}
	a := f.Spec.Alerting
	o.Alerting.Name = a.Name
	off := a.Disabled != nil && *a.Disabled
	burn := off || a.Burn != nil && !*a.Burn
	o.Alerting.Page.Disable, o.Alerting.Ticket.Disable = burn, burn
	o.Alerting.NoMissing = off || a.Absent != nil && !*a.Absent
	return o, nil
}

// pyrraLabels are those that Pyrra copies to the alerts.
func pyrraLabels(all map[string]string) (copied map[string]string) {
	for name, value := range all {
		if label, ok := strings.CutPrefix(name, "pyrra.dev/"); ok {
			copied = merged(copied, map[string]string{label: value})
		}
	}
	return copied
}

func (i pyrraIndicator) events() (*Events, error) {
	switch {
	case i.one() != 1:
		return nil, fmt.Errorf("it must have exactly one of ratio, latency, latencyNative and bool_gauge")
	case i.Ratio != nil:
		return pair(i.Ratio.Total.Metric, "", i.Ratio.Errors.Metric)
	case i.Latency != nil:
		return pair(i.Latency.Total.Metric, i.Latency.Success.Metric, "")
	case i.LatencyNative != nil:
		return native(i.LatencyNative.Total.Metric, i.LatencyNative.Latency)
	}
	return gauge(i.BoolGauge.Metric)
}

func (i pyrraIndicator) one() (n int) {
	for _, set := range []bool{i.Ratio != nil, i.Latency != nil, i.LatencyNative != nil, i.BoolGauge != nil} {
		if set {
			n++
		}
	}
	return n
}

// pair are the events of counters: all, and the good or the bad ones.
func pair(total, good, bad string) (e *Events, err error) {
	e = &Events{}
	for _, q := range []struct {
		text string
		to   *Query
	}{{total, &e.Total}, {good, &e.Good}, {bad, &e.Bad}} {
		if q.text != "" && err == nil {
			*q.to, err = counted(q.text)
		}
	}
	if err == nil && (e.Total.Template == "" || (e.Good.Template == "") == (e.Bad.Template == "")) {
		err = fmt.Errorf("a metric is missing")
	}
	return e, err
}

// native are the events of a native histogram.
func native(metric, limit string) (*Events, error) {
	if err := selects(metric); err != nil {
		return nil, err
	}
	below, err := duration(limit)
	if err != nil {
		return nil, fmt.Errorf("latency: %w", err)
	}
	grown := "sum(increase(" + metric + "[" + placeholder + "]))"
	return &Events{
		Total: Query{Template: "histogram_count(" + grown + ")", selector: metric},
		Good:  Query{Template: fmt.Sprintf("histogram_fraction(0, %s, %s) * histogram_count(%s)", text(big.NewRat(int64(below), int64(time.Second))), grown, grown)},
	}, nil
}

// gauge are the samples of a gauge that is 1 when all is well.
func gauge(metric string) (*Events, error) {
	if err := selects(metric); err != nil {
		return nil, err
	}
	return &Events{
		Total: Query{Template: "sum(count_over_time(" + metric + "[" + placeholder + "]))", selector: metric},
		Good:  Query{Template: "sum(sum_over_time(" + metric + "[" + placeholder + "]))"},
	}, nil
}

// serviceOf is the job that a selector requires.
func serviceOf(selector string) string {
	expr, err := promQL.ParseExpr(selector)
	if err != nil {
		return ""
	}
	for _, m := range expr.(*parser.VectorSelector).LabelMatchers {
		if m.Name == "job" && m.Type == labels.MatchEqual {
			return m.Value
		}
	}
	return ""
}
