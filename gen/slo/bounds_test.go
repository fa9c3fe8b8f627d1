package slo_test

import (
	"math"
	"testing"

	"github.com/tacho-go/tacho"
)

func TestCheckBounds(t *testing.T) {
	all := append(tacho.DefaultBuckets(), math.Inf(1))
	for limit, want := range map[string]string{
		"250ms": "", "1s": "", "2.5s": "", "1ms": "",
		"300ms": "objective shop-latency: 300ms is not a bucket bound of shop: the nearest are 250ms and 500ms; use one of them, or native histograms",
		"500us": "objective shop-latency: 500µs is not a bucket bound of shop: the nearest are 1ms; use one of them, or native histograms",
		"1m":    "objective shop-latency: 1m0s is not a bucket bound of shop: the nearest are 10s; use one of them, or native histograms",
	} {
		o := parse(t, "shop: 99% below "+limit)[0]
		got := ""
		if err := o.CheckBounds(all, false); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", limit, got, want)
		}
		if err := o.CheckBounds(all, true); err != nil {
			t.Errorf("%s with native histograms: %v", limit, err)
		}
	}
}
