package tachoconnect_test

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

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/adaptertest"
	"github.com/tacho-go/tacho/adapter/tachoconnect"
)

// specs are the procedures of a service whose messages say what it is to do.
var specs = map[string]connect.Spec{
	"/shop.Shop/Buy":    {Procedure: "/shop.Shop/Buy", IdempotencyLevel: connect.IdempotencyNoSideEffects},
	"/shop.Shop/Chat":   {Procedure: "/shop.Shop/Chat", StreamType: connect.StreamTypeBidi},
	"/shop.Shop/Upload": {Procedure: "/shop.Shop/Upload", StreamType: connect.StreamTypeClient},
	"/shop.Shop/Watch":  {Procedure: "/shop.Shop/Watch", StreamType: connect.StreamTypeServer},
}

func newShop(interceptors ...connect.ServerInterceptor) *connect.Server {
	server := connect.NewServer(interceptors...)
	for _, spec := range specs {
		server.Register(connect.Method{Spec: spec, Handler: act})
	}
	return server
}

func act(ctx context.Context, _ connect.Spec, stream connect.ServerStream) error {
	in := new(wrapperspb.StringValue)
	if err := stream.Receive(in); err != nil {
		return err
	}
	switch in.Value {
	case "none":
		return connect.NewError(connect.CodeNotFound, "none")
	case "late": // after a message
		if err := stream.Send(in); err != nil {
			return err
		}
		return connect.NewError(connect.CodeUnavailable, "late")
	case "plain":
		return io.ErrUnexpectedEOF
	case "remote":
		return connect.NewError(connect.CodeNotFound, "elsewhere").WithRemote()
	case "panic":
		panic("tachoconnect: on purpose")
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	case "ignore":
		<-ctx.Done()
	}
	return stream.Send(in)
}

var quiet = log.New(io.Discard, "", 0)

// protocols are the three that a server speaks.
var protocols = map[string][]connecthttp.Option{"connect": nil, "grpc": {connecthttp.WithGRPC()}, "grpcweb": {connecthttp.WithGRPCWeb()}}

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
func call(ctx context.Context, client *connect.Client, procedure, what string) error {
	spec := specs[procedure]
	spec.Procedure = procedure
	in, out := wrapperspb.String(what), new(wrapperspb.StringValue)
	if spec.StreamType == connect.StreamTypeUnary {
		return client.CallUnary(ctx, spec, in, out)
	}
	s, err := client.CallClientStream(ctx, spec)
	if err != nil {
		return err
	}
	defer s.Close()
	_ = s.Send(in)
	_ = s.CloseSend()
	for err == nil {
		err = s.Receive(out)
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
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
		for _, procedure := range []string{"/shop.Shop/Buy", "/shop.Shop/Chat", "/shop.Shop/Upload", "/shop.Shop/Watch"} {
			t.Run(name+procedure, func(t *testing.T) { testOutcomes(t, procedure, protocol) })
		}
	}
}

func testOutcomes(t *testing.T, procedure string, protocol []connecthttp.Option) {
	for what, c := range map[string]struct {
		code   connect.Code
		status string
	}{
		"ok": {0, "200"}, "none": {connect.CodeNotFound, "404"}, "late": {connect.CodeUnavailable, "503"}, "plain": {connect.CodeUnknown, "500"},
		"remote": {connect.CodeInternal, "500"}, "wait": {connect.CodeDeadlineExceeded, "504"},
	} {
		if what == "late" && specs[procedure].StreamType == connect.StreamTypeUnary {
			continue // its handlers return before they send
		}
		mux := http.NewServeMux()
		m := tachoconnect.Use(mux, newShop(), tacho.Options{OmitRuntime: true})
		url, httpClient := serve(t, m.Handler(mux))
		client := connect.NewClient(connecthttp.NewTransport(httpClient, url, protocol...))
		ctx := t.Context()
		if what == "wait" {
			short, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
			defer cancel()
			ctx = short
		}
		err := call(ctx, client, procedure, what)
		if got := connect.CodeOf(err); err == nil != (c.code == 0) || err != nil && got != c.code {
			t.Fatalf("%s: the client got %v", what, err)
		}
		want := "{path=" + procedure + ",status=" + c.status + "} 1"
		expect(t, m, requests, want)
		expect(t, m, "http_requests_in_flight", "")
	}
}

// TestRefused: what Connect refuses before any interceptor has the status that it sent, in gRPC that
// of the code in the trailers.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		contentType, timeout string
		want                 string
	}{
		"connect": {"application/json", "nonsense", "400"},
		"grpc":    {"application/grpc+proto", "nonsense", "400"},
		"grpcweb": {"application/grpc-web+proto", "nonsense", "400"},
		"none":    {"text/plain", "", "415"},
	} {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			m := tachoconnect.Use(mux, newShop(), tacho.Options{OmitRuntime: true})
			url, client := serve(t, mux)
			r, _ := http.NewRequest("POST", url+"/shop.Shop/Buy", strings.NewReader("{"))
			r.Header.Set("Content-Type", c.contentType)
			r.Header.Set("Connect-Timeout-Ms", c.timeout)
			r.Header.Set("Grpc-Timeout", c.timeout)
			resp, err := client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			expect(t, m, requests, "{path=/shop.Shop/Buy,status="+c.want+"} 1")
		})
	}
}

// TestUnknownProcedures: names that the service does not have are one label set.
func TestUnknownProcedures(t *testing.T) {
	proxy := func(_ context.Context, _ connect.Spec, stream connect.ServerStream) error {
		return stream.Send(wrapperspb.String("from elsewhere"))
	}
	for name, c := range map[string]struct {
		handler connect.ServerFunc
		want    string
	}{
		"refused":  {nil, "{path=unmatched,status=404} 100 {path=unmatched,status=501} 100"},
		"answered": {proxy, "{path=unmatched,status=200} 100 {path=unmatched,status=404} 100"},
	} {
		t.Run(name, func(t *testing.T) {
			server := newShop()
			server.SetUnknownHandler(c.handler)
			mux := http.NewServeMux()
			m := tachoconnect.Use(mux, server, tacho.Options{OmitRuntime: true})
			url, httpClient := serve(t, m.Handler(mux))
			client := connect.NewClient(connecthttp.NewTransport(httpClient, url))
			for i := range 100 {
				_ = call(t.Context(), client, fmt.Sprintf("/shop.Shop/No%d", i), "x")
				_ = call(t.Context(), client, fmt.Sprintf("/none.%d/Buy", i), "x")
			}
			expect(t, m, requests, c.want)
		})
	}
}

// TestUse: one call does everything; GET counts as such, and health checks do not.
func TestUse(t *testing.T) {
	server := newShop()
	server.Register(connect.Method{Spec: connect.Spec{Procedure: "/grpc.health.v1.Health/Check"}, Handler: act})
	mux := http.NewServeMux()
	m := tachoconnect.Use(mux, server, tacho.Options{OmitRuntime: true})
	url, httpClient := serve(t, mux)
	resp, err := httpClient.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	for _, want := range []string{`http_requests_total{method="POST",path="/shop.Shop/Watch",status="500"} 0`, `path="/shop.Shop/Buy",status="200"} 0`} {
		if !strings.Contains(string(body), want) {
			t.Errorf("no sample %s", want)
		}
	}
	client := connect.NewClient(connecthttp.NewTransport(httpClient, url, connecthttp.WithHTTPGet()))
	_ = call(t.Context(), client, "/shop.Shop/Buy", "x")
	_ = call(t.Context(), client, "/grpc.health.v1.Health/Check", "x")
	expect(t, m, requests, "{method=GET,path=/shop.Shop/Buy,status=200} 1")
	if strings.Contains(scrape(m), "grpc.health") {
		t.Error("health checks are exported")
	}
}

// TestPanic: a panic is a 500 and counts as one; its response is cut off as without tacho.
func TestPanic(t *testing.T) {
	mux := http.NewServeMux()
	m := tachoconnect.Use(mux, newShop(), tacho.Options{OmitRuntime: true})
	url, httpClient := serve(t, mux)
	for _, protocol := range protocols {
		client := connect.NewClient(connecthttp.NewTransport(httpClient, url, protocol...))
		if err := call(t.Context(), client, "/shop.Shop/Buy", "panic"); err == nil {
			t.Error("the panic was swallowed")
		}
	}
	expect(t, m, requests, "{path=/shop.Shop/Buy,status=500} 3")
	expect(t, m, "http_request_panics_total", "{path=/shop.Shop/Buy} 3")
}

// TestLayers: metrics on procedures, and procedures that are left out, measured or not.
func TestLayers(t *testing.T) {
	for _, measured := range []bool{true, false} {
		m := tacho.MustNew(tacho.Options{OmitRuntime: true})
		labels := []tacho.Label{{Name: "status", Func: tacho.Request.StatusText}, {Name: "code", Func: tacho.Request.Code},
			{Name: "tier", Func: func(r tacho.Request) string { return r.Header("X-Tier") }}}
		bought := m.Counter(tacho.MetricOptions{Name: "bought", Help: "Purchases.", Labels: labels})
		server := newShop(tachoconnect.Only(tachoconnect.ExcludeAll(m), "/shop.Shop/Upload"), tachoconnect.Only(tachoconnect.DoNotTrack(m), "/shop.Shop/Chat"),
			tachoconnect.Only(tachoconnect.Track(bought), "/shop.Shop/Buy", "/shop.Shop/Upload", "/shop.Shop/Chat"))
		mux, want := http.NewServeMux(), ""
		if measured {
			tachoconnect.Mount(m, mux, server)
			want = "{path=/shop.Shop/Buy,status=404} 1 {path=/shop.Shop/Watch,status=200} 1"
		} else {
			connecthttp.Mount(mux, server)
		}
		url, httpClient := serve(t, mux)
		client := connect.NewClient(connecthttp.NewTransport(httpClient, url, connecthttp.WithGRPC()))
		ctx, info := connect.NewClientContext(t.Context())
		info.RequestHeader().Set("X-Tier", "gold")
		_ = call(ctx, client, "/shop.Shop/Buy", "none")
		for _, procedure := range []string{"/shop.Shop/Chat", "/shop.Shop/Upload", "/shop.Shop/Watch"} {
			_ = call(t.Context(), client, procedure, "x")
		}
		expect(t, m, "bought_total", "{code=NOT_FOUND,status=404,tier=gold} 1 {code=OK,status=200,tier=} 1")
		expect(t, m, requests, want)
	}
}

// TestClient: RPCs that are sent count among the outgoing requests, once each, with their codes.
func TestClient(t *testing.T) {
	for name, protocol := range protocols {
		t.Run(name, func(t *testing.T) {
			mux := http.NewServeMux()
			connecthttp.Mount(mux, newShop())
			url, httpClient := serve(t, mux)
			m := tacho.MustNew(tacho.Options{OmitRuntime: true})
			client := connect.NewClient(connecthttp.NewTransport(httpClient, url, protocol...), tachoconnect.ClientInterceptor(m, url))
			short, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer stop()
			_ = call(t.Context(), client, "/shop.Shop/Buy", "ok")
			_ = call(t.Context(), client, "/shop.Shop/Buy", "none")
			_ = call(t.Context(), client, "/shop.Shop/Watch", "late")
			_ = call(short, client, "/shop.Shop/Chat", "wait")
			s, err := client.CallClientStream(t.Context(), specs["/shop.Shop/Chat"])
			if err != nil {
				t.Fatal(err)
			}
			host := "{host=" + strings.TrimPrefix(url, "http://")
			expect(t, m, "http_client_requests_in_flight", host+",method=POST} 1")
			_ = s.Close()
			left, leave := context.WithCancel(t.Context())
			if _, err = client.CallClientStream(left, specs["/shop.Shop/Chat"]); err != nil {
				t.Fatal(err)
			}
			leave() // nobody reads the stream any more
			expect(t, m, "http_client_requests_in_flight", "")
			expect(t, m, "http_client_requests_total", host+",status=200} 1 "+host+",status=404} 1 "+host+",status=503} 1 "+host+",status=canceled} 2 "+host+",status=timeout} 1")
		})
	}
}

// TestAllocations names what measuring an RPC allocates besides the RPC itself: two contexts of the
// outer connect.Server, and the copy of the request through which the interceptor finds its
// exchange.
func TestAllocations(t *testing.T) {
	buying := func(mux *http.ServeMux) func() {
		w, body := httptest.NewRecorder(), strings.NewReader("")
		r := httptest.NewRequest("POST", "/shop.Shop/Buy", body)
		r.Header.Set("Content-Type", "application/json")
		return func() {
			body.Reset(`"x"`)
			w.Body.Reset()
			mux.ServeHTTP(w, r)
		}
	}
	bare, measured := http.NewServeMux(), http.NewServeMux()
	connecthttp.Mount(bare, newShop())
	tachoconnect.Use(measured, newShop(), tacho.Options{})
	adaptertest.AllocationsUpTo(t, "Buy", 4, buying(bare), buying(measured))
}
