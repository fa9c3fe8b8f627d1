package doctor

import (
	"context"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// An examination holds the data for the checks.
type examination struct {
	options Options
	target  *url.URL
	fetch   *fetcher

	visits []*visit // the sequential ones, in order: their times and failures count
	past   *tracker // compares all visits

	main   *exposition // the newest in Prometheus's default format
	newest *visit      // that of main
	first  *exposition // the oldest in that format
	later  *exposition // the previous one
	text   *exposition // the text format: names as the service wrote them
	proto  *exposition // with native histograms; may be in another format

	reach reach
	open  bool // responds without credentials

	// blamed are labels already reported as unbounded, so that later, less
	// specific checks do not report them again.
	blamed map[string]bool
}

// burst is the number of concurrent scrapes: while a worker is busy with one, others
// serve the rest.
const burst = 4

// burstLimit is the response size above which there are no concurrent scrapes.
const burstLimit = 1 << 20

// collect sends all requests. It fails if the first one fails.
func (e *examination) collect(ctx context.Context) error {
	if err := e.begin(ctx); err != nil {
		return err
	}
	e.proto = e.request(ctx, asProtobuf)
	e.text = e.request(ctx, asText)
	for range e.options.Scrapes - 1 {
		if err := pause(ctx, e.options.Interval); err != nil {
			return &TargetError{URL: shown(e.target), What: "The check was interrupted.", Fix: "Run it again.", Err: err}
		}
		e.requestConcurrently(ctx)
		if x := e.request(ctx, asDefault); x != nil {
			e.later, e.main, e.newest = e.main, x, e.visits[len(e.visits)-1]
		}
	}
	if e.text == nil {
		e.text = e.main
	}
	e.checkAccess(ctx)
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

// request makes one visit and returns its exposition, or nil.
func (e *examination) request(ctx context.Context, accept string) *exposition {
	v := e.fetch.get(ctx, accept)
	e.take(v)
	e.visits = append(e.visits, v)
	return v.exposition
}

// requestConcurrently makes concurrent visits, which are only compared with the others.
func (e *examination) requestConcurrently(ctx context.Context) {
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

// take parses the responses of one round and compares them with previous rounds.
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

// history returns the comparison of the scrapes.
func (e *examination) history() history { return e.past.history }

// checkAccess determines who can read the endpoint. A loopback address is reachable from
// this machine only.
func (e *examination) checkAccess(ctx context.Context) {
	ips := []net.IP{net.ParseIP(e.target.Hostname())}
	if ips[0] == nil {
		found, err := net.DefaultResolver.LookupIP(ctx, "ip", e.target.Hostname())
		if err != nil {
			return // a proxy or the caller's client resolves it
		}
		ips = found
	}
	e.reach = reachOf(ips)
	if e.reach != sameMachine {
		e.open = e.fetch.allowsAnonymous(ctx, e.options.anonymous)
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

// formats returns the formats of the responses, in the order of the requests.
func (e *examination) formats() []string {
	var names []string
	for _, x := range []*exposition{e.first, e.proto, e.text} {
		if x != nil && !slices.Contains(names, x.format) {
			names = append(names, x.format)
		}
	}
	return names
}

// supportsExemplars reports whether a format has exemplars; text 0.0.4 does not.
func (e *examination) supportsExemplars() bool {
	for _, name := range e.formats() {
		if strings.HasPrefix(name, "OpenMetrics") || strings.HasPrefix(name, "protobuf") {
			return true
		}
	}
	return false
}
