// Package push sends the metrics of a service to a receiver of Prometheus's remote write: for jobs that
// end before anybody scrapes them, and for services that cannot be reached.
//
//	m := tacho.MustNew(tacho.Options{})
//	p, err := push.Start(m.Gatherer(), push.Options{URL: "https://engine.example.org/api/v1/write", Job: "import"})
//	if err != nil { … }
//	defer p.Close(context.Background())
//
// All families of the registry are sent, as remote write 1.0, which every receiver understands: counters,
// gauges, summaries, classic and native histograms with their exemplars. A series up with the value 1 goes
// with them, as for a service that is scraped. Nothing of this is on the path of a request: a receiver that
// is gone, slow or hostile costs bounded memory and a line in the log.
package push

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/client_golang/prometheus"
)

// Options configure a [Pusher]. Only URL is required.
type Options struct {
	// URL is the receiver's, with its path: http://prometheus:9090/api/v1/write. A user and a password in
	// it are sent.
	URL string
	// Job and Instance are the labels of all series. A metric's own labels of these names become
	// exported_job and exported_instance, as in a scrape. Default: the name of the program and the name of
	// the host.
	Job, Instance string
	// Labels are further labels of all series, such as those that a scrape configuration would add.
	Labels map[string]string
	// Interval is how often the metrics are sent. Default 15 seconds, minimum 1 second.
	Interval time.Duration
	// Timeout limits one request. Default 10 seconds.
	Timeout time.Duration
	// MaxPending limits what is kept while the receiver does not accept anything, in bytes. Beyond it, the
	// oldest is dropped. Default 8 MiB.
	MaxPending int
	// Header is sent with each request, such as Authorization or X-Scope-OrgID.
	Header http.Header
	// Transport sends the requests. Default http.DefaultTransport.
	Transport http.RoundTripper
	// Registerer gets tacho_push_requests_total{result} (sent, refused or dropped) and
	// tacho_push_pending_bytes. Default: none.
	Registerer prometheus.Registerer
	// Logger gets a line when sending begins to fail, and when it works again. Default slog.Default().
	Logger *slog.Logger
}

// A Pusher sends metrics until it is closed.
type Pusher struct {
	opts   Options
	from   prometheus.Gatherer
	labels [][2]string
	api    *remote.API
	total  *prometheus.CounterVec
	bytes  prometheus.Gauge

	cancel context.CancelFunc
	ended  chan struct{}
	once   sync.Once
	closed error

	pending []request // oldest first; only the running goroutine, or Close after it, uses it
	size    int       // of pending, in bytes
	failing bool
}

// Start begins to send what a Gatherer has: the first time at once, then at the interval. It returns an
// error for an option that is not valid, and never fails because of the receiver.
func Start(from prometheus.Gatherer, o Options) (*Pusher, error) {
	if err := o.fill(); err != nil {
		return nil, fmt.Errorf("push: %w", err)
	}
	target, err := url.Parse(o.URL)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return nil, errors.New("push: Options.URL must look like http://prometheus:9090/api/v1/write")
	}
	api, err := remote.NewAPI(o.URL, remote.WithAPIPath(""), remote.WithAPIBackoff(remote.BackoffConfig{Min: time.Millisecond, Max: time.Millisecond, MaxRetries: 1}),
		remote.WithAPIHTTPClient(&http.Client{Transport: sender{o.Transport, o.Header}, Timeout: o.Timeout, CheckRedirect: stay}))
	if err != nil {
		return nil, fmt.Errorf("push: Options.URL: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Pusher{opts: o, from: from, labels: o.labels(), api: api, cancel: cancel, ended: make(chan struct{})}
	if err := p.register(); err != nil {
		cancel()
		return nil, fmt.Errorf("push: Options.Registerer: %w", err)
	}
	go p.run(ctx)
	return p, nil
}

func (o *Options) fill() error {
	host, _ := os.Hostname()
	o.Job = cmp.Or(o.Job, filepath.Base(os.Args[0]))
	o.Instance = cmp.Or(o.Instance, host)
	o.Interval = cmp.Or(o.Interval, 15*time.Second)
	o.Timeout = cmp.Or(o.Timeout, 10*time.Second)
	o.MaxPending = cmp.Or(o.MaxPending, 8<<20)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	if o.Transport == nil {
		o.Transport = http.DefaultTransport
	}
	switch {
	case o.Interval < time.Second:
		return fmt.Errorf("Options.Interval is %v: it must be at least 1s", o.Interval)
	case o.Timeout < 0:
		return fmt.Errorf("Options.Timeout is %v: it must not be negative", o.Timeout)
	case o.MaxPending < 0:
		return fmt.Errorf("Options.MaxPending is %d: it must not be negative", o.MaxPending)
	}
	for name := range o.Labels {
		if name == "" || name == "__name__" || name == "job" || name == "instance" {
			return fmt.Errorf("Options.Labels has the name %q: set Job and Instance by their own fields", name)
		}
	}
	return nil
}

func (o Options) labels() [][2]string {
	all := [][2]string{{"instance", o.Instance}, {"job", o.Job}}
	for name, value := range o.Labels {
		all = append(all, [2]string{name, value})
	}
	return all
}

func (p *Pusher) register() error {
	p.total = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tacho_push_requests_total", Help: "Requests with metrics, by result: sent, refused by the receiver, or dropped because too much was pending.",
	}, []string{"result"})
	p.bytes = prometheus.NewGauge(prometheus.GaugeOpts{Name: "tacho_push_pending_bytes", Help: "Size of the metrics that the receiver has not accepted yet."})
	for _, result := range []string{"sent", "refused", "dropped"} {
		p.total.WithLabelValues(result)
	}
	if p.opts.Registerer == nil {
		return nil
	}
	return errors.Join(p.opts.Registerer.Register(p.total), p.opts.Registerer.Register(p.bytes))
}

// Close sends the metrics a last time, and what is pending, until ctx is done, at most for five seconds.
// It returns an error if not everything was accepted. Further calls return the same.
func (p *Pusher) Close(ctx context.Context) error {
	p.once.Do(func() {
		p.cancel()
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		select {
		case <-p.ended:
		case <-ctx.Done():
			p.closed = errors.New("push: a collector hangs; the last metrics were not sent")
			return
		}
		p.collect()
		p.send(ctx)
		if len(p.pending) > 0 {
			p.closed = fmt.Errorf("push: the receiver has not accepted the last %d requests", len(p.pending))
		}
	})
	return p.closed
}

func (p *Pusher) run(ctx context.Context) {
	defer close(p.ended)
	tick := time.NewTicker(p.opts.Interval)
	defer tick.Stop()
	for {
		p.collect()
		p.send(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// collect adds the current metrics to what is pending. What a collector that fails has collected is sent.
func (p *Pusher) collect() {
	families, err := gather(p.from)
	if err != nil {
		p.opts.Logger.Warn("push: not all metrics can be collected", "err", err)
	}
	r := encode(families, p.labels, time.Now())
	p.pending, p.size = append(p.pending, r), p.size+len(r)
	for len(p.pending) > 1 && p.size > p.opts.MaxPending {
		p.drop("dropped")
	}
	p.bytes.Set(float64(p.size))
}

// send sends what is pending, oldest first, until the receiver fails.
func (p *Pusher) send(ctx context.Context) {
	for len(p.pending) > 0 {
		_, err := p.api.Write(ctx, remote.WriteV1MessageType, p.pending[0])
		switch {
		case err == nil:
			p.drop("sent")
		case retryable(err):
			p.report(err)
			return
		default: // the next one may be accepted
			p.drop("refused")
		}
		if ctx.Err() == nil {
			p.report(err)
		}
	}
}

func (p *Pusher) drop(result string) {
	p.size -= len(p.pending[0])
	p.pending[0] = nil
	p.pending = p.pending[1:]
	p.total.WithLabelValues(result).Inc()
	p.bytes.Set(float64(p.size))
}

// report logs when sending begins to fail, and when it works again.
func (p *Pusher) report(err error) {
	if failing := err != nil; failing != p.failing {
		p.failing = failing
		if failing {
			p.opts.Logger.Warn("push: the receiver does not accept metrics; they are kept up to Options.MaxPending", "err", err)
		} else {
			p.opts.Logger.Info("push: the receiver accepts metrics again")
		}
	}
}

// retryable reports whether the same request may be accepted later: after errors of the network, 429 and 5xx.
func retryable(err error) bool {
	var later interface{ RetryAfter() time.Duration }
	return errors.As(err, &later) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// stay does not follow redirects: they would drop the body.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// A sender adds headers to requests, and reads at most maxResponse of a response.
type sender struct {
	next   http.RoundTripper
	header http.Header
}

const maxResponse = 4 << 10

// RoundTrip implements http.RoundTripper.
func (s sender) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, values := range s.header {
		r.Header[http.CanonicalHeaderKey(name)] = values
	}
	resp, err := s.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxResponse), resp.Body}
	return resp, nil
}
