package server

import (
	"context"
	"errors"
	"log/slog"
)

// fullDiskFilter drops the log records of writers about a full disk: diskMonitor logs
// it once, and the log must not fill the disk further.
type fullDiskFilter struct{ slog.Handler }

// Handle drops records that carry errFull.
func (q fullDiskFilter) Handle(ctx context.Context, r slog.Record) error {
	full := false
	r.Attrs(func(a slog.Attr) bool {
		err, ok := a.Value.Any().(error)
		full = ok && errors.Is(err, errFull)
		return !full
	})
	if full {
		return nil
	}
	return q.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (q fullDiskFilter) WithAttrs(attrs []slog.Attr) slog.Handler {
	return fullDiskFilter{q.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (q fullDiskFilter) WithGroup(name string) slog.Handler {
	return fullDiskFilter{q.Handler.WithGroup(name)}
}
