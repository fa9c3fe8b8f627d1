package tachotest_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/tachotest"
)

func TestMalformed(t *testing.T) {
	m := newMeter(t)
	for _, c := range []struct{ text, want string }{
		{`a_total`, `it has no value; write the one that it must have behind it`},
		{`a_total{b="c"}`, `it has no value; write the one that it must have behind it`},
		{`a_total one`, `its value "one" is not a number`},
		{`a_total 1 1712345678`, `its value "1 1712345678" is not a number`},
		{`1a_total 1`, `it does not begin with the name of a metric`},
		{`a-b_total 1`, `"-" cannot be in the name of a metric`},
		{`a_total{b=c} 1`, `the value of the label b is not in double quotes`},
		{`a_total{b='c'} 1`, `the value of the label b is not in double quotes`},
		{`a_total{b="c} 1`, `the value of the label b has no closing quote on its line`},
		{`a_total{b="c\t"} 1`, `the value of the label b has \t in it; only \\, \" and \n are known`},
		{`a_total{b="c\`, `the value of the label b has no closing quote on its line`},
		{`a_total{b~"c"} 1`, `"~" stands where = behind the label b is expected`},
		{`a_total{b="c" d="e"} 1`, `"d" stands where a comma or } is expected`},
		{`a_total{b="c",b="d"} 1`, `the label b is there twice`},
		{`a_total{b="c",,} 1`, `"," stands where the name of a label is expected`},
		{`a_total{1b="c"} 1`, `"1" stands where the name of a label is expected`},
		{`a_total{b="c"`, `it ends where a comma or } is expected`},
		{`a_total{b="c",`, `it ends where the name of a label is expected`},
		{`a_total{b`, `it ends where = behind the label b is expected`},
		{`a_total{...,b="c"} 1`, `something stands behind the three dots`},
		{`{b="c"} 1`, `the name of the metric is not in double quotes`},
		{`{"a.b 1`, `the name of the metric has no closing quote on its line`},
		{`{} 1`, `it has no name of a metric`},
		{`a_total{"b} 1`, `the name of a label has no closing quote on its line`},
	} {
		failed := try(func(ft testing.TB) { tachotest.All(ft, m).Want(c.text) })
		failed.wantReports(t, "selector_test.go", "malformed: "+c.text+": "+c.want)
	}
	failed := try(func(ft testing.TB) { tachotest.All(ft, m).Want("a_total{b=\"c\nd\"} 1") })
	failed.wantReports(t, "selector_test.go",
		`malformed: a_total{b="c: the value of the label b has no closing quote on its line`,
		`malformed: d"} 1: "\"" cannot be in the name of a metric`)
}

func TestMalformedSelectors(t *testing.T) {
	m := newMeter(t)
	failed := try(func(ft testing.TB) {
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
		`malformed: a_total{b="c"} 1: a sample without a value belongs here, and "1" is behind it`,
		`malformed: a-b: "-" cannot be in the name of a metric`,
		`malformed: http_requests_total: it has no value; write the one that it must have behind it`,
		`malformed: no sample is named`,
		`malformed: no sample is named`,
		`malformed: no sample is named`,
		`malformed: a_total 1: a sample without a value belongs here, and "1" is behind it`)
	if !failed.fatal {
		t.Error("Value does not end the test")
	}
}

// TestSpelling: what the endpoint shows can be written in several ways.
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
	all.Patience = 0
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

// TestSpellingOfMessages is the endpoint's, so that it can be copied from there.
func TestSpellingOfMessages(t *testing.T) {
	m := newMeter(t)
	utf8 := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "größe.in m", Help: "B.", ConstLabels: prometheus.Labels{"straße \"1\"": "x\ny", "b": `\`},
	})
	m.Registerer().MustRegister(utf8)
	failed := try(func(ft testing.TB) {
		all := tachotest.All(ft, m)
		all.Patience = 0
		for _, v := range []float64{1e20, 1000000, 0.00001, 1e-9} {
			utf8.Set(v)
			all.Want(`{"größe.in m",b="\\",...} 2`)
		}
	})
	var want []string
	for _, v := range []string{"1e+20", "1000000", "0.00001", "1e-09"} {
		want = append(want, `not recorded as wanted within 0s:
want {"größe.in m",b="\\",...} 2
 got {"größe.in m",b="\\","straße \"1\""="x\ny"} `+v)
	}
	failed.wantReports(t, "selector_test.go", want...)
}

// TestLabelsMustBeTheSame: without the dots, all of them.
func TestLabelsMustBeTheSame(t *testing.T) {
	m := newMeter(t)
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "a", Help: "A."}, []string{"x", "y"})
	m.Registerer().MustRegister(v)
	v.WithLabelValues("1", "2").Set(1)
	for _, line := range []string{
		`a{x="1"} 1`, `a{} 1`, `a{x="1",y="2",z="3"} 1`, `a{x="1",z="2"} 1`, `a{x="1",y="2.0"} 1`,
		`a{x="1",z="3",...} 1`, `a{x="2",...} 1`, `b{x="1",y="2"} 1`, `a{x="1",y="2"} 0`,
	} {
		failed := try(func(ft testing.TB) {
			all := tachotest.All(ft, m)
			all.Patience = 0
			all.Want(line)
		})
		if len(failed.reports) != 1 {
			t.Errorf("%s holds", line)
		}
	}
}
