package names

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for name, want := range map[string]struct{ metric, label bool }{
		"http_requests_total": {true, true},
		"job:errors:rate5m":   {true, false},
		"_private":            {true, true},
		"__reserved":          {true, false},
		"a1":                  {true, true},
		"":                    {false, false},
		"1a":                  {false, false},
		"http.requests.total": {false, false},
		"a b":                 {false, false},
		"a\nb 1":              {false, false},
		"größe":               {false, false},
		"a\xff":               {false, false},
		`a"b`:                 {false, false},
		"a{b":                 {false, false},
	} {
		if got := Metric(name); got != want.metric {
			t.Errorf("Metric(%q) = %t", name, got)
		}
		if got := Label(name); got != want.label {
			t.Errorf("Label(%q) = %t", name, got)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		metric string
		labels []string
		want   string // in the error; empty for none
	}{
		{"http_requests_total", []string{"method", "path"}, ""},
		{"http_requests_total", nil, ""},
		{"http.requests", []string{"method"}, `"http.requests" is not a valid metric name`},
		{"http_requests", []string{"me\nthod"}, `"me\nthod" is not a valid label name`},
		{"http_requests", []string{"a", "b", "a"}, "http_requests has the label a twice"},
	} {
		err := Check(test.metric, test.labels...)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("Check(%q, %q): %v, want %q", test.metric, test.labels, err, test.want)
		}
	}
}

func TestHelp(t *testing.T) {
	if got := Help("a\xffb"); got != "a\uFFFDb" {
		t.Errorf("got %q", got)
	}
	if got := Help("größer\n"); got != "größer\n" {
		t.Errorf("got %q", got)
	}
}
