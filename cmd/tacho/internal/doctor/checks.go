package doctor

// checks returns all checks. Checks that identify a label with certainty come before
// those that only count its values.
func checks() []check {
	return []check{
		scrapeFails, malformed, contentType, empty,
		severalBehind, restarts, counterFalls,
		duplicateSamples, duplicateFamilies, brokenHistogram, impossibleValues,
		rawIDs, clientLabel, unboundedMethod, unmatchedPaths, growth, manyValues,
		overflow, budget, collectorErrors,
		openEndpoint,
		beyondBuckets, oneBucket, statusText, units, nanGauges, timestamps,
		slowScrape, hugeScrape, costly, uncompressed,
		lint, reservedLabels, untyped, redirected,
		missing, noExemplars, summaryQuantiles,
	}
}
