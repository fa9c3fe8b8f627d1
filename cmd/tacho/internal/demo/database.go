package demo

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// A database simulates latency and a limited connection pool. It has the metrics of
// tacho.Database; a real database/sql pool would add 0.2 MB to the binary.
type database struct {
	slots  chan struct{}
	waits  atomic.Int64
	waited atomic.Int64 // ns
}

// connections returns the pool size for a request rate: normally a sixth of the
// connections is in use; during an incident, half of them.
func connections(rate float64) int { return max(12, int(rate*0.3)) }

func newDatabase(rate float64) *database {
	return &database{slots: make(chan struct{}, connections(rate))}
}

// query takes d, and reports whether the client is still connected afterwards.
func (db *database) query(ctx context.Context, d time.Duration) bool {
	if !db.take(ctx) {
		return false
	}
	defer func() { <-db.slots }()
	return rest(ctx, d)
}

// take waits for a connection.
func (db *database) take(ctx context.Context) bool {
	select {
	case db.slots <- struct{}{}:
		return true
	default:
	}
	begun := time.Now()
	db.waits.Add(1)
	defer func() { db.waited.Add(int64(time.Since(begun))) }()
	select {
	case db.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// register exports the metrics of client_golang's database/sql collector.
func (db *database) register(reg prometheus.Registerer) {
	auto := promauto.With(prometheus.WrapRegistererWith(prometheus.Labels{"db_name": "shop"}, reg))
	inUse := func() float64 { return float64(len(db.slots)) }
	for name, gauge := range map[string]struct {
		help  string
		value func() float64
	}{
		"go_sql_max_open_connections": {"Maximum number of open connections to the database.", func() float64 { return float64(cap(db.slots)) }},
		"go_sql_open_connections":     {"The number of established connections both in use and idle.", inUse},
		"go_sql_in_use_connections":   {"The number of connections currently in use.", inUse},
	} {
		auto.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: gauge.help}, gauge.value)
	}
	auto.NewCounterFunc(prometheus.CounterOpts{Name: "go_sql_wait_count_total", Help: "The total number of connections waited for."},
		func() float64 { return float64(db.waits.Load()) })
	auto.NewCounterFunc(prometheus.CounterOpts{Name: "go_sql_wait_duration_seconds_total", Help: "The total time blocked waiting for a new connection."},
		func() float64 { return time.Duration(db.waited.Load()).Seconds() })
}
