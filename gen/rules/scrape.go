package rules

import "time"

func scrapeFailing(Options) alert {
	return alert{
		name:     "TachoScrapeFailing",
		severity: Critical,
		summary:  `{{ $labels.instance }} of {{ $labels.job }} does not answer the scrape.`,
		description: `Prometheus cannot read the metrics of {{ $labels.instance }} of {{ $labels.job }}. ` +
			`Either the instance is down, or it is there and only its metrics are out of reach: nothing is known about it until this is mended. ` +
			`The list of targets says what went wrong. Ask the instance for its metrics yourself, and see whether the process runs, ` +
			`listens on that port, and lets this machine in.`,
		expr: "up == 0",
		hold: 2 * time.Minute,
	}
}
