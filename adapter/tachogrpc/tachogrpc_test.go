package tachogrpc_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter/tachogrpc"
)

// shop is a service whose messages say what it is to do.
var shop = grpc.ServiceDesc{
	ServiceName: "shop.Shop", HandlerType: (*any)(nil),
	Methods: []grpc.MethodDesc{{MethodName: "Buy", Handler: buy}, {MethodName: "Sell", Handler: buy}},
	Streams: []grpc.StreamDesc{
		{StreamName: "Chat", Handler: chat, ClientStreams: true, ServerStreams: true},
		{StreamName: "Upload", Handler: chat, ClientStreams: true},
		{StreamName: "Watch", Handler: chat, ServerStreams: true},
	},
}

func buy(srv any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
	in := new(wrapperspb.StringValue)
	if err := decode(in); err != nil {
		return nil, err
	}
	serve := func(ctx context.Context, in any) (any, error) {
		out, err := act(ctx, in.(*wrapperspb.StringValue).Value)
		return wrapperspb.String(out), err
	}
	if interceptor == nil {
		return serve(ctx, in)
	}
	return interceptor(ctx, in, &grpc.UnaryServerInfo{Server: srv, FullMethod: "/shop.Shop/Buy"}, serve)
}

// chat answers one message.
func chat(_ any, s grpc.ServerStream) error {
	in := new(wrapperspb.StringValue)
	if err := s.RecvMsg(in); err != nil {
		return nil //nolint:nilerr // a handler that ignores what gRPC has told the client already
	}
	out, err := act(s.Context(), in.Value)
	if err != nil {
		return err
	}
	if out == "silent" {
		return nil
	}
	return s.SendMsg(wrapperspb.String(out))
}

// clientLeft has the channel that is closed once the client of an RPC "late" has its answer: its deadline and
// the server's are two clocks, and an answer between them would be a success.
var clientLeft atomic.Value

func act(ctx context.Context, what string) (string, error) {
	switch what {
	case "none":
		return "", status.Error(codes.NotFound, "none")
	case "plain":
		return "", io.ErrUnexpectedEOF
	case "odd":
		return "", status.Error(99, "odd")
	case "panic":
		panic("tachogrpc: on purpose")
	case "wait":
		<-ctx.Done()
		return "", ctx.Err()
	case "ignore":
		<-ctx.Done()
		return "late", nil
	case "late":
		<-ctx.Done()
		<-clientLeft.Load().(chan struct{})
		return "late", nil
	case "silent":
		<-ctx.Done()
	case "large":
		return strings.Repeat("x", 5000), nil
	case "header":
		_ = grpc.SetHeader(ctx, metadata.Pairs("x-cache", "hit"))
		_ = grpc.SetTrailer(ctx, metadata.Pairs("x-part", "last"))
	}
	return what, nil
}

// serve serves the shop, and returns a connection to it.
func serve(t *testing.T, srv *grpc.Server, registrar grpc.ServiceRegistrar, dial ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	if registrar != nil {
		registrar.RegisterService(&shop, struct{}{})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = srv.Serve(listener) }()
	t.Cleanup(srv.Stop)
	return connect(t, listener.Addr().String(), dial...)
}

func connect(t *testing.T, target string, dial ...grpc.DialOption) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(target, append(dial, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func invoke(ctx context.Context, conn *grpc.ClientConn, method, what string, opts ...grpc.CallOption) (string, error) {
	out := new(wrapperspb.StringValue)
	err := conn.Invoke(ctx, method, wrapperspb.String(what), out, opts...)
	return out.Value, err
}

// stream opens a stream, sends one message, and reads to the end.
func stream(ctx context.Context, conn *grpc.ClientConn, method, what string, opts ...grpc.CallOption) error {
	desc := grpc.StreamDesc{ClientStreams: true, ServerStreams: true}
	for _, d := range shop.Streams {
		if strings.HasSuffix(method, "/"+d.StreamName) {
			desc = d
		}
	}
	s, err := conn.NewStream(ctx, &desc, method, opts...)
	if err != nil {
		return err
	}
	_ = s.SendMsg(wrapperspb.String(what))
	_ = s.CloseSend()
	for err == nil {
		err = s.RecvMsg(new(wrapperspb.StringValue))
	}
	if err == io.EOF {
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
			lines = append(lines, strings.NewReplacer(`method="POST",`, "", `grpc_`, "", `"`, "").Replace(strings.TrimPrefix(line, prefix)))
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

// TestFamilies: for the same RPCs, the grpc_* families are those of the real library, which
// testdata/peer has printed: all names, texts, types, labels, buckets and counts.
func TestFamilies(t *testing.T) {
	only := shop
	only.Methods = only.Methods[:1]
	srv := tachogrpc.NewServer(tacho.Options{})
	srv.RegisterService(&only, struct{}{})
	conn := serve(t, srv.Server, nil, tachogrpc.DialOptions(srv.Meter, tachogrpc.Options{})...)
	_, _ = invoke(t.Context(), conn, "/shop.Shop/Buy", "book")
	_, _ = invoke(t.Context(), conn, "/shop.Shop/Buy", "none")
	for _, d := range only.Streams {
		if err := stream(t.Context(), conn, "/shop.Shop/"+d.StreamName, "book"); err != nil {
			t.Fatal(err)
		}
	}
	srv.GracefulStop()
	file, err := os.ReadFile("testdata/go-grpc-middleware.prom")
	if err != nil {
		t.Fatal(err)
	}
	got, want := comparable(scrape(srv.Meter)), comparable(string(file))
	for _, line := range want {
		if !slices.Contains(got, line) {
			t.Errorf("missing: %s", line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			t.Errorf("the library does not have: %s", line)
		}
	}
	if len(want) < 200 || len(got) != len(want) {
		t.Errorf("%d lines, the library has %d", len(got), len(want))
	}
}

// comparable returns the lines of the grpc_* families without what depends on time.
func comparable(text string) (lines []string) {
	timed := regexp.MustCompile(`(_sum\{.*\}|_bucket\{.*le="[^+]*".*\}) .*`)
	for line := range strings.Lines(text) {
		if strings.Contains(line, "grpc_") && !strings.HasPrefix(line, requests) {
			lines = append(lines, timed.ReplaceAllString(strings.TrimSpace(line), "$1"))
		}
	}
	return lines
}

// TestOutcomes: the status and the code are those that the client got, whoever has decided on them.
func TestOutcomes(t *testing.T) {
	soon := func(t *testing.T) context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	leaves := func(t *testing.T) context.Context {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(30*time.Millisecond, cancel)
		return ctx
	}
	unary := func(what string, opts ...grpc.CallOption) func(context.Context, *grpc.ClientConn) error {
		return func(ctx context.Context, conn *grpc.ClientConn) error {
			_, err := invoke(ctx, conn, "/shop.Shop/Buy", what, opts...)
			return err
		}
	}
	chats := func(what string, opts ...grpc.CallOption) func(context.Context, *grpc.ClientConn) error {
		return func(ctx context.Context, conn *grpc.ClientConn) error {
			return stream(ctx, conn, "/shop.Shop/Chat", what, opts...)
		}
	}
	long := strings.Repeat("x", 2000)
	compressed := grpc.ForceCodec(nonsense{})
	for name, c := range map[string]struct {
		ctx        func(*testing.T) context.Context
		call       func(context.Context, *grpc.ClientConn) error
		code       codes.Code // that the client gets
		want, kind string     // the status, and the label values of the families
	}{
		"an error":                     {call: unary("none"), code: codes.NotFound, want: "/shop.Shop/Buy,status=404"},
		"an error of another kind":     {call: unary("plain"), code: codes.Unknown, want: "/shop.Shop/Buy,status=500"},
		"a message that is too large":  {call: unary(long), code: codes.ResourceExhausted, want: "/shop.Shop/Buy,status=429"},
		"a reply that is too large":    {call: unary("large"), code: codes.ResourceExhausted, want: "/shop.Shop/Buy,status=429"},
		"a bad message":                {call: unary("x", compressed), code: codes.Internal, want: "/shop.Shop/Buy,status=500"},
		"canceled":                     {ctx: leaves, call: unary("wait"), code: codes.Canceled, want: "/shop.Shop/Buy,status=499"},
		"canceled, and ignored":        {ctx: leaves, call: unary("ignore"), code: codes.Canceled, want: "/shop.Shop/Buy,status=499"},
		"a stream's error":             {call: chats("none"), code: codes.NotFound, want: "/shop.Shop/Chat,status=404"},
		"a stream's too large message": {call: chats(long), code: codes.ResourceExhausted, want: "/shop.Shop/Chat,status=429"},
		"a stream's too large reply":   {call: chats("large"), code: codes.ResourceExhausted, want: "/shop.Shop/Chat,status=429"},
		"a stream's bad message":       {call: chats("x", compressed), code: codes.Internal, want: "/shop.Shop/Chat,status=500"},
		"a stream that says nothing":   {ctx: leaves, call: chats("silent"), code: codes.Canceled, want: "/shop.Shop/Chat,status=499"},
		"a stream that is canceled":    {ctx: leaves, call: chats("ignore"), code: codes.Canceled, want: "/shop.Shop/Chat,status=499"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := tachogrpc.NewServer(tacho.Options{OmitRuntime: true}, grpc.MaxRecvMsgSize(1000), grpc.MaxSendMsgSize(1000))
			conn := serve(t, srv.Server, srv)
			ctx := t.Context()
			if c.ctx != nil {
				ctx = c.ctx(t)
			}
			if err := c.call(ctx, conn); status.Code(err) != c.code {
				t.Fatalf("the client got %v", err)
			}
			expect(t, srv.Meter, requests, "{path="+c.want+"} 1")
			expect(t, srv.Meter, "http_requests_in_flight", "")
			kind, method := "unary", "Buy"
			if strings.Contains(c.want, "Chat") {
				kind, method = "bidi_stream", "Chat"
			}
			expect(t, srv.Meter, "grpc_server_handled_total", fmt.Sprintf("{code=%s,method=%s,service=shop.Shop,type=%s} 1", c.code, method, kind))
			expect(t, srv.Meter, "grpc_server_started_total", fmt.Sprintf("{method=%s,service=shop.Shop,type=%s} 1", method, kind))
		})
	}
	// The client resets its RPC when its deadline has passed, and the server has one of its own, a
	// moment later: whichever the server sees first, it is the deadline.
	for i := range 20 {
		what := []string{"wait", "late"}[i%2]
		srv := tachogrpc.NewServer(tacho.Options{OmitRuntime: true})
		conn := serve(t, srv.Server, srv)
		left := make(chan struct{})
		clientLeft.Store(left)
		_, err := invoke(soon(t), conn, "/shop.Shop/Buy", what)
		close(left)
		if status.Code(err) != codes.DeadlineExceeded {
			t.Fatalf("the client got %v", err)
		}
		expect(t, srv.Meter, requests, "{path=/shop.Shop/Buy,status=504} 1")
		expect(t, srv.Meter, "grpc_server_handled_total", "{code=DeadlineExceeded,method=Buy,service=shop.Shop,type=unary} 1")
	}
}

// nonsense is a codec whose messages are none.
type nonsense struct{}

func (nonsense) Marshal(any) ([]byte, error) { return []byte{0xff, 0xff, 0xff}, nil }
func (nonsense) Unmarshal([]byte, any) error { return nil }
func (nonsense) Name() string                { return "proto" }

// TestPanics: a panic is a 500, counts as one, and is left to the interceptor that recovers it.
func TestPanics(t *testing.T) {
	for name, c := range map[string]struct {
		recovery []grpc.ServerOption
		panics   string
	}{
		"outside": {[]grpc.ServerOption{grpc.UnaryInterceptor(recoverUnary), grpc.StreamInterceptor(recoverStream)}, "{path=/shop.Shop/Buy} 1 {path=/shop.Shop/Chat} 1"},
		"inside":  {[]grpc.ServerOption{grpc.ChainUnaryInterceptor(recoverUnary), grpc.ChainStreamInterceptor(recoverStream)}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			srv := tachogrpc.NewServer(tacho.Options{OmitRuntime: true}, c.recovery...)
			conn := serve(t, srv.Server, srv)
			_, err := invoke(t.Context(), conn, "/shop.Shop/Buy", "panic")
			if err2 := stream(t.Context(), conn, "/shop.Shop/Chat", "panic"); status.Code(err) != codes.Internal || status.Code(err2) != codes.Internal {
				t.Fatalf("the client got %v and %v", err, err2)
			}
			expect(t, srv.Meter, requests, "{path=/shop.Shop/Buy,status=500} 1 {path=/shop.Shop/Chat,status=500} 1")
			expect(t, srv.Meter, "http_request_panics_total", c.panics)
		})
	}
}

// TestPanicEndsProcess: a panic that nothing recovers ends the process as without tacho, and what
// the process shares with others has it.
func TestPanicEndsProcess(t *testing.T) {
	const variable = "TACHOGRPC_TEST_DIR"
	if dir := os.Getenv(variable); dir != "" {
		srv := tachogrpc.NewServer(tacho.Options{OmitRuntime: true, Multiproc: tacho.Multiproc{Dir: dir}})
		conn := serve(t, srv.Server, srv)
		_, _ = invoke(t.Context(), conn, "/shop.Shop/Buy", "panic")
		time.Sleep(time.Minute)
		return
	}
	dir := t.TempDir()
	m := tacho.MustNew(tacho.Options{OmitRuntime: true, Multiproc: tacho.Multiproc{Dir: dir}})
	child := exec.Command(os.Args[0], "-test.run=^TestPanicEndsProcess$")
	child.Env = append(os.Environ(), variable+"="+dir)
	out, err := child.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "panic: tachogrpc: on purpose") {
		t.Fatalf("the child ended with %v:\n%s", err, out)
	}
	expect(t, m, requests, "{path=/shop.Shop/Buy,status=500} 1")
	expect(t, m, "http_request_panics_total", "{path=/shop.Shop/Buy} 1")
}

// TestUnknownMethods: names that no service has are one label set, also where a handler for unknown
// services answers them.
func TestUnknownMethods(t *testing.T) {
	proxy := grpc.UnknownServiceHandler(func(_ any, s grpc.ServerStream) error {
		_ = s.RecvMsg(new(wrapperspb.StringValue))
		return s.SendMsg(wrapperspb.String("from elsewhere"))
	})
	for name, c := range map[string]struct {
		options  []grpc.ServerOption
		want     string
		families string
	}{
		"refused":  {nil, "{path=unmatched,status=501} 300", ""},
		"answered": {[]grpc.ServerOption{proxy}, "{path=unmatched,status=200} 300", "{code=OK,method=unmatched,service=unmatched,type=bidi_stream} 300"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := tachogrpc.NewServer(tacho.Options{OmitRuntime: true}, c.options...)
			conn := serve(t, srv.Server, srv)
			for i := range 100 {
				for _, method := range []string{"/shop.Shop/No%d", "/none.%d/Buy", "/shop.Shop/\xff\xfe%d"} {
					_ = stream(t.Context(), conn, fmt.Sprintf(method, i), "x")
				}
			}
			expect(t, srv.Meter, requests, c.want)
			expect(t, srv.Meter, "http_requests_in_flight", "")
			expect(t, srv.Meter, "grpc_server_handled_total", c.families)
		})
	}
}

// TestByHand: options for a server that is made elsewhere, twice by mistake; streams are known by
// their services even if nothing was expected, and unknown ones are not.
func TestByHand(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	o := tachogrpc.Options{OmitGRPC: true}
	options := append(tachogrpc.ServerOptions(m, o), tachogrpc.ServerOptions(m, o)...)
	srv := grpc.NewServer(append(options, grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return nil }))...)
	conn := serve(t, srv, srv)
	_, _ = invoke(t.Context(), conn, "/shop.Shop/Buy", "x")
	_ = stream(t.Context(), conn, "/shop.Shop/Chat", "x")
	_ = stream(t.Context(), conn, "/shop.Shop/None", "x")
	expect(t, m, requests, "{path=/shop.Shop/Buy,status=200} 1 {path=/shop.Shop/Chat,status=200} 1 {path=unmatched,status=200} 1")
	if strings.Contains(scrape(m), "grpc_") {
		t.Error("OmitGRPC leaves grpc_* metrics")
	}
	tachogrpc.Expect(m, o, srv)
	for _, want := range []string{`path="/shop.Shop/Watch",status="200"} 0`, `path="/shop.Shop/Sell",status="500"} 0`} {
		if !strings.Contains(scrape(m), want) {
			t.Errorf("no sample %s", want)
		}
	}
}

// TestAtZero: methods are exported as soon as their service is registered; health checks and
// reflection are neither exported nor recorded, unless Options.Exclude says so.
func TestAtZero(t *testing.T) {
	for name, c := range map[string]struct {
		exclude []string
		want    string
	}{
		"default":  {nil, ""},
		"included": {[]string{}, "{path=/grpc.health.v1.Health/Check,status=200} 1"},
	} {
		t.Run(name, func(t *testing.T) {
			srv := tachogrpc.NewServer(tacho.Options{OmitRuntime: true, Exclude: tacho.Exclude{Paths: c.exclude}})
			healthpb.RegisterHealthServer(srv, health.NewServer())
			reflection.Register(srv)
			conn := serve(t, srv.Server, srv)
			for _, want := range []string{`http_requests_total{method="POST",path="/shop.Shop/Watch",status="500"} 0`,
				`grpc_server_handled_total{grpc_code="DataLoss",grpc_method="Buy",grpc_service="shop.Shop",grpc_type="unary"} 0`} {
				if !strings.Contains(scrape(srv.Meter), want+"\n") {
					t.Errorf("no sample %s", want)
				}
			}
			if _, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
				t.Fatal(err)
			}
			expect(t, srv.Meter, requests, c.want)
			if got := strings.Contains(scrape(srv.Meter), `grpc_service="grpc.`); got != (c.want != "") {
				t.Errorf("the grpc_* families have health checks: %v\n%s", got, scrape(srv.Meter))
			}
		})
	}
}

// TestLabels: labels read the metadata of both sides, and the code.
func TestLabels(t *testing.T) {
	header := func(name string) func(tacho.Request) string {
		return func(r tacho.Request) string { return r.Header(name) + r.ResponseHeader(name) }
	}
	srv := tachogrpc.NewServer(tacho.Options{OmitRuntime: true, Status: tacho.Status{Initial: []int{}}, Labels: []tacho.Label{
		{Name: "code", Func: tacho.Request.Code}, {Name: "tier", Func: header("X-Tier")}, {Name: "cache", Func: header("X-Cache")}, {Name: "part", Func: header("X-Part")},
		{Name: "user", Func: func(r tacho.Request) string { user, _ := r.Context().Value(userKey{}).(string); return user }},
	}}, grpc.ChainUnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		return next(ctx, req)
	}), grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
		return next(context.WithValue(ctx, userKey{}, "ann"), req)
	}))
	conn := serve(t, srv.Server, srv)
	_, _ = invoke(metadata.AppendToOutgoingContext(t.Context(), "X-Tier", "gold"), conn, "/shop.Shop/Buy", "header")
	_, _ = invoke(t.Context(), conn, "/shop.Shop/Buy", "none")
	expect(t, srv.Meter, requests, "{cache=,code=NOT_FOUND,part=,path=/shop.Shop/Buy,status=404,tier=,user=ann} 1 {cache=hit,code=OK,part=last,path=/shop.Shop/Buy,status=200,tier=gold,user=ann} 1")
}

type userKey struct{}

// TestOn: metrics on single methods of a service, and methods that are left out, measured or not.
func TestOn(t *testing.T) {
	for _, measured := range []bool{true, false} {
		m := tacho.MustNew(tacho.Options{OmitRuntime: true})
		statuses := []tacho.Label{{Name: "status", Func: tacho.Request.StatusText}, {Name: "code", Func: tacho.Request.Code}}
		bought := m.Counter(tacho.MetricOptions{Name: "bought", Help: "Purchases.", Labels: statuses})
		all := m.Counter(tacho.MetricOptions{Name: "calls", Help: "RPCs.", Labels: statuses})
		srv, want := grpc.NewServer(), ""
		if measured {
			srv, want = grpc.NewServer(tachogrpc.ServerOptions(m, tachogrpc.Options{})...), "{path=/shop.Shop/Buy,status=404} 1 {path=/shop.Shop/Watch,status=200} 1"
		}
		conn := serve(t, srv, tachogrpc.On(srv, tachogrpc.ExcludeAll(m).Only("Upload"), tachogrpc.DoNotTrack(m).Only("Chat", "Sell"),
			tachogrpc.Track(all), tachogrpc.Track(bought).Only("Buy")))
		_, _ = invoke(t.Context(), conn, "/shop.Shop/Buy", "none")
		_, _ = invoke(t.Context(), conn, "/shop.Shop/Sell", "x")
		for _, method := range []string{"Chat", "Upload", "Watch"} {
			_ = stream(t.Context(), conn, "/shop.Shop/"+method, "x")
		}
		expect(t, m, "bought_total", "{code=NOT_FOUND,status=404} 1")
		expect(t, m, "calls_total", "{code=NOT_FOUND,status=404} 1 {code=OK,status=200} 3")
		expect(t, m, requests, want)
	}
}

// TestInHandler: behind Meter.Handler on net/http, an RPC counts once, with its own code.
func TestInHandler(t *testing.T) {
	srv := tachogrpc.NewServer(tacho.Options{OmitRuntime: true})
	srv.RegisterService(&shop, struct{}{})
	server := httptest.NewUnstartedServer(srv.Meter.Handler(srv))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	defer server.Close()
	conn := connect(t, server.Listener.Addr().String())
	for range 20 {
		_, _ = invoke(t.Context(), conn, "/shop.Shop/Buy", "x")
		_, _ = invoke(t.Context(), conn, "/shop.Shop/Buy", "none")
		_ = stream(t.Context(), conn, "/shop.Shop/Watch", "none")
		_ = stream(t.Context(), conn, "/shop.Shop/None", "x")
	}
	expect(t, srv.Meter, requests, "{path=/shop.Shop/Buy,status=200} 20 {path=/shop.Shop/Buy,status=404} 20 {path=/shop.Shop/Watch,status=404} 20 {path=unmatched,status=501} 20")
	expect(t, srv.Meter, "http_requests_in_flight", "")
	expect(t, srv.Meter, "grpc_server_msg_received_total", "{method=Buy,service=shop.Shop,type=unary} 40 {method=Watch,service=shop.Shop,type=server_stream} 20")
}

// TestClient: RPCs that are sent count among the outgoing requests, once each, and in the families.
func TestClient(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	srv := grpc.NewServer()
	srv.RegisterService(&shop, struct{}{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = srv.Serve(listener) }()
	defer srv.Stop()
	conn := connect(t, listener.Addr().String(), tachogrpc.DialOptions(m, tachogrpc.Options{Hosts: []string{"127.0.0.1"}})...)
	canceled, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	short, stop := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer stop()
	_, _ = invoke(t.Context(), conn, "/shop.Shop/Buy", "x")
	_, _ = invoke(t.Context(), conn, "/shop.Shop/Buy", "none")
	_, _ = invoke(short, conn, "/shop.Shop/Buy", "wait")
	_ = stream(canceled, conn, "/shop.Shop/Chat", "wait")
	expect(t, m, "http_client_requests_total", "{host=127.0.0.1,status=200} 1 {host=127.0.0.1,status=404} 1 {host=127.0.0.1,status=canceled} 1 {host=127.0.0.1,status=timeout} 1")
	expect(t, m, "grpc_client_handled_total", "{code=Canceled,method=Chat,service=shop.Shop,type=bidi_stream} 1 {code=DeadlineExceeded,method=Buy,service=shop.Shop,type=unary} 1 "+
		"{code=NotFound,method=Buy,service=shop.Shop,type=unary} 1 {code=OK,method=Buy,service=shop.Shop,type=unary} 1")
	left, leave := context.WithCancel(t.Context())
	s, err := conn.NewStream(left, &shop.Streams[0], "/shop.Shop/Chat")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, m, "http_client_requests_in_flight", "{host=127.0.0.1,method=POST} 1")
	leave() // nobody reads the stream any more
	expect(t, m, "http_client_requests_in_flight", "")
	_ = s
	nobody := connect(t, "127.0.0.1:1", tachogrpc.DialOptions(m, tachogrpc.Options{})...)
	_, _ = invoke(t.Context(), nobody, "/shop.Shop/Buy", "x")
	if got := recorded(m, "http_client_requests_total"); !strings.Contains(got, "{host=other,status=503} 1") {
		t.Errorf("nobody listens: recorded %s", got)
	}
}

// TestTaken: a registry with the families of the other library is refused with what to do.
func TestTaken(t *testing.T) {
	m := tacho.MustNew(tacho.Options{})
	if _, err := tacho.NewCounter[struct{}](m, tacho.MetricOptions{Name: "grpc_server_started", Help: "Another one."}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if v := fmt.Sprint(recover()); !strings.Contains(v, "Options.OmitGRPC") {
			t.Errorf("panicked with %s", v)
		}
	}()
	tachogrpc.ServerOptions(m, tachogrpc.Options{})
}
