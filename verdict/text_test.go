package verdict

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSentence(t *testing.T) {
	at := func(clock string) time.Time {
		m, err := time.Parse(time.DateTime, "2026-11-26 "+clock)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	before := func(v float64) *float64 { return &v }
	deployed := &Event{Kind: Deployment, At: at("01:48:56"), Version: "1.1.0"}
	for _, tt := range []struct {
		finding Finding
		want    string
	}{
		{
			Finding{Kind: Errors, Method: "GET", Path: "/second_route", Now: .712, Before: before(.004), Since: at("01:49:20"), After: deployed},
			"GET /second_route is failing: 71% errors (was 0.4%) since 01:49:20, 24 s after deploy 1.1.0.",
		},
		{
			Finding{Kind: Latency, Method: "GET", Path: "/api", Now: .7241, Before: before(.12), Since: at("01:49:21"), Where: Where{Instances: 2, Only: "b"}},
			"GET /api is slow: p95 724 ms (was 120 ms), only on b since 01:49:21.",
		},
		{
			Finding{Kind: Errors, Path: "/", Now: .2, Before: before(0), Worst: .6, Since: at("01:49:20"), Until: at("01:50:05")},
			"/ was failing: 60% errors from 01:49:20 to 01:50:05.",
		},
		{
			Finding{Kind: Latency, Path: "/report", Now: 3.2, Since: at("01:00:00"), AtLeast: true},
			"/report is slow: p95 3.2 s since before 01:00:00.",
		},
		{
			Finding{Kind: Target, Instance: "images-2:8080", Now: 1, Since: at("01:12:40"), After: &Event{Kind: Restart, At: at("01:12:40"), Instance: "images-2:8080"}},
			"images-2:8080 is down since 01:12:40, at a restart of images-2:8080.",
		},
		{Finding{Kind: Alert, Alert: "TachoPanics", Path: "/", Since: at("01:12:40")}, "TachoPanics is firing since 01:12:40."},
	} {
		if got := tt.finding.Sentence(Words{}); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestServiceSentence(t *testing.T) {
	f := Finding{Kind: Alert, Alert: "A", Since: time.Unix(0, 0)}
	for _, tt := range []struct {
		service Service
		want    string
	}{
		{Service{Job: "shop", State: Healthy, Rate: 40, Errors: .1}, "shop is healthy: 40 requests/s, 0.2% errors."},
		{Service{Job: "shop", State: Idle}, "shop is healthy and has no requests."},
		{Service{Job: "shop", State: Warning, Firing: []string{"A", "B"}}, "shop has recovered; still firing: A, B."},
		{Service{Job: "shop", State: Warning, Findings: []Finding{f, f, f}}, "A is firing since 00:00:00. 2 more problems."},
	} {
		if got := tt.service.Sentence(Words{}); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

// TestChinese: sentences are written in Chinese, with the same facts.
func TestChinese(t *testing.T) {
	at := time.Date(2026, 11, 26, 1, 49, 20, 0, time.UTC)
	was := .12
	failing := Finding{Kind: Errors, Method: "GET", Path: "/second_route", Now: .71, Since: at, After: &Event{Kind: Deployment, At: at.Add(-24 * time.Second), Version: "1.1.0"}}
	slow := Finding{Kind: Latency, Method: "GET", Path: "/api", Now: .724, Before: &was, Since: at, Where: Where{Only: "b"}}
	w := Words{Language: Chinese}
	for want, got := range map[string]string{
		"GET /api 变慢：p95 724 ms（此前 120 ms），仅实例 b，始于 01:49:20。":                 slow.Sentence(w),
		"GET /second_route 错误率 71%，始于 01:49:20（版本 1.1.0 部署 24 秒后）；另有 2 条路由异常。": Service{State: Failing, Findings: []Finding{failing, slow, {Kind: Latency, Path: "/x"}}}.Sentence(w),
		"images-2:8080 自 01:49:20 起无法抓取。":                                      Finding{Kind: Target, Instance: "images-2:8080", Since: at}.Sentence(w),
		"连接池 orders 已用尽：平均 3.2 个请求在等待连接，始于 01:49:20。":                          Finding{Kind: Pool, Pool: "orders", Now: 3.2, Since: at}.Sentence(w),
		"shop 正常：每秒 40 个请求，错误率 0%。":                                            Service{Job: "shop", State: Healthy, Rate: 40}.Sentence(w),
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// TestPhrases: all languages have the same keys, and each phrase the same values.
func TestPhrases(t *testing.T) {
	values := func(phrase string) string {
		all := regexp.MustCompile(`{\w+}`).FindAllString(phrase, -1)
		slices.Sort(all)
		return strings.Join(all, "")
	}
	for key, phrase := range phrases[English] {
		for language, all := range phrases {
			if values(all[key]) != values(phrase) || all[key] == "" {
				t.Errorf("%s of %q is %q; in English it is %q", language, key, all[key], phrase)
			}
		}
	}
	for language, all := range phrases {
		if len(all) != len(phrases[English]) {
			t.Errorf("%s has %d phrases, want %d", language, len(all), len(phrases[English]))
		}
	}
	for kind := range stateOf {
		if phrases[English][string(kind)] == "" || phrases[English][string(kind)+".over"] == "" {
			t.Errorf("there is no phrase for %s", kind)
		}
	}
}

// TestHostileLabels: a label value can neither end a line, color a terminal, turn the direction of the
// text, nor fill in another value.
func TestHostileLabels(t *testing.T) {
	f := Finding{Kind: Errors, Method: "GET", Path: "/{since}\n\x1b[31m\u202e<b>", Now: 1, Since: time.Unix(0, 0)}
	if got, want := f.Sentence(Words{}), "GET /{since}��[31m�<b> is failing: 100% errors since 00:00:00."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestOtherDay: a time of another day has its date.
func TestOtherDay(t *testing.T) {
	shanghai := time.FixedZone("Asia/Shanghai", 8*3600)
	f := Finding{Kind: Target, Instance: "a", Since: time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC), Until: time.Date(2026, 11, 26, 17, 0, 0, 0, time.UTC)}
	v := Verdict{At: time.Date(2026, 11, 26, 18, 0, 0, 0, time.UTC), Services: []Service{{Over: []Finding{f}}}}
	if got, want := v.In(Words{Location: shanghai}).Services[0].Over[0].Text, "a was down from 2026-11-26 23:00:00 to 01:00:00."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if v.Services[0].Over[0].Text != "" {
		t.Error("the verdict itself was changed")
	}
}
