package doctor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestParseTarget(t *testing.T) {
	for given, want := range map[string]string{
		":8080":                           "http://localhost:8080/metrics",
		"localhost:8080":                  "http://localhost:8080/metrics",
		"10.0.0.7:9100":                   "http://10.0.0.7:9100/metrics",
		"[::1]:8080":                      "http://[::1]:8080/metrics",
		"shop":                            "http://shop/metrics",
		"http://shop":                     "http://shop/metrics",
		"https://shop/":                   "https://shop/metrics",
		"shop:80/actuator/prometheus":     "http://shop:80/actuator/prometheus",
		"http://shop/probe?module=http_2": "http://shop/probe?module=http_2",
		"  :8080\n":                       "http://localhost:8080/metrics",
		"HTTP://shop:1/M?a=1,2;3#part":    "http://shop:1/M?a=1,2;3",
	} {
		got, err := parseTarget(given)
		if err != nil || got.String() != want {
			t.Errorf("%q: got %v, %v; want %s", given, got, err, want)
		}
	}
}

// TestParseTargetWrong: what nothing can be asked by is told from a service that does not
// answer; no password is shown.
func TestParseTargetWrong(t *testing.T) {
	for _, given := range []string{
		"", " ", ":", "shop:", ":0", ":99999", "ftp://shop", "http://", "http:///metrics", ":1,:2", "a,b:80", "http://a b/", "a\xff:1",
		"::1:80", "[::1", "shop=:1", "targets.yml", "unix:/run/shop", "ftp://u:secret@h", "http://u:secret@h:99999/", "http://u:sec%zzret@h", "http://u:sec ret@h/",
	} {
		got, err := parseTarget(given)
		if !errors.Is(err, ErrURL) {
			t.Errorf("%q: %v, %v; want ErrURL", given, got, err)
			continue
		}
		if text := err.Error(); strings.Contains(text, "secret") || strings.Contains(text, "zzret") || strings.Contains(text, "sec ret") {
			t.Errorf("%q: the error shows a password: %s", given, text)
		}
	}
}

// TestToken: a user without a password may be a token, and is not shown either.
func TestToken(t *testing.T) {
	s, err := NewScraper(Options{URL: "http://secret@127.0.0.1:1/", Timeout: patience}, "tacho-test")
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Scrape(t.Context())
	if shown := s.URL() + err.Error(); strings.Contains(shown, "secret") {
		t.Errorf("it shows %s", shown)
	}
}

func TestNearness(t *testing.T) {
	for ip, want := range map[string]reach{
		"127.0.0.1": sameMachine, "127.8.8.8": sameMachine, "::1": sameMachine,
		"10.1.2.3": privateNetwork, "192.168.1.1": privateNetwork, "172.16.0.1": privateNetwork, "fd00::1": privateNetwork, "169.254.1.1": privateNetwork,
		"198.51.100.7": publicNetwork, "8.8.8.8": publicNetwork, "2001:db8::1": publicNetwork,
	} {
		if got := reachOf([]net.IP{net.ParseIP("127.0.0.1"), net.ParseIP(ip)}); got != want {
			t.Errorf("%s: got %v, want %v", ip, got, want)
		}
	}
}

// TestOpenEndpoint: which clients have access, from which address.
func TestOpenEndpoint(t *testing.T) {
	guarded := func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != "secret" {
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		}
		newService().handler().ServeHTTP(w, r)
	}
	for _, c := range []struct {
		name, host string
		handler    http.HandlerFunc
		want       []Severity
	}{
		{"open, loopback", "127.0.0.1:80", newService().handler().ServeHTTP, nil},
		{"open, private", "10.0.0.7:80", newService().handler().ServeHTTP, []Severity{Info}},
		{"open, public", "203.0.113.7:80", newService().handler().ServeHTTP, []Severity{Warning}},
		{"guarded, public", "203.0.113.7:80", guarded, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(c.handler)
			defer server.Close()
			options := quick("http://ann:secret@" + c.host)
			options.Client = leadingTo(server)
			options.anonymous = leadingTo(server)
			found := mustExamine(t, options).with("open-endpoint")
			if len(found) != len(c.want) {
				t.Fatalf("findings %v, want %v", found, c.want)
			}
			for i, f := range found {
				if f.Severity != c.want[i] || strings.Contains(f.Evidence, "secret") {
					t.Errorf("finding %v, want %v", f, c.want[i])
				}
			}
		})
	}
}

// leadingTo connects to the server, whatever the address.
func leadingTo(server *httptest.Server) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		},
	}}
}

// TestStrangersHaveNoHeader: whether the endpoint is open is asked without the
// credentials that were given.
func TestStrangersHaveNoHeader(t *testing.T) {
	server := httptest.NewServer(bearer("abc", newService().handler()))
	defer server.Close()
	options := quick("http://203.0.113.7")
	options.Header = http.Header{"Authorization": {"Bearer abc"}}
	options.Client, options.anonymous = leadingTo(server), leadingTo(server)
	if found := mustExamine(t, options).with("open-endpoint"); len(found) > 0 {
		t.Errorf("%v", found)
	}
}

// bearer gives access to requests with the token.
func bearer(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// TestHeaderIsSent: credentials reach the service with every scrape.
func TestHeaderIsSent(t *testing.T) {
	server := httptest.NewServer(bearer("abc", newService().handler()))
	defer server.Close()
	options := quick(server.URL)
	options.Header = http.Header{"Authorization": {"Bearer abc"}}
	mustBeWell(t, mustExamine(t, options))
}
