package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// A part is one long-lived piece of the server: what runs, and how it is told
// to end.
type part struct {
	name string
	run  func() error // returns when the part has ended
	stop func()       // makes run return; called once, also when run has returned
}

// runParts runs all parts until ctx ends or one of them does, then stops them
// in the order of the list: each has ended before the next is told to. The
// error of the part that ended first comes first.
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

// rest collects the errors of the parts that ended after the first.
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

// A gate is opened once; until then wait waits.
type gate struct {
	once   sync.Once
	opened chan struct{}
}

func newGate() *gate { return &gate{opened: make(chan struct{})} }

func (g *gate) open() { g.once.Do(func() { close(g.opened) }) }
