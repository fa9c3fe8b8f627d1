package outgoing_test

import (
	"bufio"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/metertest"
	"github.com/tacho-go/tacho/schema"
)

// upstream answers whatever a client may meet.
func upstream(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/ok", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
	mux.HandleFunc("/status", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/half", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
		panic(http.ErrAbortHandler)
	})
	mux.HandleFunc("/upgrade", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close()
		line, _ := rw.ReadString('\n')
		_, _ = io.WriteString(conn, "echo: "+line)
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

// TestTransport: what a request to another service came to.
func TestTransport(t *testing.T) {
	server := upstream(t)
	host := strings.TrimPrefix(server.URL, "http://")
	refusing, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + refusing.Addr().String()
	_ = refusing.Close()
	get := func(ctx context.Context, c *http.Client, url string) {
		r, _ := http.NewRequestWithContext(ctx, "GET", url, nil)
		if resp, err := c.Do(r); err == nil {
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
		}
	}
	for name, c := range map[string]struct {
		do   func(*http.Client)
		want string // method, host, status
	}{
		"answered":     {func(c *http.Client) { get(t.Context(), c, server.URL+"/ok") }, `method="GET",status="200"`},
		"an error":     {func(c *http.Client) { get(t.Context(), c, server.URL+"/status") }, `method="GET",status="502"`},
		"without body": {func(c *http.Client) { _, _ = c.Head(server.URL + "/ok") }, `method="HEAD",status="200"`},
		"not read": {func(c *http.Client) {
			resp, err := c.Get(server.URL + "/ok")
			if err == nil {
				_ = resp.Body.Close()
				_ = resp.Body.Close()
			}
		}, `method="GET",status="200"`},
		"broken off": {func(c *http.Client) { get(t.Context(), c, server.URL+"/half") }, `method="GET",status="error"`},
		"canceled": {func(c *http.Client) {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(20*time.Millisecond, cancel)
			get(ctx, c, server.URL+"/hang")
		}, `method="GET",status="canceled"`},
		"timed out": {func(c *http.Client) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			get(ctx, c, server.URL+"/hang")
		}, `method="GET",status="timeout"`},
		"client's time-out": {func(c *http.Client) {
			limited := *c
			limited.Timeout = 20 * time.Millisecond
			get(t.Context(), &limited, server.URL+"/hang")
		}, `method="GET",status="timeout"`},
		"unknown method": {func(c *http.Client) {
			r, _ := http.NewRequest("BREW", server.URL+"/ok", nil)
			if resp, err := c.Do(r); err == nil {
				_ = resp.Body.Close()
			}
		}, `method="OTHER",status="200"`},
		"upgraded": {func(c *http.Client) { upgrade(t, c, server.URL+"/upgrade") }, `method="GET",status="101"`},
	} {
		t.Run(name, func(t *testing.T) {
			m := tacho.MustNew(tacho.Options{OmitRuntime: true})
			c.do(&http.Client{Transport: m.Transport(nil, host)})
			labels := strings.Replace(c.want, "method=", `host="`+host+`",method=`, 1)
			metertest.Line(t, m, "http_client_requests_total{"+labels+"} 1")
			metertest.Line(t, m, "http_client_request_duration_seconds_count{"+labels+"} 1")
			flying, _, _ := strings.Cut(labels, ",status=")
			metertest.Line(t, m, "http_client_requests_in_flight{"+flying+"} 0")
			if n := metertest.Sets(t, m, "http_client_requests_total"); n != 1 {
				t.Errorf("%d label sets, want 1", n)
			}
		})
	}
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	c := &http.Client{Transport: m.Transport(nil, "declared.example")}
	get(t.Context(), c, nobody+"/x")
	get(t.Context(), c, server.URL+"/ok")
	metertest.Line(t, m, `http_client_requests_total{host="other",method="GET",status="error"} 1`)
	metertest.Line(t, m, `http_client_requests_total{host="other",method="GET",status="200"} 1`)
}

// upgrade needs a body that can be written to.
func upgrade(t *testing.T, c *http.Client, url string) {
	r, _ := http.NewRequest("GET", url, nil)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "echo")
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	w, ok := resp.Body.(io.Writer)
	if !ok {
		t.Fatal("the body cannot be written to")
	}
	_, _ = io.WriteString(w, "hello\n")
	if answer, _ := bufio.NewReader(resp.Body).ReadString('\n'); answer != "echo: hello\n" {
		t.Errorf("answered %q", answer)
	}
}

// TestTransportInFlight: until the body is closed.
func TestTransportInFlight(t *testing.T) {
	server := upstream(t)
	host := strings.TrimPrefix(server.URL, "http://")
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	resp, err := (&http.Client{Transport: m.Transport(nil, host)}).Get(server.URL + "/ok")
	if err != nil {
		t.Fatal(err)
	}
	metertest.Line(t, m, `http_client_requests_in_flight{host="`+host+`",method="GET"} 1`)
	_ = resp.Body.Close()
	metertest.Line(t, m, `http_client_requests_in_flight{host="`+host+`",method="GET"} 0`)
}

// TestTransportOTel: the names of the semantic conventions, and both schemas.
func TestTransportOTel(t *testing.T) {
	server := upstream(t)
	host := strings.TrimPrefix(server.URL, "http://")
	name, port, _ := net.SplitHostPort(host)
	for _, o := range []tacho.Options{{Schema: schema.OTel()}, {Schema: schema.OTel(), AlsoSchemas: []schema.Schema{schema.Default()}}} {
		o.OmitRuntime = true
		m := tacho.MustNew(o)
		c := &http.Client{Transport: m.Transport(nil, host)}
		for _, path := range []string{"/ok", "/status", "/half"} {
			if resp, err := c.Get(server.URL + path); err == nil {
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
			}
		}
		for status, failure := range map[string]string{"200": "", "502": "502", "": "error"} {
			metertest.Line(t, m, `http_client_request_duration_seconds_count{error_type="`+failure+`",http_request_method="GET",http_response_status_code="`+
				status+`",server_address="`+name+`",server_port="`+port+`"} 1`)
		}
		if len(o.AlsoSchemas) > 0 {
			metertest.Line(t, m, `http_client_requests_total{host="`+host+`",method="GET",status="502"} 1`)
		}
	}
}

type brokenTransport struct{ closed bool }

func (b *brokenTransport) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("broken")
}
func (b *brokenTransport) CloseIdleConnections() { b.closed = true }

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestTransportOfABrokenBase: whatever base does, the caller gets what it would
// get without us, the request is an error, and nothing stays in flight.
func TestTransportOfABrokenBase(t *testing.T) {
	for name, base := range map[string]http.RoundTripper{
		"neither response nor error": transportFunc(func(*http.Request) (*http.Response, error) { return nil, nil }),
		"panics":                     transportFunc(func(*http.Request) (*http.Response, error) { panic("on purpose") }),
		"both":                       transportFunc(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 502}, io.EOF }),
		"a nil *http.Transport":      (*http.Transport)(nil),
		"no body":                    transportFunc(func(*http.Request) (*http.Response, error) { return &http.Response{StatusCode: 204}, nil }),
		"http.DefaultTransport":      http.DefaultTransport, // refuses a nil URL
	} {
		t.Run(name, func(t *testing.T) {
			m := tacho.MustNew(tacho.Options{OmitRuntime: true})
			r := &http.Request{Method: "GET", Header: http.Header{}}
			want, got := roundTrip(base, r), roundTrip(m.Transport(base), r)
			if got != want {
				t.Errorf("the caller got %s, without us %s", got, want)
			}
			status := "error"
			if name == "no body" {
				status = "204"
			}
			metertest.Line(t, m, `http_client_requests_total{host="other",method="GET",status="`+status+`"} 1`)
			metertest.Line(t, m, `http_client_requests_in_flight{host="other",method="GET"} 0`)
		})
	}
}

// roundTrip says what came of a request.
func roundTrip(rt http.RoundTripper, r *http.Request) (outcome string) {
	defer func() {
		if v := recover(); v != nil {
			outcome = fmt.Sprint("panic: ", v)
		}
	}()
	response, err := rt.RoundTrip(r)
	if response != nil {
		return fmt.Sprint(response.StatusCode, response.Body, err)
	}
	return fmt.Sprint("no response, ", err)
}

// TestTransportKeepsTheBase: errors come as they are, idle connections can be
// closed, and two Transports of one Meter record into the same metrics.
func TestTransportKeepsTheBase(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	base := &brokenTransport{}
	for range 2 {
		c := &http.Client{Transport: m.Transport(base, "a.example")}
		if _, err := c.Get("http://a.example/"); err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("the error is %v", err)
		}
		c.CloseIdleConnections()
	}
	if !base.closed {
		t.Error("idle connections were not closed")
	}
	metertest.Line(t, m, `http_client_requests_total{host="a.example",method="GET",status="error"} 2`)
}

// noDatabase is a database that cannot be reached.
type noDatabase struct{}

func (noDatabase) Connect(context.Context) (driver.Conn, error) {
	return nil, errors.New("no database here")
}
func (noDatabase) Driver() driver.Driver { return nil }

// TestDatabase: the state of two pools, told apart by name.
func TestDatabase(t *testing.T) {
	m := tacho.MustNew(tacho.Options{OmitRuntime: true})
	for name, most := range map[string]int{"orders": 3, "users": 7} {
		db := sql.OpenDB(noDatabase{})
		defer db.Close()
		db.SetMaxOpenConns(most)
		if err := tacho.Database(m, name, db); err != nil {
			t.Fatal(err)
		}
		if err := tacho.Database(m, name, db); err == nil || !strings.Contains(err.Error(), `the pool "`+name+`"`) {
			t.Errorf("twice: %v", err)
		}
	}
	metertest.Line(t, m, `go_sql_max_open_connections{db_name="orders"} 3`)
	metertest.Line(t, m, `go_sql_max_open_connections{db_name="users"} 7`)
	metertest.Line(t, m, `go_sql_wait_count_total{db_name="users"} 0`)
	if err := tacho.Database(m, "none", nil); err == nil {
		t.Error("a nil pool is no error")
	}
}
