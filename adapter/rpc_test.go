package adapter_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/adapter/adaptertest"
)

// rpc stands for frameworks as gRPC and Connect are: procedures take a context and a
// message, return a code, and are called through interceptors.
type rpc struct {
	names       *http.ServeMux // which procedure a path means
	procedures  map[string]procedure
	interceptor func(procedure) procedure
}

type procedure func(context.Context, *message) code

// A message is one call.
type message struct {
	verb, path string
	procedure  string // "" for one that does not exist
	in         io.Reader
	read       int64
	out        bytes.Buffer
	got, sent  http.Header
	values     func(name string) string
}

// A code is the outcome of a call: one of gRPC's.
type code uint32

const (
	ok               code = 0
	invalidArgument  code = 3
	deadlineExceeded code = 4
	notFound         code = 5
	internal         code = 13
	unavailable      code = 14
	unauthenticated  code = 16
)

// onWire are the HTTP statuses of codes, as Connect sends them.
var onWire = map[code]int{
	ok: 200, invalidArgument: 400, deadlineExceeded: 504, notFound: 404, internal: 500, unavailable: 503, unauthenticated: 401,
}

func (s *rpc) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, pattern := s.names.Handler(r)
	verb, name, _ := strings.Cut(pattern, " ")
	m := &message{verb: r.Method, path: r.URL.Path, procedure: name, in: r.Body, got: r.Header, sent: w.Header()}
	call := s.procedures[verb+" "+name]
	if call == nil {
		m.procedure = ""
		call = func(context.Context, *message) code { return notFound }
	}
	m.values = func(name string) string { return valueOf(m.procedure, m.path, name) }
	outcome := s.interceptor(call)(r.Context(), m)
	w.WriteHeader(onWire[outcome])
	_, _ = w.Write(m.out.Bytes())
}

// valueOf is what stands in a path for a parameter of a template.
func valueOf(template, path, name string) string {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	for i := range min(len(want), len(have)) {
		if want[i] == "{"+name+"}" {
			return have[i]
		}
	}
	return ""
}

// rpcCarrier shows a call to labels.
type rpcCarrier struct {
	*message
	ctx context.Context
}

func (c rpcCarrier) RequestHeader(name string) string  { return c.got.Get(name) }
func (c rpcCarrier) ResponseHeader(name string) string { return c.sent.Get(name) }
func (c rpcCarrier) PathValue(name string) string      { return c.values(name) }
func (c rpcCarrier) HTTP() *http.Request               { return nil }
func (c rpcCarrier) Context() context.Context          { return c.ctx }
func (c rpcCarrier) Writer() http.ResponseWriter       { return nil }

// intercept is the whole adapter. It has no place for a Stack: layers find each other by
// the context.
func intercept(l *adapter.Layer) func(procedure) procedure {
	return func(next procedure) procedure {
		return func(ctx context.Context, m *message) (outcome code) {
			call := l.Enter(ctx, nil, m.verb, m.path, rpcCarrier{m, ctx})
			if call == nil {
				return next(ctx, m)
			}
			defer func() {
				v := recover()
				if v == nil {
					call.Exchange().SetCode(ctx, uint32(outcome))
				}
				call.Leave(adapter.Outcome{
					Route: cmp.Or(m.procedure, tacho.Unmatched), BytesIn: m.read, BytesOut: int64(m.out.Len()), Panicked: v,
				})
			}()
			return next(call.Context, m)
		}
	}
}

// TestRPC: an adapter for an RPC framework, with nothing but the public package.
func TestRPC(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{
		Start:  startRPC,
		Status: func(status int) int { return onWire[codeOf(status)] },
		Lacks: map[adaptertest.Feature]string{
			adaptertest.ClientGone:    "the response is sent when handlers have returned",
			adaptertest.Hijacking:     "the response is sent when handlers have returned",
			adaptertest.Streaming:     "calls are unary",
			adaptertest.Informational: "calls are unary",
			adaptertest.ListsRoutes:   "its procedures are not listed",
			adaptertest.Handlers:      "its handlers are not those of net/http",
			adaptertest.Deadlines:     "handlers do not reach the connection",
			adaptertest.Requests:      "handlers do not see an http.Request",
			adaptertest.Redispatching: "a call has one procedure",
		},
	})
}

// codeOf is the code for a status that a handler of the suite chooses.
func codeOf(status int) code {
	for c, s := range onWire {
		if s == status {
			return c
		}
	}
	switch {
	case status == http.StatusMethodNotAllowed, status/100 == 3: // to an RPC, both are unknown procedures
		return notFound
	case status < 400:
		return ok
	}
	return invalidArgument
}

func startRPC(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
	s := &rpc{names: http.NewServeMux(), procedures: map[string]procedure{}, interceptor: func(p procedure) procedure { return p }}
	m, err := addMetrics(&app, opts)
	if err != nil {
		return adaptertest.Service{}, err
	}
	for _, r := range app.Routes {
		s.names.HandleFunc(r.Method+" "+r.Path, func(http.ResponseWriter, *http.Request) {})
		s.procedures[r.Method+" "+r.Path] = onProcedure(m, r, func(ctx context.Context, m *message) code {
			in := &rpcCall{message: m, ctx: ctx}
			if app.Guard == nil || app.Guard(in) {
				r.Do(in)
			}
			return in.outcome
		})
	}
	chain := []func(procedure) procedure{}
	if app.Recovery == adaptertest.RecoveryInside {
		chain = append(chain, recoverRPC)
	}
	if m != nil {
		if app.Twice {
			chain = append(chain, intercept(adapter.Measure(m)))
		}
		chain = append(chain, intercept(adapter.Measure(m)))
	}
	if app.Recovery == adaptertest.RecoveryOutside {
		chain = append(chain, recoverRPC)
	}
	s.interceptor = func(p procedure) procedure {
		for _, wrap := range chain {
			p = wrap(p)
		}
		return p
	}
	return adaptertest.Serve(s, m)
}

// onProcedure is a procedure with what is put on it.
func onProcedure(m *tacho.Meter, r adaptertest.Route, p procedure) procedure {
	if m == nil {
		return p
	}
	if r.Track != nil {
		p = intercept(adapter.Track(r.Track(m)...))(p)
	}
	if r.DoNotTrack {
		p = intercept(adapter.DoNotTrack(m))(p)
	}
	if r.ExcludeAll {
		p = intercept(adapter.ExcludeAll(m))(p)
	}
	return p
}

func recoverRPC(next procedure) procedure {
	return func(ctx context.Context, m *message) (outcome code) {
		defer func() {
			if v := recover(); v != nil {
				outcome = internal
			}
		}()
		return next(ctx, m)
	}
}

// rpcCall is a call in a procedure.
type rpcCall struct {
	*message
	ctx     context.Context
	outcome code
	decided bool
}

func (c *rpcCall) Context() context.Context    { return c.ctx }
func (c *rpcCall) Body() io.Reader             { return c }
func (c *rpcCall) SetHeader(key, value string) { c.sent.Set(key, value) }
func (c *rpcCall) Flush()                      {}
func (c *rpcCall) Hijack() (net.Conn, error)   { return nil, http.ErrNotSupported }
func (c *rpcCall) WriteHeader(status int) {
	if !c.decided {
		c.outcome, c.decided = codeOf(status), true
	}
}

func (c *rpcCall) Write(p []byte) (int, error) {
	c.decided = true
	return c.out.Write(p)
}

func (c *rpcCall) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.read += int64(n)
	return n, err
}

// TestWithoutStack: layers of a framework that has no place for a Stack allocate nothing.
func TestWithoutStack(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	calls := m.Counter(tacho.MetricOptions{Name: "calls", Help: "Calls."})
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil)
	for name, l := range map[string]*adapter.Layer{"measure": adapter.Measure(m), "track": adapter.Track(calls)} {
		for _, pass := range []func(){
			func() {
				call, _ := l.EnterHTTP(nil, w, r, nil, "/x")
				call.Leave(adapter.Outcome{Route: "/x"})
			},
			func() { l.Enter(t.Context(), nil, "GET", "/x", nil).Leave(adapter.Outcome{Route: "/x"}) },
		} {
			if allocations := testing.AllocsPerRun(1000, pass); allocations > 0 { // with -race a pool forgets every fourth
				t.Errorf("%s: %v allocations", name, allocations)
			}
		}
	}
}

// TestCodes: no code vanishes, and none but OK is a success.
func TestCodes(t *testing.T) {
	names := []string{
		"OK 200", "CANCELLED 499", "UNKNOWN 500", "INVALID_ARGUMENT 400", "DEADLINE_EXCEEDED 504", "NOT_FOUND 404", "ALREADY_EXISTS 409",
		"PERMISSION_DENIED 403", "RESOURCE_EXHAUSTED 429", "FAILED_PRECONDITION 400", "ABORTED 409", "OUT_OF_RANGE 400",
		"UNIMPLEMENTED 501", "INTERNAL 500", "UNAVAILABLE 503", "DATA_LOSS 500", "UNAUTHENTICATED 401", "17 500",
	}
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Status: tacho.Status{Initial: []int{}}, Labels: []tacho.Label{{Name: "code", Func: tacho.Request.Code}}})
	measured := intercept(adapter.Measure(m))
	for i := range names {
		p := measured(func(context.Context, *message) code { return code(i) })
		p(t.Context(), &message{verb: "POST", path: "/shop.Cart/Add", procedure: "/shop.Cart/Add"})
	}
	scrape := scrape(m)
	for _, name := range names {
		text, status, _ := strings.Cut(name, " ")
		want := fmt.Sprintf("http_requests_total{code=%q,method=\"POST\",path=\"/shop.Cart/Add\",status=%q} 1\n", text, status)
		if !strings.Contains(scrape, want) {
			t.Errorf("no line %s", want)
		}
	}
}

// TestCodeBehindHandler: with Meter.Handler around an RPC server, the status is that of the code, not
// the 200 that was written before the outcome was known, and the RPC counts once.
func TestCodeBehindHandler(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Status: tacho.Status{Initial: []int{}}, Labels: []tacho.Label{{Name: "code", Func: tacho.Request.Code}}})
	measured := intercept(adapter.Measure(m))
	h := m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		p := measured(func(context.Context, *message) code { return unavailable })
		p(r.Context(), &message{verb: "POST", path: r.URL.Path, procedure: "/shop.Cart/Add"})
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/shop.Cart/Add", nil))
	const want = "http_requests_total{code=\"UNAVAILABLE\",method=\"POST\",path=\"/shop.Cart/Add\",status=\"503\"} 1\n"
	if got := scrape(m); !strings.Contains(got, want) || strings.Count(got, "\nhttp_requests_total{") != 1 {
		t.Errorf("no line %s or others, in\n%s", want, got)
	}
}

// TestNoStatus: a code that an adapter takes for a status is seen, and is no success.
func TestNoStatus(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	for status := 1; status < 17; status++ {
		var x adapter.Exchange
		rec := adapter.Of(m)
		rec.Begin(&x, "POST", "/x")
		x.Settle(t.Context(), status, nil)
		x.SetTemplate("/x")
		rec.End(&x)
		if want := `path="/x",status="` + strconv.Itoa(status) + `"} 1`; !strings.Contains(scrape(m), want) {
			t.Errorf("no sample with %s", want)
		}
	}
}

// TestCanceledCall: a call whose context was canceled is lost where its code is a failure
// of ours; OK arrived.
func TestCanceledCall(t *testing.T) {
	for outcome, want := range map[code]string{internal: "499", ok: "200", notFound: "404"} {
		m := tacho.MustNew(tacho.Options{OmitRuntime: true, Status: tacho.Status{Initial: []int{}}})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		p := intercept(adapter.Measure(m))(func(context.Context, *message) code { return outcome })
		p(ctx, &message{verb: "POST", path: "/x", procedure: "/x"})
		if !strings.Contains(scrape(m), `status="`+want+`"} 1`) {
			t.Errorf("code %d is not recorded as %s", outcome, want)
		}
	}
}

func scrape(m *tacho.Meter) string {
	w := httptest.NewRecorder()
	m.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// TestExpectRPC: a procedure is exported from zero, unless it is excluded.
func TestExpectRPC(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Exclude: tacho.Exclude{Paths: []string{"/shop.Shop/Ping"}}})
	rec := adapter.Of(m)
	if !rec.ExpectRPC("/shop.Shop/Buy") || rec.ExpectRPC("/shop.Shop/Ping") {
		t.Error("Buy is measured and Ping is not, but ExpectRPC says otherwise")
	}
	if text := scrape(m); !strings.Contains(text, `path="/shop.Shop/Buy"`) || strings.Contains(text, "Ping") {
		t.Errorf("exposed is\n%s", text)
	}
}

// TestDeadlinePassed: a client that gives up at its deadline cancels the RPC as well, and the server
// may see that first.
func TestDeadlinePassed(t *testing.T) {
	for name, c := range map[string]struct {
		left     time.Duration // until the deadline; 0: the RPC has none
		canceled bool
		want     bool
	}{
		"it goes on":                          {left: time.Hour},
		"the deadline has passed":             {left: -time.Second, want: true},
		"canceled":                            {canceled: true},
		"canceled long before its deadline":   {left: time.Hour, canceled: true},
		"canceled a moment before it":         {left: 15 * time.Millisecond, canceled: true, want: true},
		"canceled before one that has passed": {left: time.Millisecond, canceled: true, want: true},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		if c.left != 0 {
			ctx, cancel = context.WithTimeout(t.Context(), c.left)
		}
		if c.canceled {
			cancel()
		}
		if got := adapter.DeadlinePassed(ctx); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		cancel()
	}
}

// TestDeadlineCode: a client that has left at its deadline is a 504, whatever else the exchange saw.
func TestDeadlineCode(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for name, set := range map[string]func(*adapter.Exchange){
		"by itself":           func(x *adapter.Exchange) { x.SetCode(gone, uint32(deadlineExceeded)) },
		"by an inner adapter": func(x *adapter.Exchange) { x.SetInnerCode(uint32(deadlineExceeded)) },
	} {
		m := newMeter()
		rec := adapter.Of(m)
		var x adapter.Exchange
		rec.Begin(&x, "POST", "/shop.Shop/Buy")
		x.WroteHeader(gone, 200)
		set(&x)
		x.Settle(gone, 200, nil)
		x.SetTemplate("/shop.Shop/Buy")
		rec.End(&x)
		if text := scrape(m); !strings.Contains(text, `status="504"} 1`) {
			t.Errorf("%s: recorded\n%s", name, text)
		}
	}
}
