package rules

import "time"

// scrapeFailing shows the text of tacho_target_problem, which tacho's server exports for each
// target that is down and which the page shows, too. Other Prometheus servers do not have it.
func scrapeFailing(Options) alert {
	return alert{
		name:     "TachoScrapeFailing",
		severity: Critical,
		summary:  `{{ $labels.instance }} of {{ $labels.job }} cannot be scraped.`,
		description: `Prometheus cannot read the metrics of {{ $labels.instance }} of {{ $labels.job }}, so nothing is known about it. ` +
			`{{ with printf "tacho_target_problem{target_job=%q,target_instance=%q}" $labels.job $labels.instance | query }}` +
			`{{ . | first | label "text" }}` +
			`{{ else }}` +
			`Either the instance is down, or only its metrics are out of reach. ` +
			`Check that the process runs, listens on that port, and lets this machine in.` +
			`{{ end }} The list of targets has the error itself.`,
		expr: "up == 0",
		hold: 2 * time.Minute,
	}
}
