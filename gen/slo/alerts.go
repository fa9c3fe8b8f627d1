package slo

import (
	"fmt"
	"maps"
	"math/big"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"

	"github.com/tacho-go/tacho/gen/rules"
)

// An alarm is an alerting rule and its long window.
type alarm struct {
	rule rulefmt.Rule
	long time.Duration
}

func (m measured) alerts() (all []alarm) {
	for _, p := range m.pairs {
		if !m.severity(p).Disable {
			all = append(all, alarm{m.burning(p), p.Long})
		}
	}
	if !m.Alerting.NoMissing {
		all = append(all, alarm{rule: m.missing()})
	}
	return all
}

func (m measured) severity(p Pair) Severity {
	if p.Severity == rules.Critical {
		return m.Alerting.Page
	}
	return m.Alerting.Ticket
}

// burning fires while both windows of a pair burn too fast, and enough events were bad.
func (m measured) burning(p Pair) rulefmt.Rule {
	limit := text(m.limit(p))
	r := rulefmt.Rule{
		Alert: BurnAlert,
		Expr: fmt.Sprintf("%s > %s\nand on (job, slo)\n%s > %s\nand on (job, slo)\n%s >= %s",
			m.recorded(BurnRate, window(p.Long)), limit, m.recorded(BurnRate, window(p.Short)), limit,
			m.recorded(BadSum, window(p.Long)), strconv.Itoa(m.MinBad)),
		Labels:      m.own("window", windowText(p.Long), "severity", p.Severity),
		Annotations: burnTexts(windowText(p.Long), windowText(p.Short), limit),
	}
	if m.Alerting.Name != "" {
		r.Alert = m.Alerting.Name
	}
	r.Annotations["runbook_url"] = m.RunbookURL + BurnAlert + ".md"
	s := m.severity(p)
	for _, more := range []map[string]string{m.Labels, m.Alerting.Labels, s.Labels} {
		maps.Copy(r.Labels, more)
	}
	maps.Copy(r.Annotations, m.Alerting.Annotations)
	maps.Copy(r.Annotations, s.Annotations)
	return r
}

// limit is the burn rate at which a pair fires: its factor, unless not even a total outage burns that
// fast, as with a target of 90%.
func (m measured) limit(p Pair) *big.Rat {
	factor, outage := p.Factor(m.Period), big.NewRat(9*int64(one)/10, int64(m.Target.Budget()))
	if factor.Cmp(outage) > 0 {
		return outage
	}
	return factor
}

// missing fires when an objective has no data: its metric was renamed, its service is gone, or it
// never matched anything. All other alerts of the objective are silent then.
func (m measured) missing() rulefmt.Rule {
	r := rulefmt.Rule{
		Alert:       MissingAlert,
		Expr:        "absent(" + m.recorded(BadRate) + ")",
		For:         model.Duration(m.Missing),
		Labels:      m.own("severity", rules.Warning),
		Annotations: missingTexts(m.limitText()),
	}
	r.Annotations["runbook_url"] = m.RunbookURL + MissingAlert + ".md"
	maps.Copy(r.Labels, m.Labels)
	maps.Copy(r.Labels, m.Alerting.Labels)
	return r
}
