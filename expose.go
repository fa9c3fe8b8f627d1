package tacho

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics returns the handler of the metrics endpoint: everything that the
// Meter's registry holds, in the format that the scraper asks for. Its own
// requests are never recorded, wherever it is mounted.
func (m *Meter) Metrics() http.Handler {
	scrape := promhttp.HandlerFor(m.opts.Gatherer, promhttp.HandlerOpts{
		ErrorLog:          scrapeLog{m},
		ErrorHandling:     promhttp.ContinueOnError,
		EnableOpenMetrics: true,
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if x := exchangeOf(w, r.Context()); x.of(m) {
			x.Exclude()
		}
		scrape.ServeHTTP(w, r)
	})
}

// scrapeLog passes what goes wrong in a scrape to the Meter's logger.
type scrapeLog struct{ m *Meter }

func (l scrapeLog) Println(v ...any) {
	l.m.logger().Error("tacho: a collector failed during a scrape; its metrics are missing", slog.Any("error", v))
}
