package target

import (
	"context"
	"fmt"
	"time"
)

// usualPorts are the default ports of frameworks and exporters, except for
// Prometheus's own (9090).
var usualPorts = []int{
	8080, 8000, 5000, 3000, 8081, 8888, 4000, 5001, 8001, 9000, 2112, 9100, 9200, 9113, 9102, 8008, 7000,
}

// Discover probes the usual ports of this machine and returns those that respond with
// metrics.
func Discover(ctx context.Context, timeout time.Duration) []Probe {
	return discover(ctx, usualPorts, timeout)
}

func discover(ctx context.Context, ports []int, timeout time.Duration) []Probe {
	var targets []Target
	for _, p := range ports {
		t, err := Parse(fmt.Sprintf("localhost:%d", p))
		if err == nil {
			targets = append(targets, t)
		}
	}
	var found []Probe
	for _, a := range ProbeAll(ctx, targets, timeout) {
		if a.Err == nil {
			found = append(found, a)
		}
	}
	return found
}

// UsualPorts returns the ports that Discover probes.
func UsualPorts() []int { return append([]int(nil), usualPorts...) }
