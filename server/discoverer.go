package server

import (
	"context"
	"errors"

	"github.com/prometheus/prometheus/discovery"
)

// A discoverer is a Prometheus discovery manager and the function that stops it.
type discoverer struct {
	*discovery.Manager
	stop context.CancelFunc
}

// Run discovers until stop is called, which is not an error.
func (d *discoverer) Run() error {
	if err := d.Manager.Run(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
