package tachoconnectv1_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachoconnectv1"
)

// procedures are those of a service whose messages say what it is to do.
var procedures = []string{"/shop.Shop/Buy", "/shop.Shop/Chat", "/shop.Shop/Upload", "/shop.Shop/Watch"}

type text = wrapperspb.StringValue

// newShop is what generated code returns: where to mount the service, and its handler.
func newShop(options ...connect.HandlerOption) (string, http.Handler) {
	handlers := map[string]http.Handler{
		"/shop.Shop/Buy": connect.NewUnaryHandler("/shop.Shop/Buy", func(ctx context.Context, in *connect.Request[text]) (*connect.Response[text], error) {
			if err := act(ctx, in.Msg.Value, nil); err != nil {
				return nil, err
			}
			out := connect.NewResponse(in.Msg)
			out.Header().Set("X-Cache", "hit")
			return out, nil
		}, append(options, connect.WithIdempotency(connect.IdempotencyNoSideEffects))...),
		"/shop.Shop/Chat": connect.NewBidiStreamHandler("/shop.Shop/Chat", func(ctx context.Context, s *connect.BidiStream[text, text]) error {
			in, err := s.Receive()
			if err != nil {
				return err
			}
			return act(ctx, in.Value, s.Send)
		}, options...),
		"/shop.Shop/Upload": connect.NewClientStreamHandler("/shop.Shop/Upload", func(ctx context.Context, s *connect.ClientStream[text]) (*connect.Response[text], error) {
			s.Receive()
			return connect.NewResponse(s.Msg()), act(ctx, s.Msg().GetValue(), nil)
		}, options...),
		"/shop.Shop/Watch": connect.NewServerStreamHandler("/shop.Shop/Watch", func(ctx context.Context, in *connect.Request[text], s *connect.ServerStream[text]) error {
			return act(ctx, in.Msg.Value, s.Send)
		}, options...),
	}
	return "/shop.Shop/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := handlers[r.URL.Path]; h != nil {
			h.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	})
}

func act(ctx context.Context, what string, send func(*text) error) error {
	if send != nil {
		if err := send(wrapperspb.String("first")); err != nil {
			return err
		}
	}
	switch what {
	case "none":
		return connect.NewError(connect.CodeNotFound, errors.New("none"))
	case "plain":
		return io.ErrUnexpectedEOF
	case "panic":
		panic("tachoconnectv1: on purpose")
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// protocols are the three that a server speaks.
var protocols = map[string][]connect.ClientOption{"connect": nil, "grpc": {connect.WithGRPC()}, "grpcweb": {connect.WithGRPCWeb()}}

var quiet = log.New(io.Discard, "", 0)

func serve(t *testing.T, h http.Handler) (url string, client *http.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.Protocols, server.Config.ErrorLog = new(http.Protocols), quiet
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Config.Protocols.SetHTTP1(true)
	server.Start()
	t.Cleanup(server.Close)
	only := new(http.Protocols)
	only.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: only}
	t.Cleanup(transport.CloseIdleConnections)
	return server.URL, &http.Client{Transport: transport}
}

// call makes an RPC and returns its error.
func call(ctx context.Context, client *http.Client, url, procedure, what string, options ...connect.ClientOption) error {
	c := connect.NewClient[text, text](client, url+procedure, options...)
	in := wrapperspb.String(what)
	switch procedure {
	case "/shop.Shop/Chat":
		s := c.CallBidiStream(ctx)
		_ = s.Send(in)
		_ = s.CloseRequest()
		defer s.CloseResponse()
		for {
			if _, err := s.Receive(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
	case "/shop.Shop/Upload":
		s := c.CallClientStream(ctx)
		_ = s.Send(in)
		_, err := s.CloseAndReceive()
		return err
	case "/shop.Shop/Watch":
		s, err := c.CallServerStream(ctx, connect.NewRequest(in))
		if err != nil {
			return err
		}
		defer s.Close()
		for s.Receive() {
		}
		return s.Err()
	}
	_, err := c.CallUnary(ctx, connect.NewRequest(in))
	return err
}

func scrape(m *tacho.Meter) string {
	w := httptest.NewRecorder()
	m.Metrics().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// recorded lists the samples with a prefix that are not 0.
func recorded(m *tacho.Meter, prefix string) string {
	var lines []string
	for line := range strings.Lines(scrape(m)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, prefix) && !strings.HasSuffix(line, " 0") {
			lines = append(lines, strings.NewReplacer(`method="POST",`, "", `"`, "").Replace(strings.TrimPrefix(line, prefix)))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

// expect waits until just these samples are there: a response arrives before its RPC is recorded.
func expect(t *testing.T, m *tacho.Meter, prefix, want string) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for got := ""; got != want; {
		if got = recorded(m, prefix); got != want && time.Now().After(deadline) {
			t.Fatalf("%s is\n%s\nwant\n%s", prefix, got, want)
		}
	}
}

const requests = "http_requests_total"

// TestOutcomes: the status is that of the RPC's code in all protocols, for unary procedures and
// streams, and each RPC counts once, also with Meter.Handler around.
func TestOutcomes(t *testing.T) {
	for name, protocol := range protocols {
		for _, procedure := range procedures {
			t.Run(name+procedure, func(t *testing.T) { testOutcomes(t, procedure, protocol) })
		}
	}
}

func testOutcomes(t *testing.T, procedure string, protocol []connect.ClientOption) {
	for what, c := range map[string]struct {
		code   connect.Code
		status string
	}{
		"ok": {0, "200"}, "none": {connect.CodeNotFound, "404"}, "plain": {connect.CodeUnknown, "500"}, "wait": {connect.CodeDeadlineExceeded, "504"},
		"panic": {connect.CodeAborted, "500"},
	} {
		recovers := connect.WithRecover(func(context.Context, connect.Spec, http.Header, any) error {
			return connect.NewError(connect.CodeAborted, errors.New("panic"))
		})
		if what == "panic" {
			c.status = "409"
		}
		mux := http.NewServeMux()
		s := tachoconnectv1.Use(mux, tacho.Options{OmitRuntime: true})
		mux.Handle(newShop(s, recovers))
		url, client := serve(t, s.Meter.Handler(s.Handler(mux)))
		ctx := t.Context()
		if what == "wait" {
			short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
			defer cancel()
			ctx = short
		}
		if err := call(ctx, client, url, procedure, what, protocol...); err == nil != (c.code == 0) || err != nil && connect.CodeOf(err) != c.code {
			t.Fatalf("%s: the client got %v", what, err)
		}
		want := "{path=" + procedure + ",status=" + c.status + "} 1"
		expect(t, s.Meter, requests, want)
		expect(t, s.Meter, "http_requests_in_flight", "")
	}
}

// TestRefused: what Connect refuses before any interceptor has the status that it sent, in gRPC that
// of the code in the trailers.
func TestRefused(t *testing.T) {
	denied := connect.WithRequestGate(func(ctx context.Context, _ connect.Spec, _ connect.Peer, h http.Header) (context.Context, error) {
		if h.Get("X-Denied") != "" {
			return nil, connect.NewError(connect.CodeUnauthenticated, errors.New("denied"))
		}
		return ctx, nil
	})
	for name, c := range map[string]struct{ contentType, denied, want string }{
		"a bad message, connect":    {"application/json", "", "400"},
		"a bad message, grpc":       {"application/grpc+proto", "", "400"},
		"a bad message, grpcweb":    {"application/grpc-web+proto", "", "400"},
		"denied by a gate, connect": {"application/json", "yes", "401"},
		"denied by a gate, grpc":    {"application/grpc+proto", "yes", "401"},
		"denied by a gate, grpcweb": {"application/grpc-web+proto", "yes", "401"},
		"no protocol":               {"text/plain", "", "415"},
	} {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			s := tachoconnectv1.Use(mux, tacho.Options{OmitRuntime: true})
			mux.Handle(newShop(s, denied))
			url, client := serve(t, s.Handler(mux))
			body := "{"
			if strings.Contains(c.contentType, "grpc") {
				body = "\x00\x00\x00\x00\x02\xff\xff"
			}
			r, _ := http.NewRequest("POST", url+"/shop.Shop/Buy", strings.NewReader(body))
			r.Header.Set("Content-Type", c.contentType)
			r.Header.Set("X-Denied", c.denied)
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			expect(t, s.Meter, requests, "{path=/shop.Shop/Buy,status="+c.want+"} 1")
		})
	}
}

// TestUnknownProcedures: names that the service does not have are one label set, and other paths of
// the mux have its patterns.
func TestUnknownProcedures(t *testing.T) {
	mux := http.NewServeMux()
	s := tachoconnectv1.Use(mux, tacho.Options{OmitRuntime: true})
	mux.Handle(newShop(s))
	mux.HandleFunc("GET /pages/{name}", func(http.ResponseWriter, *http.Request) {})
	url, client := serve(t, s.Handler(mux))
	for i := range 100 {
		_ = call(t.Context(), client, url, fmt.Sprintf("/shop.Shop/No%d", i), "x")
		_ = call(t.Context(), client, url, fmt.Sprintf("/none.%d/Buy", i), "x")
		_ = call(t.Context(), client, url, "/shop.Shop/", "x")
	}
	if resp, err := client.Get(url + "/pages/1"); err == nil {
		resp.Body.Close()
	}
	expect(t, s.Meter, requests, "{method=GET,path=/pages/{name},status=200} 1 {path=unmatched,status=404} 300")
}

// TestUse: the endpoint, procedures at zero, Connect's GET, and health checks, which do not count.
func TestUse(t *testing.T) {
	mux := http.NewServeMux()
	s := tachoconnectv1.Use(mux, tacho.Options{OmitRuntime: true})
	mux.Handle(newShop(s))
	mux.Handle("/grpc.health.v1.Health/", connect.NewUnaryHandler("/grpc.health.v1.Health/Check", func(context.Context, *connect.Request[text]) (*connect.Response[text], error) {
		return connect.NewResponse(new(text)), nil
	}, s))
	url, client := serve(t, s.Handler(mux))
	resp, err := client.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	for _, procedure := range procedures {
		if want := `http_requests_total{method="POST",path="` + procedure + `",status="500"} 0`; !strings.Contains(string(body), want) {
			t.Errorf("no sample %s", want)
		}
	}
	_ = call(t.Context(), client, url, "/shop.Shop/Buy", "x", connect.WithHTTPGet(), connect.WithIdempotency(connect.IdempotencyNoSideEffects))
	_ = call(t.Context(), client, url, "/grpc.health.v1.Health/Check", "x")
	expect(t, s.Meter, requests, "{method=GET,path=/shop.Shop/Buy,status=200} 1")
	if strings.Contains(scrape(s.Meter), "grpc.health") {
		t.Error("health checks are exported")
	}
}

// TestPanic: a panic is a 500 and counts as one; its response is cut off as without tacho.
func TestPanic(t *testing.T) {
	mux := http.NewServeMux()
	s := tachoconnectv1.Use(mux, tacho.Options{OmitRuntime: true})
	mux.Handle(newShop(s))
	url, client := serve(t, s.Handler(mux))
	for _, protocol := range protocols {
		if err := call(t.Context(), client, url, "/shop.Shop/Buy", "panic", protocol...); err == nil {
			t.Error("the panic was swallowed")
		}
	}
	expect(t, s.Meter, requests, "{path=/shop.Shop/Buy,status=500} 3")
	expect(t, s.Meter, "http_request_panics_total", "{path=/shop.Shop/Buy} 3")
}

// TestByHand: the interceptor alone gives Meter.Handler the procedure and the code.
func TestByHand(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	mux := http.NewServeMux()
	mux.Handle(newShop(connect.WithInterceptors(tachoconnectv1.Interceptor(m))))
	url, client := serve(t, m.Handler(mux))
	_ = call(t.Context(), client, url, "/shop.Shop/Buy", "none", connect.WithGRPC())
	_ = call(t.Context(), client, url, "/shop.Shop/Watch", "none")
	expect(t, m, requests, "{path=/shop.Shop/Buy,status=404} 1 {path=/shop.Shop/Watch,status=404} 1")
}

// TestLayers: metrics on procedures, and procedures that are left out, measured or not.
func TestLayers(t *testing.T) {
	for _, measured := range []bool{true, false} {
		m := tacho.MustNew(tacho.Options{OmitRuntime: true})
		bought := m.Counter(tacho.MetricOptions{Name: "bought", Help: "Purchases.", Labels: []tacho.Label{
			{Name: "status", Func: tacho.Request.StatusText}, {Name: "code", Func: tacho.Request.Code},
			{Name: "agent", Func: func(r tacho.Request) string { return r.Header("X-Agent") }}, {Name: "cache", Func: func(r tacho.Request) string { return r.ResponseHeader("X-Cache") }},
		}})
		layers := []connect.HandlerOption{
			tachoconnectv1.Only([]string{"/shop.Shop/Upload"}, tachoconnectv1.ExcludeAll(m)), tachoconnectv1.Only([]string{"/shop.Shop/Chat"}, tachoconnectv1.DoNotTrack(m)),
			tachoconnectv1.Only([]string{"/shop.Shop/Buy", "/shop.Shop/Upload", "/shop.Shop/Chat"}, tachoconnectv1.Track(bought)),
		}
		mux, want := http.NewServeMux(), ""
		var h http.Handler = mux
		if measured {
			s := tachoconnectv1.New(m)
			h, layers = s.Handler(mux), append([]connect.HandlerOption{s}, layers...)
			want = "{path=/shop.Shop/Buy,status=200} 1 {path=/shop.Shop/Buy,status=404} 1 {path=/shop.Shop/Watch,status=200} 1"
		}
		mux.Handle(newShop(layers...))
		url, client := serve(t, h)
		_ = call(t.Context(), client, url, "/shop.Shop/Buy", "none", connect.WithGRPC())
		for _, procedure := range procedures {
			_ = call(t.Context(), client, url, procedure, "x", connect.WithGRPC())
		}
		expect(t, m, "bought_total", "{agent=,cache=,code=NOT_FOUND,status=404} 1 {agent=,cache=,code=OK,status=200} 1 {agent=,cache=hit,code=OK,status=200} 1")
		expect(t, m, requests, want)
	}
}

// TestClient: RPCs that are sent count among the outgoing requests, once each, with their codes.
func TestClient(t *testing.T) {
	for name, protocol := range protocols {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.Handle(newShop())
			url, client := serve(t, mux)
			m := tacho.MustNew(tacho.Options{OmitRuntime: true})
			options := append(protocol[:len(protocol):len(protocol)], connect.WithInterceptors(tachoconnectv1.ClientInterceptor(m, "127.0.0.1")))
			short, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer stop()
			for _, procedure := range procedures {
				_ = call(t.Context(), client, url, procedure, "ok", options...)
				_ = call(t.Context(), client, url, procedure, "none", options...)
			}
			_ = call(short, client, url, "/shop.Shop/Chat", "wait", options...)
			left, leave := context.WithCancel(t.Context())
			s := connect.NewClient[text, text](client, url+"/shop.Shop/Chat", options...).CallBidiStream(left)
			_ = s.Send(wrapperspb.String("wait"))
			expect(t, m, "http_client_requests_in_flight", "{host=127.0.0.1,method=POST} 1")
			leave() // nobody reads the stream any more
			expect(t, m, "http_client_requests_in_flight", "")
			_ = s.CloseRequest() // net/http resets a stream when its body has ended
			_ = s.CloseResponse()
			expect(t, m, "http_client_requests_total", "{host=127.0.0.1,status=200} 4 {host=127.0.0.1,status=404} 4 {host=127.0.0.1,status=canceled} 1 {host=127.0.0.1,status=timeout} 1")
		})
	}
}

// TestAllocations names what measuring an RPC allocates besides the RPC itself: the copy of the
// request through which the interceptor finds its exchange.
func TestAllocations(t *testing.T) {
	buying := func(h http.Handler) func() {
		w, body := httptest.NewRecorder(), strings.NewReader("")
		r := httptest.NewRequest("POST", "/shop.Shop/Buy", body)
		r.Header.Set("Content-Type", "application/json")
		return func() {
			body.Reset(`"x"`)
			w.Body.Reset()
			h.ServeHTTP(w, r)
		}
	}
	bare, measured := http.NewServeMux(), http.NewServeMux()
	bare.Handle(newShop())
	s := tachoconnectv1.Use(measured, tacho.Options{})
	measured.Handle(newShop(s))
	adaptertest.AllocationsUpTo(t, "Buy", 3, buying(bare), buying(s.Handler(measured)))
}
