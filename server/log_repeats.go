package server

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// Limits of the repeat filter.
const (
	repeatWindow       = time.Minute
	maxRepeatedRecords = 1000 // distinct records per window; more are written unfiltered
)

// repeatFilter writes a warning or an error once, counts its repetitions and writes the
// count once a minute. Without it, a log file beside a watched file triggers itself, and
// one faulty part floods the log.
type repeatFilter struct {
	slog.Handler
	with string // attributes and groups, part of the key
	seen *repeatedRecords
}

type repeatedRecords struct {
	mu  sync.Mutex
	all map[string]*repeatedRecord
}

// A repeatedRecord was written in the current window.
type repeatedRecord struct {
	again int // since it was written
	last  slog.Record
}

func newRepeatFilter(h slog.Handler) repeatFilter {
	return repeatFilter{Handler: h, seen: &repeatedRecords{all: make(map[string]*repeatedRecord)}}
}

// Handle writes new records.
func (h repeatFilter) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn && h.count(r) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// count reports whether r was already written in the current window.
func (h repeatFilter) count(r slog.Record) bool {
	key := h.key(r)
	h.seen.mu.Lock()
	defer h.seen.mu.Unlock()
	if s, ok := h.seen.all[key]; ok {
		s.again++
		s.last = r.Clone()
		return true
	}
	if len(h.seen.all) < maxRepeatedRecords {
		h.seen.all[key] = &repeatedRecord{}
		time.AfterFunc(repeatWindow, func() { h.report(key) })
	}
	return false
}

// report ends a window, and starts the next one if the record was repeated.
func (h repeatFilter) report(key string) {
	h.seen.mu.Lock()
	s := h.seen.all[key]
	again, r := s.again, s.last
	if s.again = 0; again == 0 {
		delete(h.seen.all, key)
	}
	h.seen.mu.Unlock()
	if again == 0 {
		return
	}
	time.AfterFunc(repeatWindow, func() { h.report(key) })
	r.AddAttrs(slog.Int("repeated", again))
	_ = h.Handler.Handle(context.Background(), r)
}

// key identifies a record: everything except its time.
func (h repeatFilter) key(r slog.Record) string {
	var b strings.Builder
	b.WriteString(h.with + r.Level.String() + " " + r.Message)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(" " + a.String())
		return true
	})
	return b.String()
}

// WithAttrs implements slog.Handler.
func (h repeatFilter) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := h.with
	for _, a := range attrs {
		with += a.String() + " "
	}
	return repeatFilter{h.Handler.WithAttrs(attrs), with, h.seen}
}

// WithGroup implements slog.Handler.
func (h repeatFilter) WithGroup(name string) slog.Handler {
	return repeatFilter{h.Handler.WithGroup(name), h.with + name + ": ", h.seen}
}
