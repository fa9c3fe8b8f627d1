package schema

// Self-metrics: what tacho says about itself. Their names are the same in
// every schema.
var (
	// Series counts the label sets that a metric family has now.
	Series = Family{
		Name: "tacho_series", Kind: Gauge, Labels: []LabelName{{Name: "metric", Value: Metric}},
		Help: "Label sets that the metric has now.",
	}
	// SeriesLimit is the budget of Series.
	SeriesLimit = Family{
		Name: "tacho_series_limit", Kind: Gauge, Labels: []LabelName{{Name: "metric", Value: Metric}},
		Help: "Label sets that the metric may have before new values fold into __overflow__.",
	}
	// Overflow counts what the budget folded.
	Overflow = Family{
		Name: "tacho_overflow_total", Kind: Counter, Labels: []LabelName{{Name: "metric", Value: Metric}, {Name: "label", Value: Label}},
		Help: "Observations whose value of the label was folded into __overflow__ because the metric's limit of label sets was reached.",
	}
	// Beyond is a hint that a histogram's buckets do not reach far enough.
	Beyond = Family{
		Name: "tacho_beyond_buckets_ratio", Kind: Gauge, Labels: []LabelName{{Name: "metric", Value: Metric}, {Name: "path", Value: Route}},
		Help: "Share of the route's requests above the histogram's highest bucket, for routes where it exceeds 5 percent.",
	}
	// ScrapeErrors counts what went wrong in scrapes.
	ScrapeErrors = Family{
		Name: "tacho_scrape_errors_total", Kind: Counter, Labels: []LabelName{{Name: "reason", Value: Reason}},
		Help: "Collectors that failed in a scrape, by reason, families left out because tacho exports their names, and scrapes refused because too many were under way.",
	}
	// FunctionErrors counts panics of the user's functions.
	FunctionErrors = Family{
		Name: "tacho_function_errors_total", Kind: Counter, Labels: []LabelName{{Name: "function", Value: Label}},
		Help: "Panics of functions in Options and of functions behind labels, by the option; their requests were served all the same.",
	}
)

// SelfFamilies returns the self-metrics in a fixed order.
func SelfFamilies() []Family {
	return []Family{Series, SeriesLimit, Overflow, Beyond, ScrapeErrors, FunctionErrors}
}
