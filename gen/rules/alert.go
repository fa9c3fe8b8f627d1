package rules

import (
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
)

// How urgent an alert is, in its label severity.
const (
	Critical = "critical" // users are affected or data is at risk: page someone
	Warning  = "warning"  // look at it today
)

// An alert is one alerting rule. Its texts are Prometheus templates: what happened,
// what it means, what to do.
type alert struct {
	name     string
	severity string
	texts
	chinese texts
	expr    string
	hold    time.Duration // the rule's for
}

// texts are an alert's in one language.
type texts struct{ summary, description string }

func (a alert) rule(o Options) rulefmt.Rule {
	r := rulefmt.Rule{
		Alert:  a.name,
		Expr:   a.expr,
		Labels: map[string]string{"severity": a.severity},
		Annotations: map[string]string{
			"summary":        a.summary,
			"description":    a.description,
			"summary_zh":     a.chinese.summary,
			"description_zh": a.chinese.description,
			"runbook_url":    o.RunbookURL + a.name + ".md",
		},
	}
	if a.hold > 0 {
		r.For = model.Duration(o.scaled(a.hold))
	}
	return r
}
