package doctor

import (
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
)

// lintProblems runs promlint, like promtool check metrics. It uses the text format,
// because OpenMetrics adds _total where the service did not.
func (e *examination) lintProblems() []promlint.Problem {
	var families []*dto.MetricFamily
	for _, f := range e.text.families {
		if len(f.samples) > 0 {
			families = append(families, f.forLint())
		}
	}
	problems, _ := promlint.NewWithMetricFamilies(families).Lint() // only readers can fail
	return problems
}

// forLint reduces a family to one sample per set of label names, because promlint compares
// all samples with each other. Duplicates are a separate check.
func (f *family) forLint() *dto.MetricFamily {
	kind := lintKinds[f.kind]
	mf := &dto.MetricFamily{Name: &f.name, Type: &kind}
	if f.hasHelp {
		mf.Help = &f.help
	}
	seen := map[string]bool{}
	for _, s := range f.samples {
		names := lintLabels(f.kind, s.labels)
		if key := strings.Join(names, "\xff"); !seen[key] {
			seen[key] = true
			mf.Metric = append(mf.Metric, lintMetric(names))
		}
	}
	return mf
}

var lintKinds = map[model.MetricType]dto.MetricType{
	model.MetricTypeCounter:        dto.MetricType_COUNTER,
	model.MetricTypeGauge:          dto.MetricType_GAUGE,
	model.MetricTypeInfo:           dto.MetricType_GAUGE,
	model.MetricTypeStateset:       dto.MetricType_GAUGE,
	model.MetricTypeHistogram:      dto.MetricType_HISTOGRAM,
	model.MetricTypeGaugeHistogram: dto.MetricType_GAUGE_HISTOGRAM,
	model.MetricTypeSummary:        dto.MetricType_SUMMARY,
	model.MetricTypeUnknown:        dto.MetricType_UNTYPED,
}

// lintLabels returns the label names of a sample without those of its type.
func lintLabels(kind model.MetricType, set labels.Labels) []string {
	var names []string
	set.Range(func(l labels.Label) {
		own := l.Name == model.MetricNameLabel ||
			l.Name == labels.BucketLabel && (kind == model.MetricTypeHistogram || kind == model.MetricTypeGaugeHistogram) ||
			l.Name == "quantile" && kind == model.MetricTypeSummary
		if !own {
			names = append(names, l.Name)
		}
	})
	slices.Sort(names)
	return names
}

func lintMetric(names []string) *dto.Metric {
	m := &dto.Metric{}
	for i := range names {
		m.Label = append(m.Label, &dto.LabelPair{Name: &names[i], Value: new(string)})
	}
	return m
}

// aboutUnits is the prefix of promlint's problems that the check units reports.
const aboutUnits = "use base unit"

// lintByText groups the metrics by problem.
func lintByText(problems []promlint.Problem, units bool) (texts []string, metrics map[string][]string) {
	metrics = map[string][]string{}
	for _, p := range problems {
		if strings.HasPrefix(p.Text, aboutUnits) != units {
			continue
		}
		if metrics[p.Text] == nil {
			texts = append(texts, p.Text)
		}
		if !slices.Contains(metrics[p.Text], p.Metric) {
			metrics[p.Text] = append(metrics[p.Text], p.Metric)
		}
	}
	slices.Sort(texts)
	return texts, metrics
}
