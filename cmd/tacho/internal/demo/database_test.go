package demo

import (
	"context"
	"testing"
	"time"
)

// TestDatabase: a request without a free connection waits, is counted, and can be canceled.
func TestDatabase(t *testing.T) {
	db := newDatabase(1)
	ctx, leave := context.WithCancel(t.Context())
	ended := make(chan bool, cap(db.slots)+1)
	for range cap(db.slots) {
		go func() { ended <- db.query(ctx, time.Hour) }()
	}
	eventually(t, "all connections in use", func() bool { return len(db.slots) == cap(db.slots) })
	go func() { ended <- db.query(ctx, 0) }()
	eventually(t, "somebody who waits", func() bool { return db.waits.Load() == 1 })
	leave()
	for range cap(ended) {
		if <-ended {
			t.Error("a query was answered whose client had gone")
		}
	}
	if db.waited.Load() <= 0 || len(db.slots) != 0 {
		t.Errorf("waited %d ns, %d connections are in use", db.waited.Load(), len(db.slots))
	}
	if !db.query(t.Context(), 0) {
		t.Error("a query was not answered")
	}
}
