package server

import (
	"context"
	"errors"
	"log/slog"
)

// quiet leaves out what everybody who writes says about a full disk: space
// says it once, and the log must not fill the disk further.
type quiet struct{ slog.Handler }

// Handle drops records that carry errFull.
func (q quiet) Handle(ctx context.Context, r slog.Record) error {
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
func (q quiet) WithAttrs(attrs []slog.Attr) slog.Handler { return quiet{q.Handler.WithAttrs(attrs)} }

// WithGroup implements slog.Handler.
func (q quiet) WithGroup(name string) slog.Handler { return quiet{q.Handler.WithGroup(name)} }
