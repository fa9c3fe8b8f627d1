package server

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// Limits of what is remembered about warnings and errors.
const (
	repeatWindow = time.Minute
	mostRepeats  = 1000 // different records in a window; more are written as they come
)

// repeats writes a warning or an error once, counts it while it comes again,
// and writes the count each minute. Otherwise a log beside a file that is
// watched feeds itself, and one broken part hides what others have to say.
type repeats struct {
	slog.Handler
	with string // attributes and groups, for telling records apart
	seen *seenRecords
}

type seenRecords struct {
	mu  sync.Mutex
	all map[string]*seenRecord
}

// A seenRecord was written in the window that runs.
type seenRecord struct {
	again int // since it was written
	last  slog.Record
}

func newRepeats(h slog.Handler) repeats {
	return repeats{Handler: h, seen: &seenRecords{all: make(map[string]*seenRecord)}}
}

// Handle writes what is new.
func (h repeats) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn && h.count(r) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

// count reports whether r was written already in the window that runs.
func (h repeats) count(r slog.Record) bool {
	key := h.key(r)
	h.seen.mu.Lock()
	defer h.seen.mu.Unlock()
	if s, ok := h.seen.all[key]; ok {
		s.again++
		s.last = r.Clone()
		return true
	}
	if len(h.seen.all) < mostRepeats {
		h.seen.all[key] = &seenRecord{}
		time.AfterFunc(repeatWindow, func() { h.report(key) })
	}
	return false
}

// report ends a window. The next one begins if there is something to count.
func (h repeats) report(key string) {
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

// key is everything of a record but its time.
func (h repeats) key(r slog.Record) string {
	var b strings.Builder
	b.WriteString(h.with + r.Level.String() + " " + r.Message)
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(" " + a.String())
		return true
	})
	return b.String()
}

// WithAttrs implements slog.Handler.
func (h repeats) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := h.with
	for _, a := range attrs {
		with += a.String() + " "
	}
	return repeats{h.Handler.WithAttrs(attrs), with, h.seen}
}

// WithGroup implements slog.Handler.
func (h repeats) WithGroup(name string) slog.Handler {
	return repeats{h.Handler.WithGroup(name), h.with + name + ": ", h.seen}
}
