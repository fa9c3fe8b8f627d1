package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

// Options configure a Demo. The zero value is right for `tacho demo`.
type Options struct {
	// Port is the first port to try: instance a uses the first free one, b and
	// Flask the next ones. The default is 9465.
	Port int

	// Rate is the average number of requests per second of the shop. The default
	// is 40. Flask gets an eighth of it in addition.
	Rate float64

	// NoTraffic turns off the customers. The script still runs.
	NoTraffic bool

	// NoFlask turns off the Flask service.
	NoFlask bool

	// Seed is the random seed. 0 is a valid seed.
	Seed uint64

	// Dir is the directory for the demo's own files, not that of the TSDB. The
	// default is a temporary directory, which Run and Close remove.
	Dir string

	// Script is the list of events. The default is Script().
	Script []Event

	// Elapsed returns the script time, which tests can set. The default is the
	// time since the start of Run.
	Elapsed func() time.Duration

	// Now is the wall clock, for the end of the history and start times.
	// The default is time.Now.
	Now func() time.Time

	// Logger logs events and errors. The default is
	// slog.Default().
	Logger *slog.Logger
}

// Defaults of Options.
const (
	DefaultPort = 9465
	DefaultRate = 40
)

func (o Options) withDefaults() Options {
	o.Port = cmp.Or(o.Port, DefaultPort)
	o.Rate = cmp.Or(o.Rate, DefaultRate)
	if o.Script == nil {
		o.Script = Script()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// MaxRate is the limit of the load generator.
const MaxRate = 5000

func (o Options) check() error {
	var errs []error
	if o.Port < 1 || o.Port > 65535 {
		errs = append(errs, fmt.Errorf("demo: port %d is not one from 1 to 65535", o.Port))
	}
	if !(o.Rate > 0 && o.Rate <= MaxRate) {
		errs = append(errs, fmt.Errorf("demo: a rate of %v requests a second is not above 0 and at most %d", o.Rate, MaxRate))
	}
	return errors.Join(errs...)
}

// A Demo is one shop with its environment. Create it with New, then either Run or Close
// it.
type Demo struct {
	opts      Options
	ownDir    bool
	instances []*instance
	pool      *pool // the instances, as the load balancer sees them
	payments  *payments
	flask     *flask // nil without Flask
	faults    *faults
	ledger    *ledger
	begun     time.Time // when Run began
	closing   sync.Once
}

// New opens the ports, which determines the targets. Run serves them.
func New(opts Options) (*Demo, error) {
	opts = opts.withDefaults()
	if err := opts.check(); err != nil {
		return nil, err
	}
	d := &Demo{opts: opts, ledger: newLedger()}
	d.faults = &faults{opts.Script, d.elapsed}
	if err := d.open(); err != nil {
		d.Close()
		return nil, fmt.Errorf("demo: %w", err)
	}
	return d, nil
}

// names are the values of the label instance. They do not depend on ports, so that series
// continue after a restart with --keep.
var names = []string{"a", "b"}

func (d *Demo) open() (err error) {
	if err := d.openDir(); err != nil {
		return err
	}
	if d.payments, err = newPayments(d.faults, d.dice(2)); err != nil {
		return err
	}
	port := d.opts.Port
	var members []*backend
	for i, name := range names {
		in, err := newInstance(d, name, port, uint64(10+i))
		if err != nil {
			return err
		}
		d.instances = append(d.instances, in)
		members = append(members, in.backend)
		port = in.port() + 1
	}
	d.pool = &pool{members: members}
	if !d.opts.NoFlask {
		d.flask, err = newFlask(d.opts, port)
	}
	return err
}

func (d *Demo) openDir() (err error) {
	if d.opts.Dir != "" {
		return os.MkdirAll(d.opts.Dir, 0o700)
	}
	d.ownDir = true
	d.opts.Dir, err = os.MkdirTemp("", "tacho-demo")
	return err
}

// dice returns a separate random number generator per user, so that users do not affect
// each other.
func (d *Demo) dice(user uint64) *dice {
	return &dice{r: rand.New(rand.NewPCG(d.opts.Seed, user))}
}

// A Target is one address to scrape, by HTTP at /metrics.
type Target struct {
	Job      string // the label job
	Instance string // the label instance
	Address  string // host:port
}

// Job names: the shop's two instances, and the Flask service.
const (
	ShopJob  = "shop"
	FlaskJob = "shop-flask"
)

// Targets returns the instances of the shop. For Flask, see FlaskFile.
func (d *Demo) Targets() []Target {
	var all []Target
	for _, in := range d.instances {
		all = append(all, Target{Job: ShopJob, Instance: in.name, Address: in.address()})
	}
	return all
}

// FlaskFile returns the file_sd file of the job FlaskJob, or "" with Options.NoFlask. The
// file has no targets until Flask responds, which takes about a second, or ever if Python
// lacks Flask.
func (d *Demo) FlaskFile() string {
	if d.flask == nil {
		return ""
	}
	return d.flask.targets
}

// Run serves the shop, sends the traffic and plays the script until ctx is done. Then it
// shuts down within two seconds, customers first, and cleans up.
func (d *Demo) Run(ctx context.Context) error {
	defer d.Close()
	d.begun = time.Now()
	d.payments.start()
	for _, in := range d.instances {
		in.start()
	}
	var inside, beside sync.WaitGroup
	inside.Go(func() { d.sendTraffic(ctx) })
	inside.Go(func() { d.play(ctx) })
	if d.flask != nil {
		beside.Go(func() { d.flask.run(ctx, d.sendFlaskTraffic) })
	}
	<-ctx.Done()
	inside.Wait()
	d.stopServers()
	beside.Wait()
	return nil
}

// elapsed returns the script time.
func (d *Demo) elapsed() time.Duration {
	if d.opts.Elapsed != nil {
		return d.opts.Elapsed()
	}
	return time.Since(d.begun)
}

// grace is how long active requests may take during the shutdown.
const grace = time.Second

func (d *Demo) stopServers() {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	var all sync.WaitGroup
	for _, in := range d.instances {
		all.Go(func() { in.stop(ctx) })
	}
	all.Wait()
	d.payments.stop(ctx) // last: the instances wait for it
}

// Close releases the ports and removes the temporary directory. Run calls it.
func (d *Demo) Close() {
	d.closing.Do(func() {
		for _, in := range d.instances {
			in.listener.Close()
		}
		if d.payments != nil {
			d.payments.listener.Close()
		}
		if d.flask != nil {
			d.flask.close()
		}
		if d.ownDir {
			os.RemoveAll(d.opts.Dir)
		}
	})
}

// Sent returns the requests sent so far, by route.
func (d *Demo) Sent() map[Route]Count { return d.ledger.snapshot() }
