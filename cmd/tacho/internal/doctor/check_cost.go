package doctor

var costly = check{
	id:         "cost",
	summary:    "All instances together have more than 100,000 series.",
	severities: []Severity{Info, Warning},
	run:        findCost,
}

// A million series take about 3 GB of Prometheus's memory; see costOf.
const (
	noticeableSeries = 100_000
	expensiveSeries  = 1_000_000
)

func findCost(e *examination) []Finding {
	f := e.facts()
	severity := Info
	switch {
	case f.Cost.Series >= expensiveSeries:
		severity = Warning
	case f.Cost.Series < noticeableSeries:
		return nil
	}
	return one(Finding{
		Severity: severity, Title: plural(f.Cost.Series, "series", "series") + " in all instances", Metric: f.Largest[0].Metric,
		Evidence: f.Cost.String() + "; the largest: " + largestText(f.Largest) + ".",
		Fix:      "Each label value that you remove saves series in every instance. Start with the largest metric.",
	})
}
