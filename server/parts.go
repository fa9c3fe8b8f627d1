package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// A part is a long-running part of the server: a run function and a function that
// stops it.
type part struct {
	name string
	run  func() error // returns when the part has stopped
	stop func()       // makes run return; called once, even if run has returned
}

// runParts runs all parts until ctx is done or one of them returns, then stops them
// in the order of the list, each before the next. The error of the part that returned
// first comes first.
func runParts(ctx context.Context, log *slog.Logger, parts []part) error {
	ended := make(chan error, len(parts))
	done := make([]chan struct{}, len(parts))
	for i, p := range parts {
		done[i] = make(chan struct{})
		go func() {
			defer close(done[i])
			err := p.run()
			if err != nil {
				err = fmt.Errorf("%s: %w", p.name, err)
			}
			ended <- err
		}()
	}

	var first error
	select {
	case <-ctx.Done():
	case first = <-ended:
	}
	for i, p := range parts {
		start := time.Now()
		p.stop()
		<-done[i]
		log.Debug("stopped", "part", p.name, "took", time.Since(start))
	}
	return errors.Join(first, rest(ended))
}

// rest collects the errors of the other parts.
func rest(ended <-chan error) error {
	var all []error
	for {
		select {
		case err := <-ended:
			all = append(all, err)
		default:
			return errors.Join(all...)
		}
	}
}

// A latch is a one-time signal: opened is closed once.
type latch struct {
	once   sync.Once
	opened chan struct{}
}

func newLatch() *latch { return &latch{opened: make(chan struct{})} }

func (g *latch) open() { g.once.Do(func() { close(g.opened) }) }
