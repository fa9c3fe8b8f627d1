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

// Metrics returns the handler of the metrics endpoint: everything that the
// Meter's registry holds, in the format that the scraper asks for: the text
// format, OpenMetrics or delimited protocol buffers; as it is, or compressed by
// gzip or zstd. Its own requests are never recorded, wherever it is mounted.
//
// A query of name[]=NAME, once or more, leaves out all but these samples or
// families. With Options.Multiproc, worker=PID shows what one of the processes has
// counted, as it was a second ago at most. OPTIONS says which methods there are.
// Options.Endpoint.Access keeps strangers out.
//
// A collector of the registry that panics, hangs or gives invalid metrics
// costs its own metrics, and is counted in tacho_scrape_errors_total. Scrapes at
// the same time share one collection of these, which begins after the last of them
// has come: nothing that was counted before a scrape is missing in it. A family that
// tacho exports itself is tacho's, whatever another collector gives under its name.
//
// A client that does not take the answer is cut off after twice
// Options.Endpoint.Timeout. A handler around the endpoint that has set
// Content-Encoding compresses the answer; the endpoint then does not.
func (m *Meter) Metrics() http.Handler {
	return newGate(m, m.opts.Endpoint.Access, newEndpoint(m))
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
	own    bool // the Meter's own families are not in what others gathers
	others guard.Shared
	states sync.Pool // of *scrape
}

// A scrape is the memory that one scrape needs, and the next one uses again.
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

// serveWorker answers for one of the service's processes alone.
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
		e.meter.core.scraped.Do(func() { go e.meter.reportUnserved(prometheus.DefaultRegisterer, own) }) // no scrape waits for it
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
		return // a client that has left is no error of ours
	}
	inTime := ctx.Err() == nil // else something may be missing
	if closeOut() == nil && len(names) == 0 && inTime {
		waiting.Scraped()
	}
}

// limit gives the client a limited time to take the answer, and to send a body
// that it has announced, which the server reads before it answers: a client
// that takes none must not hold a slot. A server that allows less
// keeps its own times.
func (e *endpoint) limit(w http.ResponseWriter, r *http.Request) {
	most := 2 * e.meter.opts.Endpoint.Timeout // to gather, and to send
	until := time.Now().Add(most)
	server, _ := r.Context().Value(http.ServerContextKey).(*http.Server)
	control := http.NewResponseController(w)
	if server == nil || server.WriteTimeout <= 0 || server.WriteTimeout > most {
		_ = control.SetWriteDeadline(until) // a writer without deadlines sends from memory, or has no Unwrap
	}
	if r.ContentLength != 0 && (server == nil || server.ReadTimeout <= 0 || server.ReadTimeout > most) {
		_ = control.SetReadDeadline(until)
	}
}

// render writes everything, or what is asked for, to out. The error is that of
// writing, or that the client has left.
func (e *endpoint) render(ctx context.Context, out io.Writer, format expfmt.Format, names []string) (err error) {
	if e.meter.core.siblings != nil {
		// What all processes have counted is read under a lock, which no slow
		// scraper may hold.
		var whole bytes.Buffer
		defer func(to io.Writer) {
			if err == nil {
				_, err = whole.WriteTo(to)
			}
		}(out)
		out = &whole
	}
	others, err := e.others.Gather(ctx)
	if ctx.Err() == context.Canceled {
		return ctx.Err()
	}
	if err != nil {
		e.complain(err)
	}
	if err == context.DeadlineExceeded && e.reading() {
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

// patience is how long this scrape may wait for other collectors: what the
// scraper says it will wait itself, less some time to send.
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
	e.meter.core.look(func(shown *core) {
		s.scan.Start(shown.source(), enc)
		err = e.encodeAll(s, enc, out, format, others)
	})
	return err
}

// encodeAll writes the Meter's own families, and others between them.
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

// writeGathered leaves everything to client_golang's encoders: in registries
// that are not tacho's own, and in formats that hardly anybody asks for.
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

// encode writes one family of another collector. One that cannot be encoded is
// left out. An encoder returns the error of writing, too, which is in sent then: the
// client has left, and no collector has failed.
func (e *endpoint) encode(enc expfmt.Encoder, f *dto.MetricFamily, sent *error) {
	if !utf8.ValidString(f.GetHelp()) {
		f = expo.CleanHelp(f)
	}
	if err := enc.Encode(f); err != nil && *sent == nil {
		e.meter.core.fail(guard.Invalid, f.GetName(), err)
	}
}

// writePython writes everything in Python's format. HTTP families are there
// from the beginning, as in Python.
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

// Render returns what the metrics endpoint would answer to a scraper with this
// Accept header, for endpoints that are not net/http handlers, and its content
// type. An empty Accept stands for the text format. Names leaves out all but
// those samples or families, as name[] does; none leaves nothing out.
//
// It waits for other collectors until the context ends or Options.Endpoint.Timeout
// is over. What could not be gathered is left out and counted, as it is in a
// scrape; the error is that of the context.
func (m *Meter) Render(ctx context.Context, accept string, names ...string) (body []byte, contentType string, err error) {
	e := newEndpoint(m)
	ctx, cancel := context.WithTimeout(ctx, m.opts.Endpoint.Timeout)
	defer cancel()
	format := expo.Negotiate(http.Header{"Accept": {accept}})
	var b bytes.Buffer
	err = e.render(ctx, &b, format, names)
	return b.Bytes(), string(format), err
}

// chosenNames are those that a scrape asks for by name[], nil for all.
func chosenNames(r *http.Request) []string {
	if r.URL.RawQuery == "" {
		return nil
	}
	return r.URL.Query()["name[]"]
}

// A directory of several processes may be so large that reading it for the first time takes
// longer than a scrape waits. What is there until then is no answer: to Prometheus, series
// that are missing have ended. So the scrape is refused, reading goes on, and the next
// scrape finds it done.

// errReading is why a scrape is incomplete. For [Meter.Render] it is the context's end.
var errReading = fmt.Errorf("the processes' directory is still being read: %w", context.DeadlineExceeded)

// reading says whether a gathering that is not done in time reads a directory. Of a
// hanging collector only its own metrics are missing, and the others are served.
func (e *endpoint) reading() bool {
	if s := e.meter.core.siblings; s != nil {
		return s.reading()
	}
	g, ok := e.meter.opts.Gatherer.(interface {
		prometheus.Gatherer
		Directories() bool
	})
	return ok && g.Directories()
}

// refuseIncomplete answers a scrape for which nothing was written.
func refuseIncomplete(w http.ResponseWriter) {
	w.Header().Del("Content-Encoding")
	w.Header().Set("Retry-After", "1")
	http.Error(w, errReading.Error()+"; the next scrape finds it done, and a longer scrape_timeout waits for it", http.StatusServiceUnavailable)
}
