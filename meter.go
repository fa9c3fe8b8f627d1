package tacho

import (
	"cmp"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/internal/drain"
	"github.com/tacho-go/tacho/internal/engine"
	"github.com/tacho-go/tacho/internal/labelset"
	"github.com/tacho-go/tacho/internal/outgoing"
	"github.com/tacho-go/tacho/internal/scan"
	"github.com/tacho-go/tacho/internal/store"
)

// A Meter measures one service. All its methods are safe for concurrent use.
//
// It is a [prometheus.Collector] of its own HTTP metrics and is registered
// already; collect it only where it was not.
type Meter struct {
	*core
	opts   Options
	engine *engine.Engine
}

// core is what Meters on the same registry share.
type core struct {
	shared   engine.Shared
	opts     Options
	families *scan.Families
	store    *store.Store
	extras   []Label // Options.Labels that are computed

	mu         sync.Mutex
	labelSets  []*labelset.Sets  // of metrics that are not about HTTP as such, by name
	client     *outgoing.Metrics // by clientOnce
	clientOnce sync.Once

	warnedPublic atomic.Bool // that strangers can read the metrics
	scraped      sync.Once   // what there is to report at the first scrape
	ports        drain.List[*drain.Server]
	waiters      drain.List[*drain.Waiter]
	down         atomic.Bool // by Shutdown

	siblings siblings    // the service's other processes, or nil
	whole    *core       // of what all of them have counted: the core of this process
	ready    atomic.Bool // whether siblings is known
}

// recoverPanic keeps a panic in one of the user's functions away from the request.
// It is deferred.
func (c *core) recoverPanic(function optionFunc) {
	v := recover()
	if v != nil && c.store.Panics[function].Add(1) == 1 {
		c.logger().Error("tacho: Options."+optionFuncNames[function]+" panicked; its result is left out wherever it panics. "+
			"Further panics are counted in tacho_function_errors_total only", "panic", v)
	}
}

func (c *core) logger() *slog.Logger { return cmp.Or(c.opts.Logger, slog.Default()) }

func (c *core) wall() time.Time { return c.store.Now() }

// Gatherer returns what the metrics endpoint serves.
func (m *Meter) Gatherer() prometheus.Gatherer { return m.opts.Gatherer }

// MetricsPath returns where the metrics endpoint is meant to be mounted.
func (m *Meter) MetricsPath() string { return m.opts.Endpoint.Path }

// look calls f with the core that holds what is to be shown: this one's, or what
// all processes have counted until now. f must not take long.
func (c *core) look(f func(shown *core)) {
	if c.siblings == nil {
		f(c)
		return
	}
	c.siblings.look(f)
}

// siblings are the processes of a service, as one of them sees them.
type siblings interface {
	// look calls f with a core that holds what all of them have counted.
	look(f func(shown *core))
	// gather returns the other metrics of all processes.
	gather() ([]*dto.MetricFamily, error)
	// reading reports whether a gathering reads the other processes' files.
	reading() bool
	// worker returns a core that shows what one process has counted, or nil and the
	// numbers of those that there are.
	worker(pid string) (alone *core, living []string)
	// ownMark marks this Meter's families in a registry of the user's; nil elsewhere.
	ownMark() mark
	// publish lets the other processes see this one's other metrics.
	publish() (gatheredHere, error)
	// leave ends this process's part.
	leave()
}

// A gatheredHere is what this process's registry gave and was not published.
type gatheredHere struct {
	alone []*dto.MetricFamily            // is exported as it is
	given map[string][]*dto.MetricFamily // the reader gives it, by the names that it has there
}
