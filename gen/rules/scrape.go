package rules

import "time"

// scrapeFailing includes the text of tacho_target_problem, which tacho's server exports for
// each target that is down; the page shows the same text. Other Prometheus servers lack it.
func scrapeFailing(Options) alert {
	return alert{
		name:     "TachoScrapeFailing",
		severity: Critical,
		summary:  `{{ $labels.instance }} of {{ $labels.job }} cannot be scraped.`,
		description: `Prometheus cannot read the metrics of {{ $labels.instance }} of {{ $labels.job }}, so its state is unknown. ` +
			`{{ with printf "tacho_target_problem{target_job=%q,target_instance=%q}" $labels.job $labels.instance | query }}` +
			`{{ . | first | label "text" }}` +
			`{{ else }}` +
			`Either the instance is down, or only its metrics cannot be reached. ` +
			`Check that the process runs, listens on that port, and accepts connections from this machine.` +
			`{{ end }} The list of targets shows the original error.`,
		expr: "up == 0",
		hold: 2 * time.Minute,
	}
}
