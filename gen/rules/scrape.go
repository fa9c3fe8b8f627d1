package rules

import "time"

// scrapeFailing includes the text of tacho_target_problem, which tacho's server exports for
// each target that is down; the page shows the same text. Other Prometheus servers lack it.
func scrapeFailing(Options) alert {
	return alert{
		name:     "TachoScrapeFailing",
		severity: Critical,
		texts: texts{`{{ $labels.instance }} of {{ $labels.job }} cannot be scraped.`,
			`Prometheus cannot read the metrics of {{ $labels.instance }} of {{ $labels.job }}, so its state is unknown. ` +
				`{{ with printf "tacho_target_problem{target_job=%q,target_instance=%q}" $labels.job $labels.instance | query }}` +
				`{{ . | first | label "text" }}` +
				`{{ else }}` +
				`Either the instance is down, or only its metrics cannot be reached. ` +
				`Check that the process runs, listens on that port, and accepts connections from this machine.` +
				`{{ end }} The list of targets shows the original error.`},
		chinese: texts{`无法抓取 {{ $labels.job }} 的 {{ $labels.instance }}。`,
			`Prometheus 无法读取 {{ $labels.job }} 的 {{ $labels.instance }} 的指标，因此其状态未知。` +
				`{{ with printf "tacho_target_problem{target_job=%q,target_instance=%q}" $labels.job $labels.instance | query }}` +
				`{{ . | first | label "text_zh" }}` +
				`{{ else }}` +
				`可能是实例已停止，也可能只是无法访问它的指标。` +
				`请确认进程在运行、在监听该端口，并接受来自本机的连接。` +
				`{{ end }}抓取目标列表中有原始错误信息。`},
		expr: "up == 0",
		hold: 2 * time.Minute,
	}
}
