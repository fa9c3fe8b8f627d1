package doctor

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// An examination holds what the checks look at.
type examination struct {
	options Options
	target  *url.URL
	fetch   *fetcher

	visits []*visit // those that were alone, in order: their times and failures count
	past   *tracker // compares all visits

	main   *exposition // what Prometheus reads by default; the newest
	newest *visit      // that of main
	first  *exposition // the oldest in the same format
	later  *exposition // the one before main
	text   *exposition // what an old scraper reads: names as the service wrote them
	proto  *exposition // with native histograms; may be in another format

	near nearness
	open bool // answers without credentials

	// blamed are labels that a check has named as unbounded, so that a later,
	// vaguer check does not name them again.
	blamed map[string]bool
}

// burst is how many scrapes are made at once: a worker that is busy with one
// leaves the others to its siblings.
const burst = 4

// burstLimit spares an endpoint whose answers are large.
const burstLimit = 1 << 20

// collect makes all requests. It fails if the first one does.
func (e *examination) collect(ctx context.Context) error {
	if err := e.begin(ctx); err != nil {
		return err
	}
	e.proto = e.ask(ctx, asProtobuf)
	e.text = e.ask(ctx, asText)
	for range e.options.Scrapes - 1 {
		if err := pause(ctx, e.options.Interval); err != nil {
			return &TargetError{URL: shown(e.target), What: "The examination was interrupted.", Do: "Run it again.", Err: err}
		}
		e.askAtOnce(ctx)
		if x := e.ask(ctx, asDefault); x != nil {
			e.later, e.main, e.newest = e.main, x, e.visits[len(e.visits)-1]
		}
	}
	if e.text == nil {
		e.text = e.main
	}
	e.askAsStranger(ctx)
	return nil
}

func (e *examination) begin(ctx context.Context) error {
	v := e.fetch.get(ctx, asDefault)
	if err := e.fetch.obstacle(v); err != nil {
		return err
	}
	e.past = newTracker(v.began)
	e.take(v)
	e.visits, e.newest = []*visit{v}, v
	e.main, e.first = v.exposition, v.exposition
	return nil
}

// ask makes one visit and returns its exposition, nil if there is none.
func (e *examination) ask(ctx context.Context, accept string) *exposition {
	v := e.fetch.get(ctx, accept)
	e.take(v)
	e.visits = append(e.visits, v)
	return v.exposition
}

// askAtOnce makes visits at the same time. They are compared with the others
// and forgotten.
func (e *examination) askAtOnce(ctx context.Context) {
	if e.visits[0].size > burstLimit {
		return
	}
	visits := make([]*visit, burst)
	var all sync.WaitGroup
	for i := range visits {
		all.Go(func() { visits[i] = e.fetch.get(ctx, asDefault) })
	}
	all.Wait()
	e.take(visits...)
}

// take parses what was fetched together and compares it with what came before.
func (e *examination) take(visits ...*visit) {
	for _, v := range visits {
		if v.ok() {
			v.exposition = parseExposition(v.body, v.contentType)
		}
	}
	e.past.follow(visits)
	for _, v := range visits {
		v.obstacle = e.fetch.obstacle(v)
		v.body = nil
	}
}

// history compares the scrapes with each other.
func (e *examination) history() history { return e.past.history }

// askAsStranger finds out who could read this. Nobody but this machine reaches
// a loopback address.
func (e *examination) askAsStranger(ctx context.Context) {
	ips := []net.IP{net.ParseIP(e.target.Hostname())}
	if ips[0] == nil {
		found, err := net.DefaultResolver.LookupIP(ctx, "ip", e.target.Hostname())
		if err != nil {
			return // a proxy or a client of the caller's resolves it
		}
		ips = found
	}
	e.near = nearnessOf(ips)
	if e.near != sameMachine {
		e.open = e.fetch.answersStrangers(ctx, e.options.anonymous)
	}
}

// native reports whether a family has native histograms.
func (e *examination) native(name string) bool {
	if e.proto == nil {
		return false
	}
	f := e.proto.byName[name]
	if f == nil {
		return false
	}
	for _, s := range f.samples {
		if s.native {
			return true
		}
	}
	return false
}

// formats are those that the service spoke, in the order asked.
func (e *examination) formats() []string {
	var names []string
	for _, x := range []*exposition{e.first, e.proto, e.text} {
		if x != nil && !slices.Contains(names, x.format) {
			names = append(names, x.format)
		}
	}
	return names
}

// speaksExemplars: the text format 0.0.4 has no place for them.
func (e *examination) speaksExemplars() bool {
	for _, name := range e.formats() {
		if strings.HasPrefix(name, "OpenMetrics") || strings.HasPrefix(name, "protobuf") {
			return true
		}
	}
	return false
}
