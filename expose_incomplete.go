package tacho

import (
	"context"
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
)

// A directory of several processes may be so large that reading it for the first time takes
// longer than a scrape waits. What is there until then is no answer: to Prometheus, series
// that are missing have ended. So the scrape is refused, reading goes on, and the next
// scrape finds it done.

// errReading is why a scrape is incomplete. For [Meter.Render] it is the context's end.
var errReading = fmt.Errorf("the processes' directory is still being read: %w", context.DeadlineExceeded)

// reading says whether a gathering that is not done in time reads a directory. Of a
// hanging collector only its own metrics are missing, and the others are served.
func (e *endpoint) reading() bool {
	if s := e.meter.core.siblings; s != nil {
		return s.collected.Load()
	}
	g, ok := e.meter.opts.Gatherer.(interface {
		prometheus.Gatherer
		Directories() bool
	})
	return ok && g.Directories()
}

// refuseIncomplete answers a scrape for which nothing was written.
func refuseIncomplete(w http.ResponseWriter) {
	w.Header().Del("Content-Encoding")
	w.Header().Set("Retry-After", "1")
	http.Error(w, errReading.Error()+"; the next scrape finds it done, and a longer scrape_timeout waits for it", http.StatusServiceUnavailable)
}
