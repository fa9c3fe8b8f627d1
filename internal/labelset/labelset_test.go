package labelset_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/tacho-go/tacho/internal/labelset"
	"github.com/tacho-go/tacho/internal/labelvalue"
	"github.com/tacho-go/tacho/schema"
)

func find(s *labelset.Sets, values ...string) *labelset.Child {
	return s.Find(labelvalue.Join(nil, values), values)
}

// TestLimit: past the limit, new values of the label that has most of them are
// recorded as __overflow__, and the log says so once.
func TestLimit(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, nil))
	s := labelset.New(labelset.Config{
		Kind: schema.Counter, Name: "orders_total", Help: "X.", Labels: []string{"kind", "shop"}, Limit: 3,
		Now: func() int64 { return 1 }, Logger: func() *slog.Logger { return logger },
	})
	for i := range 10 {
		find(s, fmt.Sprint(i), "a").Counter.Inc()
	}
	want := `# HELP orders_total X.
# TYPE orders_total counter
orders_total{kind="0",shop="a"} 1
orders_total{kind="1",shop="a"} 1
orders_total{kind="2",shop="a"} 1
orders_total{kind="__overflow__",shop="a"} 7
`
	if err := testutil.CollectAndCompare(s, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	if s.Len() != 4 || s.Overflowed(0) != 7 || s.Overflowed(1) != 0 {
		t.Errorf("%d label sets, %d and %d values were replaced", s.Len(), s.Overflowed(0), s.Overflowed(1))
	}
	if n := strings.Count(log.String(), "\n"); n != 1 || !strings.Contains(log.String(), "label=kind") {
		t.Errorf("the log has %s", &log)
	}
}

// TestExpire: label sets that are not touched go, and make room.
func TestExpire(t *testing.T) {
	now := int64(1)
	s := labelset.New(labelset.Config{
		Kind: schema.Gauge, Name: "stock", Help: "X.", Labels: []string{"shelf"}, Limit: 2, TTL: time.Second,
		Now: func() int64 { return now }, Logger: slog.Default,
	})
	old := find(s, "a")
	now += int64(time.Second)
	find(s, "b")
	now += int64(time.Second) / 2
	if got := find(s, "c"); got.Overflow || !old.Gone.Load() || s.Len() != 2 {
		t.Errorf("overflow %v, expired %v, %d label sets", got.Overflow, old.Gone.Load(), s.Len())
	}
}
