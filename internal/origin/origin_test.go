package origin_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"

	"github.com/tacho-go/tacho/internal/origin"
)

// ask sends a request over loopback with these headers; Host is one of them. The
// status is returned.
func ask(t *testing.T, base, method string, headers map[string]string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, base, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		if req.Header.Set(name, value); name == "Host" {
			req.Host = value
		}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// guarded serves something with an external URL.
func guarded(t *testing.T, external string) http.Handler {
	t.Helper()
	u, err := url.Parse(external)
	if err != nil {
		t.Fatal(err)
	}
	return origin.Guard(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "secret") }), u)
}

// TestGuardHost: over loopback, only the names of this machine and of the external
// URL are served, whatever the port: it may be forwarded.
func TestGuardHost(t *testing.T) {
	machine, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(guarded(t, "https://Tacho.example.org/below"))
	t.Cleanup(srv.Close)
	for host, want := range map[string]int{
		"127.0.0.1":                 200,
		"127.0.0.1:1":               200,
		"127.8.9.1:80":              200,
		"[::1]:9464":                200,
		"0.0.0.0:9464":              200,
		"localhost":                 200,
		"LocalHost.:9464":           200,
		"tacho.localhost:9464":      200,
		"tacho.example.org":         200,
		"tacho.example.org:8443":    200,
		machine:                     200,
		"host.docker.internal:9464": 200,

		"attacker.example":            403,
		"attacker.example:9464":       403,
		"attacker.example.:9464":      403,
		"localhost.attacker.example":  403,
		"127.0.0.1.attacker.example":  403,
		"notlocalhost":                403,
		"sub.tacho.example.org":       403,
		"tacho.example.org.evil:9464": 403,
		"192.0.2.1:9464":              403,
		"[2001:db8::1]:9464":          403,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if got := ask(t, srv.URL, method, map[string]string{"Host": host}); got != want {
				t.Errorf("%s of host %s: %d; want %d", method, host, got, want)
			}
		}
	}
}

// TestGuardElsewhere: a connection that did not come over loopback may use any
// name: others reach this server by names that it does not know.
func TestGuardElsewhere(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "http://tacho.lan/", nil)
	local := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 9464}
	w := httptest.NewRecorder()
	guarded(t, "http://192.0.2.1").ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local)))
	if w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestGuardOrigin: what another page's browser sends is not served; programs, links
// and the server's own pages are, those of a proxy included.
func TestGuardOrigin(t *testing.T) {
	srv := httptest.NewServer(guarded(t, "https://tacho.example.org"))
	t.Cleanup(srv.Close)
	type headers = map[string]string
	for _, tt := range []struct {
		name    string
		headers headers
		get     int
		post    int
	}{
		{"a program", nil, 200, 200},
		{"its own page", headers{"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Origin": srv.URL}, 200, 200},
		{"its own page in an old browser", headers{"Origin": srv.URL}, 200, 200},
		{"the address bar", headers{"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200, 200},
		{"a proxy's page, other Host", headers{"Sec-Fetch-Site": "same-origin", "Origin": "https://tacho.example.org"}, 200, 200},
		{"the same in an old browser", headers{"Origin": "https://tacho.example.org"}, 200, 200},
		{"a link or a form elsewhere", headers{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Origin": "https://a.example"}, 200, 403},
		{"a script elsewhere", headers{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Origin": "https://a.example"}, 403, 403},
		{"a service on another port", headers{"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Origin": "http://127.0.0.1:1"}, 403, 403},
		{"a sandboxed page", headers{"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": "null"}, 403, 403},
		{"an old browser, elsewhere", headers{"Origin": "https://a.example"}, 200, 403}, // it does not show the answer
	} {
		if got := ask(t, srv.URL, http.MethodGet, tt.headers); got != tt.get {
			t.Errorf("GET by %s: %d; want %d", tt.name, got, tt.get)
		}
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete} {
			if got := ask(t, srv.URL, method, tt.headers); got != tt.post {
				t.Errorf("%s by %s: %d; want %d", method, tt.name, got, tt.post)
			}
		}
	}
}
