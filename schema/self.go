package schema

// Self-metrics: what tacho says about itself. Their names are the same in
// every schema.
var (
	// Series counts the label sets that a metric family has now.
	Series = Family{
		Name: "tacho_series", Kind: Gauge, Labels: []LabelName{{"metric", Metric}},
		Help: "Label sets that the metric has now.",
	}
	// SeriesLimit is the budget of Series.
	SeriesLimit = Family{
		Name: "tacho_series_limit", Kind: Gauge, Labels: []LabelName{{"metric", Metric}},
		Help: "Label sets that the metric may have before new values fold into __overflow__.",
	}
	// Overflow counts what the budget folded.
	Overflow = Family{
		Name: "tacho_overflow_total", Kind: Counter, Labels: []LabelName{{"metric", Metric}, {"label", Label}},
		Help: "Observations whose value of the label was folded into __overflow__ because the metric's limit of label sets was reached.",
	}
)

// SelfFamilies returns the self-metrics in a fixed order.
func SelfFamilies() []Family { return []Family{Series, SeriesLimit, Overflow} }
