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
// It is a [prometheus.Collector] of its own HTTP metrics and is already registered; do not register
// it again.
type Meter struct {
	*core
	opts   Options
	engine *engine.Engine
}

// core is the state that Meters on the same registry share: the local one of this process, or a
// merged one.
type core struct {
	shared   engine.Shared
	opts     Options
	families *scan.Families
	store    *store.Store
	extras   []Label // Options.Labels that are computed

	mu         sync.Mutex
	labelSets  []*labelset.Sets  // of the service's own metrics, by name
	client     *outgoing.Metrics // by clientOnce
	clientOnce sync.Once

	warnedPublic atomic.Bool // the metrics are public
	scraped      sync.Once   // reports problems at the first scrape
	ports        drain.List[*drain.Server]
	waiters      drain.List[*drain.Waiter]
	down         atomic.Bool // by Shutdown

	siblings siblings    // the service's other processes, or nil
	local    *core       // of a merged state: the state of this process
	ready    atomic.Bool // siblings is set
}

// recoverPanic stops a panic in one of the user's functions, so that the request continues. It is
// deferred.
func (c *core) recoverPanic(function optionFunc) {
	v := recover()
	if v != nil && c.store.Panics[function].Add(1) == 1 {
		c.logger().Error("tacho: Options."+optionFuncNames[function]+" panicked; its result is left out wherever it panics. "+
			"Further panics are counted in tacho_function_errors_total only", "panic", v)
	}
}

func (c *core) logger() *slog.Logger { return cmp.Or(c.opts.Logger, slog.Default()) }

func (c *core) wall() time.Time { return c.store.Now() }

// Gatherer returns the gatherer that the metrics endpoint serves.
func (m *Meter) Gatherer() prometheus.Gatherer { return m.opts.Gatherer }

// MetricsPath returns the path at which to mount the metrics endpoint.
func (m *Meter) MetricsPath() string { return m.opts.Endpoint.Path }

// view calls f with the state to show: the local one, or the merged one of all processes. f must be
// fast.
func (c *core) view(f func(shown *core)) {
	if c.siblings == nil {
		f(c)
		return
	}
	c.siblings.view(f)
}

// siblings are the processes of a service, from the point of view of one of them.
type siblings interface {
	// view calls f with the merged state of all processes.
	view(f func(shown *core))
	// gather returns the other metrics of all processes.
	gather() ([]*dto.MetricFamily, error)
	// readsFiles reports whether a gathering reads the other processes' files.
	readsFiles() bool
	// worker returns a state that shows one process, or nil and the PIDs of the living processes.
	worker(pid string) (alone *core, living []string)
	// ownMark marks this Meter's families in a registry of the user's; nil in the Meter's own.
	ownMark() mark
	// publish writes this process's other metrics for the other processes.
	publish() (gatheredHere, error)
	// leave ends the participation of this process.
	leave()
}

// A gatheredHere holds the families of this process's registry that were not published.
type gatheredHere struct {
	alone []*dto.MetricFamily            // exported unchanged
	given map[string][]*dto.MetricFamily // the reader provides them, by their names there
}
