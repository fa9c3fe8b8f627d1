package metertest

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/internal/store"
	"github.com/tacho-go/tacho/schema"
)

// Busy returns a Meter with all kinds of things recorded.
func Busy(opts tacho.Options) *tacho.Meter { return BusyPart(opts, func(int) bool { return true }) }

// BusyPart is Busy for a part of the requests, by their number.
func BusyPart(opts tacho.Options, mine func(int) bool) *tacho.Meter {
	opts.OmitRuntime = true
	opts.Logger = slog.New(slog.DiscardHandler)
	opts.TraceFunc = func(ctx context.Context) (string, string) {
		id, _ := ctx.Value(TraceKey{}).(string)
		return id, "span"
	}
	m := tacho.MustNew(opts)
	random := rand.New(rand.NewPCG(3, 4))
	now := int64(0)
	engine.Of(m).Clock = func() int64 { return now }
	Expect(m, "GET", "/never/called")
	for i := range 5000 {
		method, took := labelvalue.StandardMethods[random.IntN(4)], int64(random.ExpFloat64()*1e8)
		in, out := int64(random.IntN(1e5)), int64(random.IntN(1e7))
		route, status := fmt.Sprintf("/r/%d\"\\\n\xff", random.IntN(20)), 200+random.IntN(3)*100
		if !mine(i) {
			continue
		}
		var x Exchange
		Begin(m, &x, method, "/p")
		now += took
		ctx := context.Background()
		if i%3 == 0 {
			ctx = context.WithValue(ctx, TraceKey{}, fmt.Sprintf("trace%d", i))
		}
		x.BytesIn, x.BytesOut, x.Route = in, out, route
		if i%100 == 0 {
			x.Flushed("text/event-stream")
			now += int64(time.Minute)
		}
		if i%500 == 0 {
			x.Settle(ctx, 200, "a panic")
		} else {
			x.Settle(ctx, status, nil)
		}
		End(m, &x)
	}
	hot := sync.OnceValue(func() *store.Series {
		return engine.Of(m).Store.Series(engine.Of(m).Store.Route("/hot"), "GET", false, 200)
	})
	for i := range 100_001 { // until it has stripes
		if hint := uint32(random.IntN(hist.Shards)); mine(i) {
			hot().Observe(5e6, hint)
		}
	}
	for i := range hist.Shards { // to counts that the text format writes as floats
		if mine(i) {
			for range 120_000 {
				hot().Observe(5e6, uint32(i))
			}
		}
	}
	return m
}

// A TraceKey is the key of the trace in the context of what Busy records.
type TraceKey struct{}

// Setups are options that shape what is exported.
func Setups() map[string]tacho.Options {
	return map[string]tacho.Options{
		"classic":      {},
		"native":       {NativeHistograms: true},
		"created":      {Endpoint: tacho.Endpoint{CreatedSamples: true}},
		"const labels": {ConstLabels: map[string]string{"zone": "a\"b", "app": "x"}, Namespace: "zoo"},
		"minimal":      {Minimal: true},
		"route":        {Buckets: tacho.Buckets{ByRoute: map[string][]float64{"/hot": {1, 2}, "/r/1\"\\\n\uFFFD": {.5}}}},
		"flask":        {Schema: schema.Flask()},
		"summary":      {Schema: Summaries()},
		"otel":         {Schema: schema.OTel(), NativeHistograms: true},
		"three":        {AlsoSchemas: []schema.Schema{schema.Flask(), schema.OTel()}, Buckets: tacho.Buckets{ByRoute: map[string][]float64{"/hot": {1, 2}}}},
		"three, each":  {AlsoSchemas: []schema.Schema{schema.Flask(), schema.OTel()}, NativeHistograms: true, Endpoint: tacho.Endpoint{CreatedSamples: true}},
		"own labels":   {Labels: ownLabels(), ConstLabels: map[string]string{"zone": "x"}},
		"own, limited": {Labels: ownLabels(), SeriesLimit: 40},
		"grouped":      {Status: tacho.Status{Class: true}, GroupBy: tacho.Label{Name: "shard", Func: func(r tacho.Request) string { return r.Route()[:min(4, len(r.Route()))] }}},
	}
}

// Summaries is a schema without buckets.
func Summaries() schema.Schema {
	s := schema.Default()
	s.Duration.Kind, s.RequestSize.Kind = schema.Summary, schema.Summary
	return s
}

// ownLabels are labels that tell much apart, or little.
func ownLabels() []tacho.Label {
	return []tacho.Label{
		{Name: "size", Func: func(r tacho.Request) string { return fmt.Sprint(r.BytesIn() % 7) }},
		{Name: "a_constant", Value: "with \"quotes\""},
		{Name: "kind", Func: func(r tacho.Request) string { return fmt.Sprint(r.BytesOut()) }, Values: []string{"0", "1"}},
		{Name: "many", Func: func(r tacho.Request) string { return fmt.Sprint(r.BytesIn()) }, Max: 5},
	}
}

// BusinessMetric is a metric of the service's own.
func BusinessMetric() prometheus.Collector {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "shop_orders_total", Help: `With "quotes" and \.`}, []string{"kind"})
	c.WithLabelValues("book").Add(1.5)
	return c
}
