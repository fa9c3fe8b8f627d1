package labelset_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/internal/store"
)

type city int

func (c city) String() string { return [...]string{"Bern", "Wien"}[c] }

type orderLabels struct {
	Kind       string
	Paid       bool
	ItemCount  int
	HTTPStatus uint16 `label:"status"`
	From       city
}

// TestTyped: labels are a struct's fields.
func TestTyped(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	orders, err := tacho.NewCounter[orderLabels](m, tacho.MetricOptions{Name: "shop_orders", Help: "Orders."})
	if err != nil {
		t.Fatal(err)
	}
	orders.Inc(orderLabels{"book", true, 3, 201, 1})
	orders.Add(orderLabels{"book", true, 3, 201, 1}, 1.5)
	orders.Inc(orderLabels{Kind: "bad \xff"})
	metertest.Line(t, m, `shop_orders_total{from="Wien",item_count="3",kind="book",paid="true",status="201"} 2.5`)
	metertest.Line(t, m, `shop_orders_total{from="Bern",item_count="0",kind="bad `+"\uFFFD"+`",paid="false",status="0"} 1`)
	stock, err := tacho.NewGauge[struct{ Shelf string }](m, tacho.MetricOptions{Name: "shop_stock", Help: "Stock."})
	if err != nil {
		t.Fatal(err)
	}
	type shelf = struct{ Shelf string }
	stock.Set(shelf{"a"}, 7)
	stock.Dec(shelf{"a"})
	stock.Inc(shelf{"b"})
	stock.Add(shelf{"b"}, -3)
	metertest.Line(t, m, `shop_stock{shelf="a"} 6`)
	metertest.Line(t, m, `shop_stock{shelf="b"} -2`)
	wait, err := tacho.NewHistogram[struct{}](m, tacho.MetricOptions{Name: "shop_wait", Unit: "seconds", Help: "Wait.", Buckets: []float64{1, 2}})
	if err != nil {
		t.Fatal(err)
	}
	metertest.Line(t, m, "shop_wait_seconds_count 0") // there is but one label set, so it is there
	wait.Observe(struct{}{}, 1.5)
	metertest.Line(t, m, `shop_wait_seconds_bucket{le="1"} 0`)
	metertest.Line(t, m, `shop_wait_seconds_bucket{le="2"} 1`)
}

func TestTypedRefuses(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	ok := tacho.MetricOptions{Name: "x", Help: "X."}
	_, notStruct := tacho.NewCounter[string](m, ok)
	_, hidden := tacho.NewCounter[struct{ kind string }](m, ok)
	_, float := tacho.NewCounter[struct{ Price float64 }](m, ok)
	_, twice := tacho.NewCounter[struct {
		A string
		B string `label:"a"`
	}](m, ok)
	_, reserved := tacho.NewCounter[struct{ LE string }](m, ok)
	_, name := tacho.NewCounter[struct{}](m, tacho.MetricOptions{Name: "a-b", Help: "X."})
	_, help := tacho.NewCounter[struct{}](m, tacho.MetricOptions{Name: "x"})
	_, ttl := tacho.NewCounter[struct{}](m, tacho.MetricOptions{Name: "x", Help: "X.", TTL: time.Second})
	_, labels := tacho.NewGauge[struct{}](m, tacho.MetricOptions{Name: "x", Help: "X.", Labels: []tacho.Label{{Name: "a"}}})
	_, buckets := tacho.NewGauge[struct{}](m, tacho.MetricOptions{Name: "x", Help: "X.", Buckets: []float64{1}})
	_, suffix := tacho.NewGauge[struct{}](m, tacho.MetricOptions{Name: "x_total", Help: "X."})
	for word, err := range map[string]error{
		"its labels are a string": notStruct, "the field kind of": hidden, "a float64; labels are strings": float,
		`"a" is already a label`: twice, `"le" is what Prometheus`: reserved, "not a valid metric name": name,
		"MetricOptions.Help: is missing": help, "only gauges can grow stale": ttl, "the fields of its struct": labels,
		"only histograms have them": buckets, "must not end in _total": suffix,
	} {
		if err == nil || !strings.Contains(err.Error(), word) || !strings.HasPrefix(err.Error(), "tacho: the metric ") {
			t.Errorf("%v, want %s", err, word)
		}
	}
	if _, err := tacho.NewCounter[struct{}](m, ok); err != nil {
		t.Errorf("what was refused has left something behind: %v", err)
	}
	if _, err := tacho.NewCounter[struct{}](m, ok); err == nil {
		t.Error("a name can be taken twice")
	}
}

// TestNegativeAdd is a mistake that must not end the request.
func TestNegativeAdd(t *testing.T) {
	var log bytes.Buffer
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	c, err := tacho.NewCounter[struct{}](m, tacho.MetricOptions{Name: "x", Help: "X."})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c.Add(struct{}{}, -1)
	}
	metertest.Line(t, m, "x_total 0")
	if n := strings.Count(log.String(), "a negative number was not added"); n != 1 {
		t.Errorf("%d log lines: %s", n, log.String())
	}
}

// TestTTL: a gauge's label sets vanish when nobody sets them, make room for
// others, and come back.
func TestTTL(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	now := int64(0)
	engine.Of(m).Clock = func() int64 { return now }
	type session struct{ ID int }
	g, err := tacho.NewGauge[session](m, tacho.MetricOptions{Name: "session_load", Help: "Load.", TTL: time.Minute, SeriesLimit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		g.Set(session{i}, float64(i))
		g.Set(session{1000}, 1)
		now += int64(10 * time.Second)
		if i%5 == 0 {
			metertest.Sets(t, m, "session_load")
		}
	}
	if n := metertest.Sets(t, m, "session_load"); n != 7 { // six of the last minute, and the one that is set all the time
		t.Errorf("%d label sets are left", n)
	}
	metertest.Line(t, m, `session_load{id="99"} 99`)
	metertest.Line(t, m, `tacho_series{metric="session_load"} 7`)
	metertest.Line(t, m, `tacho_overflow_total{label="id",metric="session_load"} 0`)
	now += int64(2 * time.Minute)
	if n := metertest.Sets(t, m, "session_load"); n != 0 {
		t.Errorf("%d label sets are left after two minutes", n)
	}
	g.Add(session{99}, 5)
	metertest.Line(t, m, `session_load{id="99"} 5`)
}

// TestTypedBudget: past the limit the label with the most values folds, nothing
// is lost, and the self-metrics say so.
func TestTypedBudget(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Logger: slog.New(slog.DiscardHandler)})
	type labels struct{ Kind, Customer string }
	c, err := tacho.NewCounter[labels](m, tacho.MetricOptions{Name: "orders", Help: "Orders.", SeriesLimit: 20})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		c.Inc(labels{fmt.Sprint("kind", i%3), fmt.Sprint("customer", i)})
	}
	if n := metertest.Sets(t, m, "orders_total"); n != 23 {
		t.Errorf("%d label sets, want 20 and one for each kind", n)
	}
	metertest.Line(t, m, `orders_total{customer="__overflow__",kind="kind1"} 326`)
	metertest.Line(t, m, `tacho_series_limit{metric="orders_total"} 20`)
	metertest.Line(t, m, `tacho_overflow_total{label="customer",metric="orders_total"} 980`)
	// Both labels without bounds: the allowance holds.
	both, err := tacho.NewCounter[labels](m, tacho.MetricOptions{Name: "both", Help: "Both.", SeriesLimit: 20})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		both.Inc(labels{fmt.Sprint(i), fmt.Sprint(i)})
	}
	if n := metertest.Sets(t, m, "both_total"); n > 20+store.OverflowAllowance {
		t.Errorf("%d label sets", n)
	}
	if got := metertest.TotalOf(t, m, "both_total"); got != 3000 {
		t.Errorf("%v are counted, want 3000", got)
	}
}

// TestTypedAllocations: what is there already is found without any.
func TestTypedAllocations(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	c, err := tacho.NewCounter[orderLabels](m, tacho.MetricOptions{Name: "x", Help: "X."})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		c.Inc(orderLabels{Kind: "book"})
	}
	if n := testing.AllocsPerRun(100, func() { c.Inc(orderLabels{Kind: "book"}) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
