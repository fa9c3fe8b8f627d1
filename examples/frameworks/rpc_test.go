package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/examples/frameworks/rpcshop"
)

// An rpc is a call of every RPC shop.
type rpc struct {
	procedure string
	in        []string
	out       []string
	code      uint32
	leaves    bool // the client cancels when the RPC is being served
}

const (
	canceled      = 1
	unknown       = 2
	unimplemented = 12
	anyFailure    = 99 // the code of a panic is that of whoever recovers it: for net/http there is none
)

// rpcs are made of every RPC shop. All codes that a service may return are among them.
func rpcs() []rpc {
	p := rpcshop.Procedure
	all := []rpc{
		{procedure: p("Item"), in: []string{"7"}, out: []string{"item 7\n"}},
		{procedure: p("Item"), in: []string{"8"}, out: []string{"item 8\n"}},
		{procedure: p("Item"), in: []string{"0"}, code: rpcshop.NotFound},
		{procedure: p("Order"), in: []string{"two of 7"}, out: []string{"ordered two of 7\n"}},
		{procedure: p("Broken"), in: []string{""}, code: unknown},
		{procedure: p("Panic"), in: []string{""}, code: anyFailure},
		{procedure: p("Wait"), in: []string{""}, code: canceled, leaves: true},
		{procedure: p("Stock"), in: []string{"xxx"}, out: []string{"42 items\n", "42 items\n", "42 items\n"}},
		{procedure: p("Deliver"), in: []string{"bread", "milk"}, out: []string{"2"}},
		{procedure: p("Haggle"), in: []string{"10", "9"}, out: []string{"10", "9"}},
		{procedure: p("Haggle"), in: []string{"10", "no"}, out: []string{"10"}, code: rpcshop.Aborted},
		{procedure: p("Haggle"), in: []string{"10", "wait"}, code: canceled, leaves: true},
		{procedure: p("None"), in: []string{""}, code: unimplemented},
		{procedure: "/none.None/None", in: []string{""}, code: unimplemented},
		{procedure: rpcshop.Health, in: []string{""}},
	}
	for code := uint32(1); code <= 16; code++ {
		all = append(all, rpc{procedure: p("Refuse"), in: []string{strconv.Itoa(int(code))}, code: code})
	}
	return all
}

// differences are what the protocols themselves change. All other metrics of these services and of their
// clients are the same, those of routes that start at zero included.
var differences = []struct {
	reason string
	lines  *regexp.Regexp
	each   map[string][]string // what the shops have, where it does not depend on the texts of errors
}{
	{
		reason: "gRPC sends UNIMPLEMENTED for unknown methods, and net/http below Connect 404; Connect v2 sends UNIMPLEMENTED for those of its services",
		lines:  regexp.MustCompile(`^http_(requests_total|request_duration_seconds_count)\{.*path="unmatched"`),
		each: map[string][]string{
			"connect": {
				`http_request_duration_seconds_count{method="POST",path="unmatched",status="404"} 1`,
				`http_request_duration_seconds_count{method="POST",path="unmatched",status="501"} 1`,
				`http_requests_total{method="POST",path="unmatched",status="404"} 1`,
				`http_requests_total{method="POST",path="unmatched",status="501"} 1`,
			},
			"connectv1": {
				`http_request_duration_seconds_count{method="POST",path="unmatched",status="404"} 2`,
				`http_requests_total{method="POST",path="unmatched",status="404"} 2`,
			},
			"grpc": {
				`http_request_duration_seconds_count{method="POST",path="unmatched",status="501"} 2`,
				`http_requests_total{method="POST",path="unmatched",status="501"} 2`,
			},
		},
	},
	{
		reason: "messages of Connect's streams have frames, which are part of the body; gRPC reports its messages without them",
		lines:  regexp.MustCompile(`^http_(request|response)_size_bytes_(bucket|sum)\{.*path="/shop.Shop/(Stock|Deliver|Haggle)"`),
	},
	{
		reason: "Connect sends errors of unary methods in a body, gRPC in trailers",
		lines:  regexp.MustCompile(`^http_response_size_bytes_(bucket|sum)\{.*path="(/shop.Shop/(Item|Refuse|Broken|Wait)|unmatched)"`),
	},
	{
		reason: "only gRPC services have the names of go-grpc-middleware",
		lines:  regexp.MustCompile(`^(# (HELP|TYPE) )?grpc_`),
	},
}

var (
	comparedRPC = regexp.MustCompile(`^(# (HELP|TYPE) )?(http_|grpc_|shop_)`)
	timedRPC    = regexp.MustCompile(`^(http|grpc)_\w+_seconds_(bucket|sum)\{`)
)

// TestSameRPCMetrics: the same RPCs make the same metrics, byte for byte, on gRPC and on Connect, but for
// the differences above. Each of these is one.
func TestSameRPCMetrics(t *testing.T) {
	const golden = "testdata/rpc.txt"
	got := map[string][]string{}
	for name, s := range rpcShops {
		t.Run(name, func(t *testing.T) { got[name] = driveRPC(t, s) })
	}
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(inCommon(got["grpc"], -1)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	for name, lines := range got {
		if text := inCommon(lines, -1); text != string(want) {
			t.Errorf("%s: the metrics differ:\n%s", name, difference(string(want), text))
		}
	}
	for i, d := range differences {
		if inCommon(got["grpc"], i) == inCommon(got["connect"], i) && inCommon(got["grpc"], i) == inCommon(got["connectv1"], i) {
			t.Errorf("there is no such difference any more: %s", d.reason)
		}
		for name, want := range d.each {
			if is := slices.DeleteFunc(slices.Clone(got[name]), func(l string) bool { return !d.lines.MatchString(l) }); !slices.Equal(is, want) {
				t.Errorf("%s: %s: it has\n%s", name, d.reason, strings.Join(is, "\n"))
			}
		}
	}
}

// inCommon returns the lines without the differences, apart from one of these.
func inCommon(lines []string, except int) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		for i, d := range differences {
			if i != except && d.lines.MatchString(line) {
				return true
			}
		}
		return false
	}), "\n") + "\n"
}

// driveRPC serves a shop, makes all calls of it, and returns the metrics of the service and of the
// client that do not depend on time.
func driveRPC(t *testing.T, s rpcShop) (lines []string) {
	t.Helper()
	m, serve := s.open()
	address := listen(t, serve)
	served := listen(t, func(ln net.Listener) error { return m.Serve(t.Context(), tacho.ServeOptions{Listener: ln}) })
	clients := tacho.MustNew(tacho.Options{})
	sent := listen(t, func(ln net.Listener) error { return clients.Serve(t.Context(), tacho.ServeOptions{Listener: ln}) })
	call, hangUp, err := s.dial(clients, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(hangUp)
	calls := rpcs()
	for _, c := range calls {
		c.make(t, call, served)
	}
	// A response arrives before its RPC is recorded. The health check is not recorded by the service.
	text := awaitCount(t, served, "http_requests_total", len(calls)-1)
	text += awaitCount(t, sent, "http_client_requests_total", len(calls))
	for line := range strings.Lines(strings.ReplaceAll(text, address, "HOST")) {
		if comparedRPC.MatchString(line) && !timedRPC.MatchString(line) {
			lines = append(lines, strings.TrimSuffix(line, "\n"))
		}
	}
	return lines
}

// listen serves on a free port until the test ends.
func listen(t *testing.T, serve func(net.Listener) error) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = serve(ln) }()
	t.Cleanup(func() { _ = ln.Close() })
	return ln.Addr().String()
}

// make makes the call and checks what the client gets.
func (c rpc) make(t *testing.T, call rpcshop.Client, metrics string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var leaving sync.WaitGroup
	if c.leaves {
		leaving.Go(func() {
			defer cancel()
			awaitCount(t, metrics, "http_requests_in_flight", 1)
		})
	}
	out, code := call(ctx, c.procedure, c.in...)
	leaving.Wait()
	if code != c.code && (c.code != anyFailure || code == 0) {
		t.Errorf("%s %q is answered with code %d, want %d", c.procedure, c.in, code, c.code)
	}
	if c.out != nil && !slices.Equal(out, c.out) {
		t.Errorf("%s %q is answered with %q, want %q", c.procedure, c.in, out, c.out)
	}
}

// awaitCount waits until the samples of a family add up to n, and returns all metrics.
func awaitCount(t *testing.T, address, family string, n int) string {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		text := get(t, "http://"+address+"/metrics")
		got := sum(text, family)
		if got == n {
			return text
		}
		if time.Now().After(deadline) {
			t.Errorf("%s is %d, want %d", family, got, n)
			return text
		}
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// sum adds up the samples of a family.
func sum(metrics, family string) (n int) {
	for line := range strings.Lines(metrics) {
		if strings.HasPrefix(line, family+"{") || strings.HasPrefix(line, family+" ") {
			value, _ := strconv.Atoi(strings.TrimSpace(line[strings.LastIndexByte(line, ' ')+1:]))
			n += value
		}
	}
	return n
}
