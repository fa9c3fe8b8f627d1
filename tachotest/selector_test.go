package tachotest_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/tachotest"
)

func TestMalformed(t *testing.T) {
	m := newMeter(t)
	for _, c := range []struct{ text, want string }{
		{`a_total`, `no value: write the expected value after the sample`},
		{`a_total{b="c"}`, `no value: write the expected value after the sample`},
		{`a_total one`, `the value "one" is not a number`},
		{`a_total 1 1712345678`, `the value "1 1712345678" is not a number`},
		{`1a_total 1`, `want a metric name at the start`},
		{`a-b_total 1`, `"-" is not allowed in a metric name`},
		{`a_total{b=c} 1`, `the value of the label b is not in double quotes`},
		{`a_total{b='c'} 1`, `the value of the label b is not in double quotes`},
		{`a_total{b="c} 1`, `the value of the label b has no closing quote on its line`},
		{`a_total{b="c\t"} 1`, `the value of the label b contains \t; only \\, \" and \n are allowed`},
		{`a_total{b="c\`, `the value of the label b has no closing quote on its line`},
		{`a_total{b~"c"} 1`, `unexpected "~": want = after the label b`},
		{`a_total{b="c" d="e"} 1`, `unexpected "d": want a comma or }`},
		{`a_total{b="c",b="d"} 1`, `the label b occurs twice`},
		{`a_total{b="c",,} 1`, `unexpected ",": want a label name`},
		{`a_total{1b="c"} 1`, `unexpected "1": want a label name`},
		{`a_total{b="c"`, `unexpected end: want a comma or }`},
		{`a_total{b="c",`, `unexpected end: want a label name`},
		{`a_total{b`, `unexpected end: want = after the label b`},
		{`a_total{...,b="c"} 1`, `unexpected text after the three dots`},
		{`{b="c"} 1`, `the metric name is not in double quotes`},
		{`{"a.b 1`, `the metric name has no closing quote on its line`},
		{`{} 1`, `no metric name`},
		{`a_total{"b} 1`, `a label name has no closing quote on its line`},
	} {
		failed := runTest(func(ft testing.TB) { tachotest.All(ft, m).Want(c.text) })
		failed.wantReports(t, "selector_test.go", "malformed: "+c.text+": "+c.want)
	}
	failed := runTest(func(ft testing.TB) { tachotest.All(ft, m).Want("a_total{b=\"c\nd\"} 1") })
	failed.wantReports(t, "selector_test.go",
		`malformed: a_total{b="c: the value of the label b has no closing quote on its line`,
		`malformed: d"} 1: "\"" is not allowed in a metric name`)
}

func TestMalformedSelectors(t *testing.T) {
	m := newMeter(t)
	failed := runTest(func(ft testing.TB) {
		all := tachotest.All(ft, m)
		all.WantNone(`a_total{b="c"} 1`, `a-b`)
		all.WantOnly(`http_requests_total`)
		all.Want()
		all.WantOnly("\n \n")
		all.WantNone()
		all.Value("a_total 1")
		t.Error("Value returned")
	})
	failed.wantReports(t, "selector_test.go",
		`malformed: a_total{b="c"} 1: unexpected "1" after the sample: write it without a value`,
		`malformed: a-b: "-" is not allowed in a metric name`,
		`malformed: http_requests_total: no value: write the expected value after the sample`,
		`malformed: no sample given`,
		`malformed: no sample given`,
		`malformed: no sample given`,
		`malformed: a_total 1: unexpected "1" after the sample: write it without a value`)
	if !failed.fatal {
		t.Error("Value did not end the test")
	}
}

// TestSpelling: a sample of the endpoint can be written in several ways.
func TestSpelling(t *testing.T) {
	m := newMeter(t)
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "a", Help: "A."}, []string{"x", "y"})
	utf8 := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "größe.in m", Help: "B.", ConstLabels: prometheus.Labels{"straße \"1\"": "x", "b": "y"},
	})
	none := prometheus.NewGauge(prometheus.GaugeOpts{Name: "none", Help: "C."})
	m.Registerer().MustRegister(v, utf8, none)
	v.WithLabelValues("say \"hi\"\nC:\\new", "}{,=...").Set(1)
	v.WithLabelValues("", "é").Set(1e6)
	utf8.Set(-2.5)
	none.Set(4)

	all := tachotest.All(t, m)
	all.Timeout = 0
	all.Want(
		`a{x="say \"hi\"\nC:\\new",y="}{,=..."} 1`,
		`  a { y = "}{,=..." , x = "say \"hi\"\nC:\\new" , }   1.0  `,
		`a{y="}{,=...",...} 1`,
		`a{y="}{,=..." , ... , } 1`,
		`a{y="é",x=""} 1e6`,
		`a{...} 1_000_001`[:7]+`1000001`,
		`a 1000001`,
		`{"a",y="é",x=""} +1000000`,
		`{"größe.in m",b="y","straße \"1\""="x"} -2.5`,
		`{"größe.in m",...} -2.5`,
		`none{} 4`, `none 4`, `none{...} 4`,
	)
}

// TestSpellingOfMessages: messages can be copied into a test.
func TestSpellingOfMessages(t *testing.T) {
	m := newMeter(t)
	utf8 := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "größe.in m", Help: "B.", ConstLabels: prometheus.Labels{"straße \"1\"": "x\ny", "b": `\`},
	})
	m.Registerer().MustRegister(utf8)
	failed := runTest(func(ft testing.TB) {
		all := tachotest.All(ft, m)
		all.Timeout = 0
		for _, v := range []float64{1e20, 1000000, 0.00001, 1e-9} {
			utf8.Set(v)
			all.Want(`{"größe.in m",b="\\",...} 2`)
		}
	})
	var want []string
	for _, v := range []string{"1e+20", "1000000", "0.00001", "1e-09"} {
		want = append(want, `metrics differ after 0s:
want {"größe.in m",b="\\",...} 2
 got {"größe.in m",b="\\","straße \"1\""="x\ny"} `+v)
	}
	failed.wantReports(t, "selector_test.go", want...)
}

// TestLabelsMustBeTheSame: without the dots, all labels must match.
func TestLabelsMustBeTheSame(t *testing.T) {
	m := newMeter(t)
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "a", Help: "A."}, []string{"x", "y"})
	m.Registerer().MustRegister(v)
	v.WithLabelValues("1", "2").Set(1)
	for _, line := range []string{
		`a{x="1"} 1`, `a{} 1`, `a{x="1",y="2",z="3"} 1`, `a{x="1",z="2"} 1`, `a{x="1",y="2.0"} 1`,
		`a{x="1",z="3",...} 1`, `a{x="2",...} 1`, `b{x="1",y="2"} 1`, `a{x="1",y="2"} 0`,
	} {
		failed := runTest(func(ft testing.TB) {
			all := tachotest.All(ft, m)
			all.Timeout = 0
			all.Want(line)
		})
		if len(failed.reports) != 1 {
			t.Errorf("%s holds", line)
		}
	}
}
