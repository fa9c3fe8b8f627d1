package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tacho-go/tacho/internal/testfile"
)

// healthServer is a service with a unary RPC and a stream, trailers and errors.
type healthServer struct {
	grpc_health_v1.UnimplementedHealthServer
}

// Check responds, or fails with the code that the name asks for.
func (healthServer) Check(ctx context.Context, in *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	_ = grpc.SetTrailer(ctx, metadata.Pairs("x-sum", "7"))
	switch in.Service {
	case "missing":
		return nil, status.Error(codes.NotFound, "no such service")
	case "slow":
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}, nil
}

// Watch sends three messages, and does not end if the name asks for that.
func (healthServer) Watch(in *grpc_health_v1.HealthCheckRequest, out grpc.ServerStreamingServer[grpc_health_v1.HealthCheckResponse]) error {
	for range 3 {
		if err := out.Send(&grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}); err != nil {
			return err
		}
	}
	if in.Service == "slow" {
		<-out.Context().Done()
		return out.Context().Err()
	}
	return nil
}

// TestProxyGRPC: a client sees the same through the proxy and around it: messages, trailers, codes and
// deadlines. Both ways of naming the upstream work.
func TestProxyGRPC(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, healthServer{})
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	around := rpcs(t, l.Addr().String())
	for _, scheme := range []string{"http", "h2c"} {
		all := testfile.Write(t, filepath.Join(t.TempDir(), "proxy.yml"), "metrics: {exclude-paths: []}\n") // health checks as well
		p := spawn(t, nil, "proxy", "--config", all, "--upstream", scheme+"://"+l.Addr().String(), "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
		address, metrics := strings.TrimPrefix(p.says(`Proxy +(\S+)`), "http://"), p.says(`Metrics +(\S+)`)
		if through := rpcs(t, address); through != around {
			t.Errorf("%s: through the proxy\n%s\naround it\n%s", scheme, through, around)
		}
		want := map[string]int{ // the codes of RPCs are their statuses
			`method="POST",path="/grpc.health.v1.Health/Check",status="200"`: 1, `method="POST",path="/grpc.health.v1.Health/Check",status="404"`: 1,
			`method="POST",path="/grpc.health.v1.Health/Watch",status="200"`: 1, `method="POST",path="unmatched",status="501"`: 1,
		}
		var got map[string]int
		if !reaches(10*time.Second, func() bool {
			_, text := get(t, http.DefaultClient, metrics)
			got = counted(text)
			maps.DeleteFunc(got, func(labels string, _ int) bool { // beyond its deadline: either of both
				return strings.HasSuffix(labels, `status="499"`) || strings.HasSuffix(labels, `status="504"`)
			})
			return maps.Equal(got, want)
		}) {
			t.Errorf("%s: counted %v, want %v", scheme, got, want)
		}
	}
}

// rpcs calls every RPC, and describes what the client sees.
func rpcs(t *testing.T, address string) string {
	t.Helper()
	c, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	client := grpc_health_v1.NewHealthClient(c)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var seen strings.Builder
	for _, name := range []string{"", "missing"} {
		var trailer metadata.MD
		res, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: name}, grpc.Trailer(&trailer))
		fmt.Fprintf(&seen, "%v %v %v\n", res.GetStatus(), err, trailer.Get("x-sum"))
	}
	_, err = client.List(ctx, &grpc_health_v1.HealthListRequest{})
	fmt.Fprintln(&seen, status.Code(err))
	short, end := context.WithTimeout(ctx, 200*time.Millisecond)
	_, err = client.Check(short, &grpc_health_v1.HealthCheckRequest{Service: "slow"})
	end()
	fmt.Fprintln(&seen, status.Code(err))
	follow(ctx, &seen, client, "")
	short, end = context.WithTimeout(ctx, 200*time.Millisecond)
	follow(short, &seen, client, "slow")
	end()
	return seen.String()
}

// follow describes a stream up to its end.
func follow(ctx context.Context, seen io.Writer, client grpc_health_v1.HealthClient, name string) {
	stream, err := client.Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: name})
	for err == nil {
		var res *grpc_health_v1.HealthCheckResponse
		if res, err = stream.Recv(); err == nil {
			fmt.Fprintln(seen, res.GetStatus())
		}
	}
	if errors.Is(err, io.EOF) {
		fmt.Fprintln(seen, "end")
		return
	}
	fmt.Fprintln(seen, status.Code(err))
}

// TestProxyProtocols: HTTP/2 over TLS in, HTTP/1.1 out; event streams arrive piece by piece; ranges, HEAD,
// 304 and large bodies are the service's.
func TestProxyProtocols(t *testing.T) {
	t.Parallel()
	const size = 32 << 20
	next := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 2 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			_ = http.NewResponseController(w).Flush()
			<-next
		}
	})
	mux.HandleFunc("/file", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "f.txt", time.Unix(1, 0), strings.NewReader("0123456789"))
	})
	mux.HandleFunc("/large", func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		w.Header().Set("X-Got", fmt.Sprint(n))
		_, _ = io.CopyN(w, zeros{}, size)
	})
	mux.HandleFunc("/protocol", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Proto, r.Header.Get("X-Forwarded-Proto"))
	})
	service := httptest.NewServer(mux)
	t.Cleanup(service.Close)
	dir := t.TempDir()
	roots := certificate(t, dir)
	p := spawn(t, nil, "proxy", "--upstream", service.URL, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--tls-cert", filepath.Join(dir, "cert.pem"), "--tls-key", filepath.Join(dir, "key.pem"))
	base := p.says(`Proxy +(\S+)`)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}}
	do := func(method, path string, body io.Reader, headers ...string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, base+path, body)
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		res, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	if res := do("GET", "/protocol", nil); res.ProtoMajor != 2 || textIn(res) != "HTTP/1.1https" {
		t.Errorf("protocol: %s", res.Proto)
	}
	events := bufio.NewReader(do("GET", "/events", nil).Body)
	for i := range 2 {
		if line, err := events.ReadString('\n'); line != fmt.Sprintf("data: %d\n", i) { // before the service goes on
			t.Errorf("event %d: %q %v", i, line, err)
		}
		_, _ = events.ReadString('\n')
		next <- struct{}{}
	}
	if res := do("GET", "/file", nil, "Range", "bytes=2-4"); res.StatusCode != 206 || textIn(res) != "234" || res.Header.Get("Content-Range") != "bytes 2-4/10" {
		t.Errorf("range: %s %v", res.Status, res.Header)
	}
	if res := do("HEAD", "/file", nil); res.StatusCode != 200 || res.ContentLength != 10 || textIn(res) != "" {
		t.Errorf("HEAD: %s %d", res.Status, res.ContentLength)
	}
	if res := do("GET", "/file", nil, "If-None-Match", `"1"`); res.StatusCode != 304 {
		t.Errorf("304: %s", res.Status)
	}
	// A new certificate is used without a restart.
	client = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: certificate(t, dir)}, ForceAttemptHTTP2: true}}
	if !reaches(10*time.Second, func() bool { res, err := client.Head(base + "/file"); return err == nil && res.Body.Close() == nil }) {
		t.Error("the new certificate is not used")
	}
	res := do("POST", "/large", io.LimitReader(zeros{}, size))
	if n, err := io.Copy(io.Discard, res.Body); n != size || err != nil || res.Header.Get("X-Got") != fmt.Sprint(size) {
		t.Errorf("large: %d bytes down, %s up, %v", n, res.Header.Get("X-Got"), err)
	}
}

type zeros struct{}

// Read implements io.Reader.
func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func textIn(res *http.Response) string {
	text, _ := io.ReadAll(res.Body)
	return string(text)
}
