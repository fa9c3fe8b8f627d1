package verdict

import "strings"

// A Language is that of sentences.
type Language string

// The languages.
const (
	English Language = "en"
	Chinese Language = "zh"
)

// ParseLanguage returns the language of a tag such as zh-CN, and whether it is known.
func ParseLanguage(tag string) (Language, bool) {
	base, _, _ := strings.Cut(strings.ToLower(tag), "-")
	_, known := phrases[Language(base)]
	return Language(base), known
}

// phrases are the templates of sentences. All languages have the same keys. A key is a state, or a kind,
// or, with a dot, a variant or a part of these.
var phrases = map[Language]map[string]string{
	English: {
		"errors":       "{subject} is failing: {value} errors{before}{only} since {since}{after}",
		"errors.over":  "{subject} was failing: {value} errors{before}{only} from {since} to {until}{after}",
		"latency":      "{subject} is slow: p95 {value}{before}{only} since {since}{after}",
		"latency.over": "{subject} was slow: p95 {value}{before}{only} from {since} to {until}{after}",
		"target":       "{subject} is down since {since}{after}",
		"target.over":  "{subject} was down from {since} to {until}{after}",
		"pool":         "Pool {subject} is exhausted: {value} requests wait for a connection{only} since {since}{after}",
		"pool.over":    "Pool {subject} was exhausted: {value} requests waited for a connection{only} from {since} to {until}{after}",
		"alert":        "{subject} is firing since {since}{after}",
		"alert.over":   "{subject} was firing from {since} to {until}{after}",

		"healthy": "{job} is healthy: {rate} requests/s, {ratio} errors",
		"idle":    "{job} is healthy and has no requests",
		"warning": "{job} has recovered; still firing: {alerts}",

		"before":               " (was {value})",
		"only":                 ", only on {instance}",
		"since.before":         "before {clock}",
		"after.deployment":     ", {ago} after deploy {version}",
		"after.deployment.at":  ", at deploy {version}",
		"after.restart":        ", {ago} after a restart of {instance}",
		"after.restart.at":     ", at a restart of {instance}",
		"after.restart.all":    ", {ago} after a restart",
		"after.restart.all.at": ", at a restart",
		"ago.seconds":          "{s} s",
		"ago.minutes":          "{m} min {s} s",

		"more.route":    ". 1 more route is unhealthy",
		"more.routes":   ". {n} more routes are unhealthy",
		"more.finding":  ". 1 more problem",
		"more.findings": ". {n} more problems",
		"list":          ", ",
		"stop":          ".",
	},
	Chinese: {
		"errors":       "{subject} 错误率 {value}{before}{only}，始于 {since}{after}",
		"errors.over":  "{subject} 曾出错：错误率最高 {value}{before}{only}，{since} 至 {until}{after}",
		"latency":      "{subject} 变慢：p95 {value}{before}{only}，始于 {since}{after}",
		"latency.over": "{subject} 曾变慢：p95 最高 {value}{before}{only}，{since} 至 {until}{after}",
		"target":       "{subject} 自 {since} 起无法抓取{after}",
		"target.over":  "{subject} 曾无法抓取：{since} 至 {until}{after}",
		"pool":         "连接池 {subject} 已用尽：平均 {value} 个请求在等待连接{only}，始于 {since}{after}",
		"pool.over":    "连接池 {subject} 曾用尽：平均最多 {value} 个请求在等待连接{only}，{since} 至 {until}{after}",
		"alert":        "告警 {subject} 自 {since} 起触发{after}",
		"alert.over":   "告警 {subject} 曾触发：{since} 至 {until}{after}",

		"healthy": "{job} 正常：每秒 {rate} 个请求，错误率 {ratio}",
		"idle":    "{job} 正常，当前没有请求",
		"warning": "{job} 已恢复；仍在触发的告警：{alerts}",

		"before":               "（此前 {value}）",
		"only":                 "，仅实例 {instance}",
		"since.before":         "{clock} 之前",
		"after.deployment":     "（版本 {version} 部署 {ago}后）",
		"after.deployment.at":  "（版本 {version} 部署时）",
		"after.restart":        "（实例 {instance} 重启 {ago}后）",
		"after.restart.at":     "（实例 {instance} 重启时）",
		"after.restart.all":    "（重启 {ago}后）",
		"after.restart.all.at": "（重启时）",
		"ago.seconds":          "{s} 秒",
		"ago.minutes":          "{m} 分 {s} 秒",

		"more.route":    "；另有 1 条路由异常",
		"more.routes":   "；另有 {n} 条路由异常",
		"more.finding":  "；另有 1 个问题",
		"more.findings": "；另有 {n} 个问题",
		"list":          "、",
		"stop":          "。",
	},
}
