package demo

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tacho-go/tacho/internal/handoff"
)

// firstVersion is the version at the start and during the history.
const firstVersion = "1.0.0"

// An instance is one server of the shop: a port and its current generation. A deployment
// replaces the generation.
type instance struct {
	*backend
	world    *world
	listener *net.TCPListener
	dice     *dice
	current  atomic.Pointer[generation]
}

func newInstance(w *world, name string, port int, user uint64) (*instance, error) {
	ln, err := Listen(port)
	if err != nil {
		return nil, err
	}
	in := &instance{
		backend: newBackend(name, "http://"+ln.Addr().String()), world: w, listener: ln, dice: w.dice(user),
	}
	in.current.Store(newGeneration(in, firstVersion))
	return in, nil
}

func (in *instance) address() string { return in.listener.Addr().String() }
func (in *instance) port() int       { return in.listener.Addr().(*net.TCPAddr).Port }

// start starts serving. Connections since New are queued.
func (in *instance) start() {
	in.current.Load().start()
	go in.accept()
}

func (in *instance) accept() {
	for {
		c, err := in.listener.Accept()
		if err != nil {
			return // closed at the end
		}
		for !in.current.Load().door.Give(context.Background(), c) {
			// It was just stopped. There is a new one, unless the demo ends.
			if in.current.Load().ended() {
				c.Close()
				break
			}
		}
	}
}

// drain is how long a replaced instance waits for its requests.
const drain = 5 * time.Second

// lastScrape is how long a drained instance waits for its last scrape. Without it, the
// counts since the previous scrape would be lost, and rates would dip at every deployment.
const lastScrape = 2500 * time.Millisecond

// deploy replaces the running version: it removes the instance from the load balancer,
// waits until all requests are finished and scraped, replaces it and adds it again.
func (in *instance) deploy(ctx context.Context, version string) {
	old := in.current.Load()
	in.leave()
	defer in.join()
	if !in.idle(ctx, drain) {
		in.world.opts.Logger.Warn("demo: requests still in progress at a restart", "instance", in.name)
	}
	seen := old.scrapes.Load()
	await(ctx, lastScrape, func() bool { return old.scrapes.Load() > seen })
	if ctx.Err() != nil {
		return
	}
	next := newGeneration(in, version)
	next.start()
	in.current.Store(next)
	old.stop(ctx)
}

func (in *instance) stop(ctx context.Context) {
	in.listener.Close()
	in.current.Load().stop(ctx)
}

// grace is how long active requests may take during the shutdown.
const grace = time.Second

// A generation is an instance between two starts. Its counters start at zero.
type generation struct {
	server  *http.Server
	door    *handoff.Listener // of this generation; the instance keeps the TCP listener
	scrapes atomic.Int64      // of /metrics, answered
	db      *database
}

func newGeneration(in *instance, version string) *generation {
	g := &generation{door: handoff.New(in.listener.Addr()), db: newDatabase(in.world.opts.Rate)}
	g.server = &http.Server{
		Handler:           newShop(in, g, version),
		ReadHeaderTimeout: 10 * time.Second,
	}
	return g
}

func (g *generation) start() { go g.server.Serve(g.door) }

// stop waits for active requests until ctx is done, at most a second.
func (g *generation) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if g.server.Shutdown(ctx) != nil {
		g.server.Close()
	}
}

func (g *generation) ended() bool {
	select {
	case <-g.door.Done():
		return true
	default:
		return false
	}
}
