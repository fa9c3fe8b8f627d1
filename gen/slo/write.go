package slo

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho/schema"
)

// Formats are the writers by name: openslo, sloth and pyrra. Each returns an error for the first
// objective that the format cannot hold. An HTTP objective is written for one schema: Options.Schemas
// must have the service's only.
var Formats = map[string]func(Options, ...Objective) ([]byte, error){
	"openslo": WriteOpenSLO, "sloth": WriteSloth, "pyrra": WritePyrra,
}

// WriteSloth writes Sloth's prometheus/v1, one document per service.
func WriteSloth(o Options, objectives ...Objective) ([]byte, error) {
	var services []string
	files := map[string]*slothFile{}
	err := o.eachOf(objectives, func(m measured) error {
		if m.Period != 30*day {
			return fmt.Errorf("the format of Sloth has no period: it is 30 days, not %s", windowText(m.Period))
		}
		file := files[m.Service]
		if file == nil {
			file = &slothFile{Version: slothVersion, Service: m.Service}
			files[m.Service], services = file, append(services, m.Service)
		}
		bad := m.events.Bad.Template
		if bad == "" {
			bad = "(" + m.events.Total.Template + ") - (" + m.events.Good.Template + ")"
		}
		file.SLOs = append(file.SLOs, slothSLO{
			Name: m.Name, Objective: strings.TrimSuffix(m.Target.Percent(), "%"), Description: m.Description, Labels: m.Labels,
			SLI: slothSLI{Events: &slothEvents{Error: bad, Total: m.events.Total.Template}},
			Alerting: slothAlerting{
				Name: m.alertName(), Labels: m.Alerting.Labels, Annotations: m.Alerting.Annotations,
				Page: slothAlert(m.Alerting.Page), Ticket: slothAlert(m.Alerting.Ticket),
			},
		})
		return nil
	})
	var documents []any
	for _, s := range services {
		documents = append(documents, files[s])
	}
	return encoded(documents, err)
}

// WriteOpenSLO writes openslo/v1, one document per objective.
func WriteOpenSLO(o Options, objectives ...Objective) ([]byte, error) {
	var documents []any
	err := o.eachOf(objectives, func(m measured) error {
		if len(m.Labels) > 0 || !m.Alerting.isZero() {
			return errors.New("an SLO of OpenSLO cannot hold changes of the alerts")
		}
		metric := func(q Query) *openMetric {
			if q.Template == "" {
				return nil
			}
			text := q.Template
			if s, ok := plainSelector(q); ok {
				text = s
			}
			return &openMetric{openSource{Type: "Prometheus", Spec: openQuery{text}}}
		}
		documents = append(documents, openSLO{
			APIVersion: openVersion, Kind: "SLO", Metadata: openMeta{Name: m.Name},
			Spec: openSpec{
				Description: m.Description, Service: m.Service, Budgeting: "Occurrences",
				Indicator: &openIndicator{Metadata: openMeta{Name: m.Name}, Spec: openSLISpec{Ratio: &openRatio{
					Counter: true, Good: metric(m.events.Good), Bad: metric(m.events.Bad), Total: metric(m.events.Total),
				}}},
				TimeWindow: []openWindow{{Duration: windowText(m.Period), IsRolling: true}},
				Objectives: []openObjective{{Target: m.Target.String()}},
			},
		})
		return nil
	})
	return encoded(documents, err)
}

// WritePyrra writes pyrra.dev/v1alpha1, one document per objective.
func WritePyrra(o Options, objectives ...Objective) ([]byte, error) {
	var documents []any
	err := o.eachOf(objectives, func(m measured) error {
		i, err := m.pyrraIndicator()
		if err != nil {
			return err
		}
		if !m.Alerting.onlyNamed() {
			return errors.New("the format of Pyrra cannot hold these changes of the alerts")
		}
		labels := map[string]string{}
		for k, v := range m.Labels {
			labels["pyrra.dev/"+k] = v
		}
		documents = append(documents, pyrraFile{
			APIVersion: pyrraVersion, Kind: "ServiceLevelObjective", Metadata: pyrraMeta{Name: m.Name, Labels: labels},
			Spec: pyrraSpec{
				Target: strings.TrimSuffix(m.Target.Percent(), "%"), Window: windowText(m.Period), Description: m.Description,
				Indicator: i, Alerting: pyrraAlerting{Name: m.Alerting.Name},
			},
		})
		return nil
	})
	return encoded(documents, err)
}

func (m measured) pyrraIndicator() (i pyrraIndicator, err error) {
	total, ok := plainSelector(m.events.Total)
	if !ok {
		return i, errors.New("the format of Pyrra holds the selectors of counters only, not other queries")
	}
	if bad, ok := plainSelector(m.events.Bad); ok {
		i.Ratio = &pyrraRatio{Errors: pyrraMetric{bad}, Total: pyrraMetric{total}}
		return i, nil
	}
	good, ok := plainSelector(m.events.Good)
	if !ok || !strings.Contains(good, "_bucket{") {
		return i, errors.New("the format of Pyrra holds bad events, or the bucket of a histogram")
	}
	i.Latency = &pyrraLatency{Success: pyrraMetric{good}, Total: pyrraMetric{total}}
	return i, nil
}

func (a Alerting) isZero() bool { a.NoMissing = false; return a.Name == "" && a.onlyNamed() }

func (a Alerting) onlyNamed() bool {
	n := len(a.Labels) + len(a.Annotations)
	for _, s := range []Severity{a.Page, a.Ticket} {
		n += len(s.Labels) + len(s.Annotations)
		if s.Disable {
			n++
		}
	}
	return n == 0
}

// eachOf calls write for each objective with its queries.
func (o Options) eachOf(objectives []Objective, write func(measured) error) error {
	o = o.filled()
	all, err := checked(objectives)
	if err != nil {
		return err
	}
	for _, objective := range all {
		m, err := o.measureFor(objective)
		if err == nil {
			err = write(m)
		}
		if err != nil {
			return fmt.Errorf("%s of %s: %w", objective.Name, objective.Service, err)
		}
	}
	return nil
}

// measureFor is measure with the classic metrics of the first schema that fits.
func (o Options) measureFor(objective Objective) (measured, error) {
	if objective.HTTP != nil {
		for _, s := range o.Schemas {
			if _, err := objective.HTTP.events(objective.Service, []schema.Schema{s}, []schema.Schema{s}); err == nil {
				o.Schemas = []schema.Schema{s}
				break
			}
		}
	}
	m, err := o.measure(objective)
	if err == nil && objective.HTTP != nil {
		m.events = &Events{Total: classic(m.events.Total), Good: classic(m.events.Good), Bad: classic(m.events.Bad)}
	}
	return m, err
}

// classic removes the alternatives of native histograms.
func classic(q Query) Query {
	var kept []string
	for _, part := range strings.Split(q.Template, "\nor ") {
		if !strings.Contains(part, "histogram_") {
			kept = append(kept, part)
		}
	}
	return Query{Template: strings.Join(kept, "\nor ")}
}

// plainSelector is the selector of a query that is nothing but a counter's increase. Of alternatives, the
// first is under the label names of the schema itself, without their aliases.
func plainSelector(q Query) (string, bool) {
	q.Template, _, _ = strings.Cut(q.Template, "\nor ")
	if q.Template == "" {
		return "", false
	}
	expr, err := promQL.ParseExpr(q.over(time.Hour))
	if err != nil {
		return "", false
	}
	sum, ok := expr.(*parser.AggregateExpr)
	if !ok || sum.Op != parser.SUM {
		return "", false
	}
	call, ok := sum.Expr.(*parser.Call)
	if !ok || call.Func.Name != "increase" {
		return "", false
	}
	return call.Args[0].(*parser.MatrixSelector).VectorSelector.String(), true
}

func encoded(documents []any, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	out := yaml.NewEncoder(&text)
	out.SetIndent(2)
	for _, d := range documents {
		if err := out.Encode(d); err != nil {
			return nil, err
		}
	}
	return text.Bytes(), out.Close()
}
