package dash_test

import (
	"net/http"
	"testing"
	"time"
)

// TestLacks: where the engine behind the API lacks something, a part of the page gives the reason in the
// reader's language, and asks for nothing there. An engine that has everything is asked as before.
func TestLacks(t *testing.T) {
	const (
		standing = "&span=1700000000-1700000900"
		parse    = "#page=explore&expr=up"
	)
	for _, test := range []struct {
		name, fragment, feature, endpoint string
		want, chinese, before             string
	}{
		{
			"traces of a route", "#open=shop&route=GET+%2Fapi", "query_exemplars", "query_exemplars",
			"stores no exemplars", "不存储 exemplar", "No requests with a trace.",
		},
		{
			"traces in a range of the past", "#open=shop&route=GET+%2Fapi" + standing, "query_exemplars", "query_exemplars",
			"stores no exemplars", "不存储 exemplar", "No requests with a trace.",
		},
		{
			"buckets", "#open=shop", "native_histograms", " sum (rate(http_request_duration_seconds{",
			"does not keep native histograms", "不保留原生直方图", "Latency distribution",
		},
		{
			"targets", "#page=targets", "targets", "",
			"lists no targets", "不提供目标列表", "Prometheus has no targets.",
		},
		{
			"alerts", "#page=alerts", "rules", "alertmanagers",
			"evaluates no rules", "不计算规则", "Alerts",
		},
		{
			"descriptions of metrics", parse, "metadata", "metadata",
			"types are guessed from names", "类型由指标名推断", "orders_total",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, v := range []struct {
				source, language, want string
				asks                   bool
			}{
				{`{"lacks":["` + test.feature + `"],"behind":30}`, "", test.want, false},
				{`{"lacks":["` + test.feature + `"],"behind":30}`, "&lang=zh-CN", test.chinese, false},
				{`{}`, "", test.before, true},
			} {
				f := &fake{answer: always(vector(shop()...)), alerts: "[]", targets: "[]", exemplars: "[]", labels: `["__name__"]`, source: v.source,
					ranges: func(string, int64) answer {
						return answer{http.StatusOK, `{"status":"success","data":{"resultType":"matrix","result":[]}}`}
					}}
				page := browse(t, f.serve(t, "")+test.fragment+v.language, 2500*time.Millisecond)
				check(t, page.text(t), []string{v.want}, nil)
				if test.endpoint != "" && f.hasAsked(test.endpoint) != v.asks {
					t.Errorf("%s: asked for %s: %v", v.source, test.endpoint, !v.asks)
				}
				if v.asks {
					check(t, page.text(t), nil, []string{test.want, "hides the newest"})
				} else if v.language == "" {
					check(t, page.text(t), []string{"The engine hides the newest 30 s."}, nil)
				}
			}
		})
	}
}
