package tacho

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/tacho-go/tacho/internal/drain"
	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/guard"
	"github.com/tacho-go/tacho/internal/scan"
)

// Metrics returns the handler of the metrics endpoint. It serves everything in the Meter's
// registry, in the format that the scraper requests: text, OpenMetrics or delimited protocol
// buffers, uncompressed or compressed with gzip or zstd. Its own requests are never recorded,
// wherever it is mounted.
//
// The query name[]=NAME, once or more, selects samples or families. With Options.Multiproc,
// worker=PID shows the counts of one process, at most a second old. OPTIONS returns the allowed
// methods. Options.Endpoint.Access restricts access.
//
// A collector that panics, hangs or returns invalid metrics only loses its own metrics, and is
// counted in tacho_scrape_errors_total. Concurrent scrapes share one collection, which begins after
// the last of them has arrived: a scrape never misses anything that was counted before it. If
// another collector uses the name of a family that tacho exports, tacho's family is exported.
//
// A client that does not read the response is disconnected after twice Options.Endpoint.Timeout. If
// a handler around the endpoint has set Content-Encoding, that handler compresses the response, and
// the endpoint does not.
func (m *Meter) Metrics() http.Handler {
	return newAccessControl(m, m.opts.Endpoint.Access, newEndpoint(m))
}

func newEndpoint(m *Meter) *endpoint {
	e := &endpoint{meter: m, slots: make(chan struct{}, m.opts.Endpoint.MaxScrapes)}
	e.others.Gatherer = m.opts.Gatherer
	if own, ok := m.opts.Gatherer.(*ownRegistry); ok {
		e.own, e.others.Gatherer, e.others.Count = true, own.Registry, &own.others
	}
	if m.core.siblings != nil {
		e.others.Gatherer, e.others.Count = m.core.othersOf(e.others.Gatherer), nil
	}
	return e
}

// endpoint serves scrapes.
type endpoint struct {
	meter  *Meter
	slots  chan struct{}
	own    bool // others does not gather the Meter's own families
	others guard.Shared
	states sync.Pool // of *scrape
}

// A scrape is the memory of one scrape, which later scrapes reuse.
type scrape struct {
	scan     scan.Scan
	encoders expo.Encoders
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
	case http.MethodOptions:
		w.Header().Set("Allow", allowed)
		return
	default:
		w.Header().Set("Allow", allowed)
		http.Error(w, "the metrics endpoint answers "+allowed, http.StatusMethodNotAllowed)
		return
	}
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	default:
		e.meter.core.fail(guard.Refused, r.RemoteAddr, "too many scrapes at the same time")
		w.Header().Set("Retry-After", "1")
		http.Error(w, fmt.Sprintf("%d scrapes are under way already; try again, or raise Options.Endpoint.MaxScrapes", cap(e.slots)), http.StatusServiceUnavailable)
		return
	}
	if e.meter.core.siblings != nil {
		if worker := r.URL.Query().Get("worker"); worker != "" {
			e.serveWorker(w, r, worker)
			return
		}
	}
	e.serve(w, r)
}

// serveWorker serves one of the service's processes.
func (e *endpoint) serveWorker(w http.ResponseWriter, r *http.Request, pid string) {
	alone, living := e.meter.core.siblings.worker(pid)
	if alone == nil {
		http.Error(w, fmt.Sprintf("no process %q counts here; there are %s", pid, strings.Join(living, ", ")), http.StatusNotFound)
		return
	}
	only := newEndpoint(&Meter{core: alone, opts: e.meter.opts})
	only.own = true
	only.serve(w, r)
}

const allowed = "GET, HEAD, OPTIONS"

func (e *endpoint) serve(w http.ResponseWriter, r *http.Request) {
	if own, ok := e.meter.opts.Gatherer.(*ownRegistry); ok {
		e.meter.core.scraped.Do(func() { go e.meter.reportUnserved(prometheus.DefaultRegisterer, own) }) // scrapes do not wait for it
	}
	format := expo.Negotiate(r.Header)
	h := w.Header()
	h.Set("Content-Type", string(format))
	h.Add("Vary", "Accept")
	var coding *expo.Encoding
	if !e.meter.opts.Endpoint.NoCompression {
		coding = expo.ChooseEncoding(h, r.Header)
	}
	if r.Method == http.MethodHead {
		return
	}
	e.limit(w, r)
	out, closeOut, release := coding.To(w)
	defer release()
	ctx, cancel := context.WithTimeout(r.Context(), e.patience(r))
	defer cancel()
	names := chosenNames(r)
	waiting := drain.Waiting(e.meter.core.waiters.All())
	err := e.render(ctx, out, format, names)
	if err == errReading {
		refuseIncomplete(w)
	}
	if err != nil || r.Context().Err() != nil {
		return // the client has disconnected
	}
	inTime := ctx.Err() == nil // otherwise something may be missing
	if closeOut() == nil && len(names) == 0 && inTime {
		waiting.Scraped()
	}
}

// limit restricts the time in which the client must read the response, and send an announced body,
// which the server reads before it answers: a client that does neither must not occupy a slot.
// Shorter limits of the server remain.
func (e *endpoint) limit(w http.ResponseWriter, r *http.Request) {
	most := 2 * e.meter.opts.Endpoint.Timeout // to gather, and to send
	until := time.Now().Add(most)
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	control := http.NewResponseController(w)
	if server == nil || server.WriteTimeout <= 0 || server.WriteTimeout > most {
		_ = control.SetWriteDeadline(until) // a writer without deadlines writes to memory, or has no Unwrap
	}
	if r.ContentLength != 0 && (server == nil || server.ReadTimeout <= 0 || server.ReadTimeout > most) {
		_ = control.SetReadDeadline(until)
	}
}

// render writes everything, or the selected names, to out. The error is that of writing, or of a
// client that has disconnected.
func (e *endpoint) render(ctx context.Context, out io.Writer, format expfmt.Format, names []string) (err error) {
	if e.meter.core.siblings != nil {
		// The merged state is read under a lock, which must not depend on a slow scraper.
		var buffer bytes.Buffer
		defer func(to io.Writer) {
			if err == nil {
				_, err = buffer.WriteTo(to)
			}
		}(out)
		out = &buffer
	}
	others, err := e.others.Gather(ctx)
	if ctx.Err() == context.Canceled {
		return ctx.Err()
	}
	if err != nil {
		e.complain(err)
	}
	if err == context.DeadlineExceeded && e.readsFiles() {
		return errReading
	}
	own := e.own || err != nil && e.meter.lost(others)
	switch {
	case own:
		others = e.meter.core.foreign(others, format, e.meter.opts.Endpoint.PythonFormat && e.meter.opts.Endpoint.CreatedSamples)
	case err != nil:
		others = e.meter.restored(others, format)
	}
	if names == nil {
		return e.write(out, format, others, own)
	}
	which := expo.NewChosen(names)
	if expo.IsText(format) {
		return e.write(&expo.Filter{Chosen: which, To: out}, format, others, own)
	}
	if own {
		others = append(slices.Clone(others), e.meter.core.gather()...)
		expo.Sort(others)
	}
	return e.writeGathered(out, format, which.Families(others), false)
}

// patience returns how long this scrape may wait for other collectors: the scraper's own timeout
// minus some time to send.
func (e *endpoint) patience(r *http.Request) time.Duration {
	limit := e.meter.opts.Endpoint.Timeout
	seconds, err := strconv.ParseFloat(r.Header.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err == nil && seconds > 0 && !math.IsInf(seconds, 0) {
		limit = min(limit, time.Duration(seconds*0.9*float64(time.Second)))
	}
	return limit
}

func (e *endpoint) complain(err error) {
	if err == context.DeadlineExceeded {
		e.meter.core.fail(guard.Timeout, "the registry", "it was not gathered in time")
		return
	}
	e.meter.core.fail(guard.Invalid, "the registry", err)
}

// write encodes everything in the order of the families' names.
func (e *endpoint) write(out io.Writer, format expfmt.Format, others []*dto.MetricFamily, own bool) (err error) {
	if e.meter.opts.Endpoint.PythonFormat && format.FormatType() == expfmt.TypeTextPlain {
		return e.writePython(out, others, own)
	}
	s, _ := e.states.Get().(*scrape)
	if s == nil {
		s = new(scrape)
	}
	defer e.states.Put(s)
	enc := s.encoders.For(format, e.meter.opts.Endpoint.CreatedSamples)
	if enc == nil || !own {
		return e.writeGathered(out, format, others, own)
	}
	e.meter.core.view(func(shown *core) {
		s.scan.Start(shown.source(), enc)
		err = e.encodeAll(s, enc, out, format, others)
	})
	return err
}

// encodeAll writes the Meter's own families, merged with others in order.
func (e *endpoint) encodeAll(s *scrape, enc expo.Encoder, out io.Writer, format expfmt.Format, others []*dto.MetricFamily) error {
	buf := enc.Out()
	buf.Reset(out)
	defer buf.Release()
	other := expfmt.NewEncoder(buf, format, e.encoderOptions()...)
	for _, f := range e.meter.families.Sorted {
		for len(others) > 0 && others[0].GetName() < f.Name {
			e.encode(other, others[0], &buf.Err)
			others = others[1:]
		}
		s.scan.Family(f)
	}
	for _, o := range others {
		e.encode(other, o, &buf.Err)
	}
	if format.FormatType() == expfmt.TypeOpenMetrics {
		_, _ = io.WriteString(buf, "# EOF\n")
	}
	return buf.Flush()
}

// writeGathered uses client_golang's encoders: for registries other than tacho's own, and for rare
// formats.
func (e *endpoint) writeGathered(out io.Writer, format expfmt.Format, families []*dto.MetricFamily, own bool) error {
	if own {
		families = append(slices.Clone(families), e.meter.core.gather()...)
		expo.Sort(families)
	}
	to := &expo.Recorder{To: out}
	enc := expfmt.NewEncoder(to, format, e.encoderOptions()...)
	for _, f := range families {
		if e.encode(enc, f, &to.Err); to.Err != nil {
			return to.Err
		}
	}
	if closer, ok := enc.(expfmt.Closer); ok {
		return closer.Close()
	}
	return nil
}

func (e *endpoint) encoderOptions() []expfmt.EncoderOption {
	if e.meter.opts.Endpoint.CreatedSamples {
		return []expfmt.EncoderOption{expfmt.WithCreatedLines()}
	}
	return nil
}

// encode writes one family of another collector. It omits a family that cannot be encoded. An
// encoder also returns write errors; sent is then set: the client has disconnected, and no
// collector has failed.
func (e *endpoint) encode(enc expfmt.Encoder, f *dto.MetricFamily, sent *error) {
	if !utf8.ValidString(f.GetHelp()) {
		f = expo.CleanHelp(f)
	}
	if err := enc.Encode(f); err != nil && *sent == nil {
		e.meter.core.fail(guard.Invalid, f.GetName(), err)
	}
}

// writePython writes everything in Python's format. HTTP families exist from the start, as in
// Python.
func (e *endpoint) writePython(out io.Writer, families []*dto.MetricFamily, own bool) error {
	p := expo.NewPython(out, e.meter.opts.Endpoint.CreatedSamples)
	if own {
		families = append(slices.Clone(families), e.meter.core.gather()...)
	}
	for _, f := range e.meter.families.Budgeted {
		there := func(other *dto.MetricFamily) bool { return other.GetName() == f.Name }
		if !slices.ContainsFunc(families, there) {
			families = append(families, expo.Empty(f.Family))
		}
	}
	expo.Sort(families)
	for _, f := range families {
		p.Write(f)
	}
	return p.Flush()
}

// Render returns the response of the metrics endpoint to a scraper with this Accept header, and its
// content type, for endpoints that are not net/http handlers. An empty Accept means the text
// format. Names selects samples or families, like name[]; none selects all.
//
// It waits for other collectors until the context ends or Options.Endpoint.Timeout has passed.
// Metrics that could not be gathered are omitted and counted, as in a scrape; the error is that of
// the context.
func (m *Meter) Render(ctx context.Context, accept string, names ...string) (body []byte, contentType string, err error) {
	e := newEndpoint(m)
	ctx, cancel := context.WithTimeout(ctx, m.opts.Endpoint.Timeout)
	defer cancel()
	format := expo.Negotiate(http.Header{"Accept": {accept}})
	var b bytes.Buffer
	err = e.render(ctx, &b, format, names)
	return b.Bytes(), string(format), err
}

// chosenNames returns the names that a scrape selects with name[], nil for all.
func chosenNames(r *http.Request) []string {
	if r.URL.RawQuery == "" {
		return nil
	}
	return r.URL.Query()["name[]"]
}

// Reading a large directory of several processes for the first time may take longer than a scrape
// waits. An incomplete response would be wrong: to Prometheus, missing series have ended. So the
// scrape fails, reading continues, and the next scrape succeeds.

// errReading is the reason for an incomplete scrape. It wraps the context's error for
// [Meter.Render].
var errReading = fmt.Errorf("the processes' directory is still being read: %w", context.DeadlineExceeded)

// readsFiles reports whether a gathering that is not done in time reads a directory. If a collector
// hangs, only its own metrics are missing and the others are served.
func (e *endpoint) readsFiles() bool {
	if s := e.meter.core.siblings; s != nil {
		return s.readsFiles()
	}
	g, ok := e.meter.opts.Gatherer.(interface {
		prometheus.Gatherer
		Directories() bool
	})
	return ok && g.Directories()
}

// refuseIncomplete responds to a scrape for which nothing was written.
func refuseIncomplete(w http.ResponseWriter) {
	w.Header().Del("Content-Encoding")
	w.Header().Set("Retry-After", "1")
	http.Error(w, errReading.Error()+"; the next scrape finds it done, and a longer scrape_timeout waits for it", http.StatusServiceUnavailable)
}
