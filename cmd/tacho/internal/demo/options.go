package demo

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
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

// names are the values of the label instance. They do not depend on ports, so that series
// continue after a restart with --keep.
var names = []string{"a", "b"}

// Job names: the shop's two instances, and the Flask service.
const (
	ShopJob  = "shop"
	FlaskJob = "shop-flask"
)
