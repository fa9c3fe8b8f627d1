package slo

// left is the part of the budget that is left, in a template.
const left = `{{ with printf "` + Budget + `{job=%q,slo=%q}" $labels.job $labels.slo | query }}{{ . | first | value | humanizePercentage }}{{ else }}?{{ end }}`

// burnTexts are the annotations of a pair of windows.
func burnTexts(long, short, limit string) map[string]string {
	return map[string]string{
		"summary": `{{ $labels.slo }} of {{ $labels.job }} burns its error budget {{ $value | printf "%.3g" }}× too fast.`,
		"description": `{{ $labels.slo }} of {{ $labels.job }} spent its error budget {{ $value | printf "%.3g" }} times as fast as its period allows ` +
			`over the last ` + long + `, and more than ` + limit + ` times over the last ` + short + `, too. Left: ` + left + `. ` +
			`Open the SLO to see which routes spend it, and since when.`,
		"summary_zh": `{{ $labels.job }} 的 {{ $labels.slo }} 正以 {{ $value | printf "%.3g" }} 倍速消耗错误预算。`,
		"description_zh": `最近 ` + long + ` 内，{{ $labels.job }} 的 {{ $labels.slo }} 消耗错误预算的速度是其周期所允许的 {{ $value | printf "%.3g" }} 倍，` +
			`最近 ` + short + ` 内也超过 ` + limit + ` 倍。剩余：` + left + `。请打开该 SLO，查看是哪些路由在消耗，以及从何时开始。`,
	}
}

// missingTexts are the annotations of the alert on missing data.
func missingTexts(limit, limitChinese string) map[string]string {
	return map[string]string{
		"summary": `{{ $labels.slo }} of {{ $labels.job }} has no data.`,
		"description": `The objective {{ $labels.slo }} of {{ $labels.job }} finds none of the requests that it counts, not even a count of zero: ` +
			`its budget cannot be computed and its alerts cannot fire. The service may be down or renamed, or its metric may have other names or labels now` + limit + `.`,
		"summary_zh": `{{ $labels.job }} 的 {{ $labels.slo }} 没有数据。`,
		"description_zh": `{{ $labels.job }} 的目标 {{ $labels.slo }} 找不到任何要统计的请求，连计数为零的序列也没有：无法计算预算，其告警也不会触发。` +
			`该服务可能已下线或改名，也可能其指标的名称或标签已改变` + limitChinese + `。`,
	}
}

// limitText adds the cause that only latency objectives have.
func (m measured) limitText() (english, chinese string) {
	if m.HTTP == nil || m.HTTP.Below == 0 {
		return "", ""
	}
	limit := m.HTTP.Below.String()
	return ". Its classic histogram may have no bucket bound at " + limit + ": use one of its bounds, or native histograms",
		"；也可能其经典直方图没有 " + limit + " 这一桶边界：请改用已有的边界，或使用原生直方图"
}
