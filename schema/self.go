package schema

// Self-metrics: tacho's metrics about itself. Their names are the same in every schema.
var (
	// Series counts the current label sets of a metric family.
	Series = Family{
		Name: "tacho_series", Kind: Gauge, Labels: []LabelName{{Name: "metric", Value: Metric}},
		Help: "Label sets that the metric has now.",
	}
	// SeriesLimit is the limit for Series.
	SeriesLimit = Family{
		Name: "tacho_series_limit", Kind: Gauge, Labels: []LabelName{{Name: "metric", Value: Metric}},
		Help: "Label sets that the metric may have before new values are counted as __overflow__.",
	}
	// Overflow counts observations under __overflow__.
	Overflow = Family{
		Name: "tacho_overflow_total", Kind: Counter, Labels: []LabelName{{Name: "metric", Value: Metric}, {Name: "label", Value: Label}},
		Help: "Observations whose value of the label was counted as __overflow__ because the metric's limit of label sets was reached.",
	}
	// Beyond shows histograms whose highest bound is too low.
	Beyond = Family{
		Name: "tacho_beyond_buckets_ratio", Kind: Gauge, Labels: []LabelName{{Name: "metric", Value: Metric}, {Name: "path", Value: Route}},
		Help: "Share of the route's requests above the histogram's highest bucket, for routes where it exceeds 5 percent.",
	}
	// ScrapeErrors counts errors in scrapes.
	ScrapeErrors = Family{
		Name: "tacho_scrape_errors_total", Kind: Counter, Labels: []LabelName{{Name: "reason", Value: Reason}},
		Help: "Collectors that failed in a scrape, by reason, families left out because tacho exports their names, and scrapes refused because too many were in flight.",
	}
	// FunctionErrors counts panics in functions that the service supplies.
	FunctionErrors = Family{
		Name: "tacho_function_errors_total", Kind: Counter, Labels: []LabelName{{Name: "function", Value: Label}},
		Help: "Panics in functions of Options and in functions that compute labels, by option; the requests were still served.",
	}
)

// SelfFamilies returns the self-metrics in a fixed order.
func SelfFamilies() []Family {
	return []Family{Series, SeriesLimit, Overflow, Beyond, ScrapeErrors, FunctionErrors}
}
