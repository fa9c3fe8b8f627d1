package demo

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"
)

// A Demo is one shop with its environment. Create it with New, then either Run or Close
// it.
type Demo struct {
	world
	ownDir    bool
	instances []*instance
	pool      *pool  // the instances, as the load balancer sees them
	flask     *flask // nil without Flask
	closing   sync.Once
}

// New opens the ports, which determines the targets. Run serves them.
func New(opts Options) (*Demo, error) {
	opts = opts.withDefaults()
	if err := opts.check(); err != nil {
		return nil, err
	}
	d := &Demo{world: world{opts: opts, ledger: newLedger()}}
	d.faults = &faults{opts.Script, d.elapsed}
	if err := d.open(); err != nil {
		d.Close()
		return nil, fmt.Errorf("demo: %w", err)
	}
	return d, nil
}

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
		in, err := newInstance(&d.world, name, port, uint64(10+i))
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

// A Target is one address to scrape, by HTTP at /metrics.
type Target struct {
	Job      string // the label job
	Instance string // the label instance
	Address  string // host:port
}

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
