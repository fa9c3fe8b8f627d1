package netacl_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tacho-go/tacho/internal/netacl"
)

func prefixes(t *testing.T, entries ...string) (all netacl.Prefixes) {
	t.Helper()
	for _, entry := range entries {
		p, err := netacl.ParsePrefix(entry)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}

func request(remote string, local net.Addr) *http.Request {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = remote
	return r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, local))
}

func TestAdmit(t *testing.T) {
	tcp, unix := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1)}, &net.UnixAddr{Name: "/run/x", Net: "unix"}
	for _, test := range []struct {
		name   string
		allow  netacl.Prefixes
		remote string
		local  net.Addr
		want   bool
	}{
		{"no prefixes", nil, "8.8.8.8:1", tcp, true},
		{"inside", prefixes(t, "10.1.0.0/16"), "10.1.2.3:1", tcp, true},
		{"outside", prefixes(t, "10.1.0.0/16"), "10.2.2.3:1", tcp, false},
		{"single address", prefixes(t, "10.1.2.3"), "10.1.2.3:1", tcp, true},
		{"beside it", prefixes(t, "10.1.2.3"), "10.1.2.4:1", tcp, false},
		{"prefix written as IPv6", prefixes(t, "::ffff:10.1.0.0/112"), "10.1.0.9:1", tcp, true},
		{"address written as IPv6", prefixes(t, "10.0.0.0/8"), "[::ffff:10.0.0.1]:1", tcp, true},
		{"with a zone", prefixes(t, "fe80::/10"), "[fe80::1%eth0]:1", tcp, true},
		{"unix socket, loopback allowed", prefixes(t, "127.0.0.0/8"), "@", unix, true},
		{"unix socket, loopback refused", prefixes(t, "10.0.0.0/8"), "@", unix, false},
		{"no address", prefixes(t, "127.0.0.0/8"), "unknown", tcp, false},
	} {
		if got := test.allow.Admit(request(test.remote, test.local)); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestParsePrefixRefuses(t *testing.T) {
	for _, entry := range []string{"", "localhost", "10.0.0.0/33", "10.0.0"} {
		if p, err := netacl.ParsePrefix(entry); err == nil {
			t.Errorf("%q became %v", entry, p)
		}
	}
}

func TestPublicAddress(t *testing.T) {
	private := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 80}
	for name, test := range map[string]struct {
		remote, forwarded string
		local             net.Addr
		want              string
	}{
		"the server's":        {"10.0.0.2:1", "", &net.TCPAddr{IP: net.IPv4(8, 8, 4, 4), Port: 80}, "8.8.4.4"},
		"the client's":        {"[2606:4700::1]:1", "", private, "2606:4700::1"},
		"behind a proxy":      {"10.0.0.2:1", "8.8.4.4, 10.0.0.2", private, "8.8.4.4"},
		"private":             {"192.168.1.1:1", "", private, ""},
		"a carrier's network": {"100.64.1.1:1", "", private, ""},
		"an example":          {"192.0.2.1:1", "", private, ""},
		"link-local":          {"[fe80::1]:1", "", private, ""},
	} {
		r := request(test.remote, test.local)
		if test.forwarded != "" {
			r.Header.Set("X-Forwarded-For", test.forwarded)
		}
		if got := netacl.PublicAddress(r); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}

func TestEqual(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"secret", "secret", 1}, {"secret", "secres", 0}, {"secret", "secret2", 0}, {"", "", 1}, {"secret", "", 0}} {
		if got := netacl.Equal(test.a, test.b); got != test.want {
			t.Errorf("Equal(%q, %q) = %d", test.a, test.b, got)
		}
	}
}
