package netacl_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/metertest"
)

// TestAccess: who may read the metrics, and what the others are told.
func TestAccess(t *testing.T) {
	users, tokens := map[string]string{"prometheus": "secret", "grafana": "other"}, []string{"token-1", "token-2"}
	basic := func(user, password string) func(*http.Request) {
		return func(r *http.Request) { r.SetBasicAuth(user, password) }
	}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	from := func(address string) func(*http.Request) {
		return func(r *http.Request) { r.RemoteAddr = address }
	}
	unix := func(r *http.Request) {
		socket := context.WithValue(r.Context(), http.LocalAddrContextKey, &net.UnixAddr{Name: "/run/x", Net: "unix"})
		*r = *r.WithContext(socket)
		r.RemoteAddr = "@"
	}
	for name, c := range map[string]struct {
		access tacho.Access
		change func(*http.Request)
		want   int
	}{
		"open":                   {tacho.Access{}, nil, 200},
		"no credentials":         {tacho.Access{Users: users}, nil, 401},
		"the right user":         {tacho.Access{Users: users}, basic("grafana", "other"), 200},
		"another's password":     {tacho.Access{Users: users}, basic("grafana", "secret"), 401},
		"no such user":           {tacho.Access{Users: users}, basic("nobody", "secret"), 401},
		"an empty password":      {tacho.Access{Users: users}, basic("grafana", ""), 401},
		"a token":                {tacho.Access{BearerTokens: tokens}, header("Authorization", "Bearer token-2"), 200},
		"a token, bearer":        {tacho.Access{BearerTokens: tokens}, header("Authorization", "bearer token-1"), 200},
		"half a token":           {tacho.Access{BearerTokens: tokens}, header("Authorization", "Bearer token"), 401},
		"no token":               {tacho.Access{BearerTokens: tokens}, header("Authorization", "Bearer "), 401},
		"a token as a password":  {tacho.Access{BearerTokens: tokens}, basic("x", "token-1"), 401},
		"either: a token":        {tacho.Access{Users: users, BearerTokens: tokens}, header("Authorization", "Bearer token-1"), 200},
		"either: a user":         {tacho.Access{Users: users, BearerTokens: tokens}, basic("grafana", "other"), 200},
		"a prefix":               {tacho.Access{Allow: []string{"10.1.0.0/16"}}, from("10.1.2.3:99"), 200},
		"outside of it":          {tacho.Access{Allow: []string{"10.1.0.0/16"}}, from("10.2.2.3:99"), 403},
		"an address":             {tacho.Access{Allow: []string{"10.1.0.0/16", "192.168.1.7"}}, from("192.168.1.7:99"), 200},
		"IPv6":                   {tacho.Access{Allow: []string{"fd00::/8"}}, from("[fd00::1]:99"), 200},
		"IPv4 within IPv6":       {tacho.Access{Allow: []string{"10.0.0.0/8"}}, from("[::ffff:10.0.0.1]:99"), 200},
		"a zone":                 {tacho.Access{Allow: []string{"fe80::/10"}}, from("[fe80::1%eth0]:99"), 200},
		"a header does not help": {tacho.Access{Allow: []string{"10.0.0.0/8"}}, func(r *http.Request) { from("8.8.8.8:1")(r); header("X-Forwarded-For", "10.0.0.1")(r) }, 403},
		"IPv4 written as IPv6":   {tacho.Access{Allow: []string{"::ffff:10.0.0.1", "::ffff:10.1.0.0/112"}}, from("10.1.0.9:99"), 200},
		"a unix socket":          {tacho.Access{Allow: []string{"127.0.0.0/8"}}, unix, 200},
		"a unix socket, IPv6":    {tacho.Access{Allow: []string{"::1"}}, unix, 200},
		"a unix socket, refused": {tacho.Access{Allow: []string{"10.0.0.0/8"}}, unix, 403},
		"no address at all":      {tacho.Access{Allow: []string{"127.0.0.0/8"}}, from("a header that was copied"), 403},
		"allowed, no user":       {tacho.Access{Allow: []string{"10.0.0.0/8"}, Users: users}, from("10.0.0.1:1"), 401},
		"a user from elsewhere":  {tacho.Access{Allow: []string{"10.0.0.0/8"}, Users: users}, basic("grafana", "other"), 403},
		"refused by middleware":  {tacho.Access{Middleware: func(http.Handler) http.Handler { return http.NotFoundHandler() }}, nil, 404},
	} {
		m := tacho.MustNew(tacho.Options{Endpoint: tacho.Endpoint{Access: c.access}, OmitRuntime: true})
		r := httptest.NewRequest("GET", "/metrics", nil)
		if c.change != nil {
			c.change(r)
		}
		w := httptest.NewRecorder()
		m.Metrics().ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: answered %d, want %d", name, w.Code, c.want)
		}
		if leaked := strings.Contains(w.Body.String(), "http_requests"); leaked != (c.want == 200) {
			t.Errorf("%s: the metrics are in the answer: %v", name, leaked)
		}
		if challenged := w.Header().Get("WWW-Authenticate") != ""; challenged != (c.want == 401) {
			t.Errorf("%s: WWW-Authenticate is there: %v", name, challenged)
		}
	}
}

func TestAccessIsChecked(t *testing.T) {
	for word, access := range map[string]tacho.Access{
		`Options.Endpoint.Access.Allow: "10.0.0.0/33"`:       {Allow: []string{"10.0.0.0/33"}},
		`Options.Endpoint.Access.Users: "a" has an empty`:    {Users: map[string]string{"a": ""}},
		`Options.Endpoint.Access.Users: "a:b"`:               {Users: map[string]string{"a:b": "x"}},
		"Options.Endpoint.Access.BearerTokens: an empty":     {BearerTokens: []string{""}},
		"Options.Endpoint.Access.Public: contradicts":        {Public: true, BearerTokens: []string{"x"}},
		"Options.Endpoint.Access.Allow: \"localhost\" is ne": {Allow: []string{"localhost"}},
	} {
		metertest.Refused(t, tacho.Options{Endpoint: tacho.Endpoint{Access: access}}, word)
	}
	if text := fmt.Sprint(tacho.Access{Users: map[string]string{"a": "geheim"}, BearerTokens: []string{"geheim"}}); strings.Contains(text, "geheim") {
		t.Errorf("it prints its secrets: %s", text)
	}
	if text := fmt.Sprintf("%+v", tacho.Options{Endpoint: tacho.Endpoint{Access: tacho.Access{Users: map[string]string{"a": "geheim"}}}}); strings.Contains(text, "geheim") {
		t.Error("Options print secrets")
	}
}

// TestPublicWarning: once, when somebody could read the metrics from the
// internet, and not where somebody is kept out.
func TestPublicWarning(t *testing.T) {
	local := func(address string) func(*http.Request) *http.Request {
		return func(r *http.Request) *http.Request {
			a := &net.TCPAddr{IP: net.ParseIP(address), Port: 80}
			return r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, a))
		}
	}
	remote := func(address string) func(*http.Request) *http.Request {
		return func(r *http.Request) *http.Request { r.RemoteAddr = address; return r }
	}
	proxied := func(client string) func(*http.Request) *http.Request {
		return func(r *http.Request) *http.Request { r.Header.Set("X-Forwarded-For", client+", 10.0.0.1"); return r }
	}
	for name, c := range map[string]struct {
		access tacho.Access
		change func(*http.Request) *http.Request
		want   int
	}{
		"served on a public address":  {tacho.Access{}, local("8.8.4.4"), 1},
		"asked from one":              {tacho.Access{}, remote("8.8.4.4:1"), 1},
		"asked from one by a proxy":   {tacho.Access{}, proxied("8.8.4.4"), 1},
		"IPv6":                        {tacho.Access{}, remote("[2606:4700::1]:1"), 1},
		"loopback":                    {tacho.Access{}, local("127.0.0.1"), 0},
		"a cluster":                   {tacho.Access{}, remote("10.4.4.4:1"), 0},
		"a carrier's network":         {tacho.Access{}, remote("100.64.1.1:1"), 0},
		"link-local":                  {tacho.Access{}, remote("[fe80::1]:1"), 0},
		"public, but users are asked": {tacho.Access{Users: map[string]string{"a": "b"}}, remote("8.8.4.4:1"), 0},
		"meant so":                    {tacho.Access{Public: true}, remote("8.8.4.4:1"), 0},
	} {
		var log bytes.Buffer
		m := tacho.MustNew(tacho.Options{Endpoint: tacho.Endpoint{Access: c.access}, OmitRuntime: true, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for range 3 { // several endpoints of one Meter warn once, too
			m.Metrics().ServeHTTP(httptest.NewRecorder(), c.change(httptest.NewRequest("GET", "/metrics", nil)))
		}
		if got := strings.Count(log.String(), "anybody can read it"); got != c.want {
			t.Errorf("%s: %d warnings, want %d: %s", name, got, c.want, log.String())
		}
	}
}
