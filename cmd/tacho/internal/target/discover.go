package target

import (
	"context"
	"fmt"
	"time"
)

// usualPorts are where services listen when nobody chose: the defaults of
// frameworks and of exporters. Another Prometheus (9090) is not among them.
var usualPorts = []int{
	8080, 8000, 5000, 3000, 8081, 8888, 4000, 5001, 8001, 9000, 2112, 9100, 9200, 9113, 9102, 8008, 7000,
}

// Look asks the usual ports of this machine and returns those that answer
// with metrics.
func Look(ctx context.Context, timeout time.Duration) []Answer {
	return look(ctx, usualPorts, timeout)
}

func look(ctx context.Context, ports []int, timeout time.Duration) []Answer {
	var targets []Target
	for _, p := range ports {
		t, err := Parse(fmt.Sprintf("localhost:%d", p))
		if err == nil {
			targets = append(targets, t)
		}
	}
	var found []Answer
	for _, a := range Ask(ctx, targets, timeout) {
		if a.Err == nil {
			found = append(found, a)
		}
	}
	return found
}

// UsualPorts lists them for messages.
func UsualPorts() []int { return append([]int(nil), usualPorts...) }
