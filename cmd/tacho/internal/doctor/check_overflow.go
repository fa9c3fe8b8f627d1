package doctor

import (
	"fmt"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/tacho-go/tacho/schema"
)

var overflow = check{
	id:         "overflow",
	summary:    "tacho's series budget is spent; new label values go to __overflow__.",
	severities: []Severity{Warning},
	run:        findOverflow,
}

func findOverflow(e *examination) []Finding {
	var found []Finding
	e.main.each(schema.Overflow.Name, func(set labels.Labels, value float64) {
		if value == 0 {
			return
		}
		metric, label := set.Get("metric"), set.Get("label")
		e.blamed[label] = true
		found = append(found, Finding{
			Severity: Warning, Title: "The series budget of " + metric + " is spent", Metric: metric, Label: label,
			Evidence: fmt.Sprintf("%s observations had a value of %s that went to __overflow__.", number(value), label),
			Fix:      fmt.Sprintf("Check the values of %s. If they are IDs, fix the label. If they are all legitimate, raise Options.SeriesLimit.", label),
		})
	})
	return found
}

// each calls visit for every series of a metric.
func (x *exposition) each(name string, visit func(set labels.Labels, value float64)) {
	if f := x.byName[name]; f != nil {
		for _, s := range f.samples {
			visit(s.labels, s.value)
		}
	}
}
