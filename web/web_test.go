package web_test

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/internal/locked"
	"github.com/tacho-go/tacho/web"
)

// TestUsersOverTLS: without the password or without TLS, there are no metrics.
func TestUsersOverTLS(t *testing.T) {
	dir := t.TempDir()
	client := trusting(t, certificate(t, dir))
	s := start(t, write(t, dir, withTLS+withUser(t, "correct horse")), quiet, nil)
	for _, test := range []struct {
		name, scheme string
		who          login
		want         int
	}{
		{"the right password", "https", user("ann", "correct horse"), http.StatusOK},
		{"a wrong password", "https", user("ann", "correct hors"), http.StatusUnauthorized},
		{"a wrong user", "https", user("bob", "correct horse"), http.StatusUnauthorized},
		{"a token", "https", bearer("correct horse"), http.StatusUnauthorized},
		{"nobody", "https", nobody, http.StatusUnauthorized},
		{"no TLS", "http", user("ann", "correct horse"), http.StatusBadRequest},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := get(t, client, s.url(test.scheme), test.who).StatusCode; got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

// TestPlain: without a file, or with a file without TLS, it serves plain HTTP.
func TestPlain(t *testing.T) {
	client := trusting(t, nil)
	s := start(t, "", quiet, nil)
	if got := get(t, client, s.url("http"), nobody).StatusCode; got != http.StatusOK {
		t.Errorf("got %d without a file", got)
	}
	s = start(t, write(t, t.TempDir(), "http_server_config: {headers: {X-Frame-Options: deny}}"), quiet, nil)
	answer := get(t, client, s.url("http"), nobody)
	if got := answer.Header.Get("X-Frame-Options"); answer.StatusCode != http.StatusOK || got != "deny" {
		t.Errorf("got %d, and the header of the file is %q", answer.StatusCode, got)
	}
}

// TestClientCertificates: only clients with a trusted certificate are allowed.
func TestClientCertificates(t *testing.T) {
	dir := t.TempDir()
	roots := certificate(t, dir)
	own, err := tls.LoadX509KeyPair(filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, write(t, dir, "tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_ca_file: cert.pem, client_auth_type: RequireAndVerifyClientCert}"), quiet, nil)
	if got := get(t, trusting(t, roots, own), s.url("https"), nobody).StatusCode; got != http.StatusOK {
		t.Errorf("got %d with a certificate", got)
	}
	answer, err := trusting(t, roots).Get(s.url("https"))
	if err == nil {
		answer.Body.Close()
		t.Errorf("got %s without a certificate", answer.Status)
	}
}

// TestReload: a new password and a new certificate need no restart, and an invalid file refuses
// all requests.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	old := trusting(t, certificate(t, dir))
	s := start(t, write(t, dir, withTLS+withUser(t, "old")), quiet, nil)
	if got := get(t, old, s.url("https"), user("ann", "old")).StatusCode; got != http.StatusOK {
		t.Fatalf("got %d with the old password", got)
	}
	write(t, dir, withTLS+withUser(t, "new"))
	renewed := trusting(t, certificate(t, dir)) // distrusts the old certificate
	for password, want := range map[string]int{"old": http.StatusUnauthorized, "new": http.StatusOK} {
		if got := get(t, renewed, s.url("https"), user("ann", password)).StatusCode; got != want {
			t.Errorf("got %d with the %s password, want %d", got, password, want)
		}
	}
	write(t, dir, "basic_auth_users: [")
	if got := get(t, renewed, s.url("https"), user("ann", "new")).StatusCode; got != http.StatusInternalServerError {
		t.Errorf("got %d with an invalid file", got)
	}
}

// TestAccess: ServeOptions.Access applies to requests that the file allows.
func TestAccess(t *testing.T) {
	const token = "a-long-token"
	users := withUser(t, "correct horse")
	for _, test := range []struct {
		name, file string
		access     tacho.Access
		who        login
		want       int
	}{
		{"its token", "", tacho.Access{BearerTokens: []string{token}}, bearer(token), http.StatusOK},
		{"a wrong token", "", tacho.Access{BearerTokens: []string{token}}, bearer("another"), http.StatusUnauthorized},
		{"no token", "", tacho.Access{BearerTokens: []string{token}}, nobody, http.StatusUnauthorized},
		{"a listed address", users, tacho.Access{Allow: []string{"127.0.0.0/8"}}, user("ann", "correct horse"), http.StatusOK},
		{"another address", users, tacho.Access{Allow: []string{"192.0.2.0/24"}}, user("ann", "correct horse"), http.StatusForbidden},
		{"the file is checked first", users, tacho.Access{Allow: []string{"192.0.2.0/24"}}, nobody, http.StatusUnauthorized},
		{"one header cannot hold both a password and a token", users, tacho.Access{BearerTokens: []string{token}}, user("ann", "correct horse"), http.StatusUnauthorized},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			client := trusting(t, certificate(t, dir))
			s := start(t, write(t, dir, withTLS+test.file), quiet, &test.access)
			if got := get(t, client, s.url("https"), test.who).StatusCode; got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
		})
	}
}

// TestShutdown: after a last scrape, or at the latest after the timeout, the port is closed and
// Serve returns nil.
func TestShutdown(t *testing.T) {
	dir := t.TempDir()
	client := trusting(t, certificate(t, dir))
	file := write(t, dir, withTLS)

	t.Run("after a last scrape", func(t *testing.T) {
		s := start(t, file, quiet, nil)
		patient, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		shut := make(chan error, 1)
		go func() { shut <- s.meter.Shutdown(patient) }()
		if err := scrapeUntil(client, s.url("https"), shut); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
		if err := s.wait(t); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})

	t.Run("no scrape in time", func(t *testing.T) {
		s := start(t, file, quiet, nil)
		get(t, client, s.url("https"), nobody)
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if err := s.meter.Shutdown(short); !errors.Is(err, tacho.ErrNotScraped) {
			t.Errorf("Shutdown: %v", err)
		}
		if err := s.wait(t); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

// scrapeUntil scrapes until done has a value: from outside it cannot be seen which scrape is the
// first after a call of Shutdown.
func scrapeUntil(client *http.Client, url string, done <-chan error) error {
	for {
		select {
		case err := <-done:
			return err
		default:
			if answer, err := client.Get(url); err == nil {
				answer.Body.Close()
			}
		}
	}
}

// TestInvalid: an invalid file is refused at once, with its name and the fault.
func TestInvalid(t *testing.T) {
	for file, want := range map[string]string{
		"testdata/invalid-field.yml":       "line 2: field tls_config not found",
		"testdata/invalid-certificate.yml": "cert_file (" + filepath.Join("testdata", "absent.crt") + ")",
		"testdata/invalid-user.yml":        "basic_auth_users: a password is not a bcrypt hash",
		"testdata/invalid-header.yml":      `HTTP header "Server" can not be configured`,
		"testdata/absent.yml":              "open testdata/absent.yml: ",
	} {
		t.Run(filepath.Base(file), func(t *testing.T) {
			serve, err := web.Config(file, quiet)
			if err == nil || serve != nil {
				t.Fatalf("the file was accepted: %v", err)
			}
			name := "tacho: web configuration " + file + ": "
			if got := err.Error(); !strings.HasPrefix(got, name) || !strings.Contains(got, want) {
				t.Errorf("got  %s\nwant %s … %s", got, name, want)
			}
		})
	}
}

// TestBrokenBeforeServing: a file that becomes invalid between Config and Serve is named, too,
// and the port is closed.
func TestBrokenBeforeServing(t *testing.T) {
	file := write(t, t.TempDir(), "")
	serve, err := web.Config(file, quiet)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Dir(file), "users: {}")
	s := run(t, tacho.ServeOptions{ServeFunc: serve})
	if err := s.wait(t); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("Serve: %v", err)
	}
	if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
		t.Error("the port was left open")
	}
}

// TestLogger: the given logger receives messages; nil means slog.Default.
func TestLogger(t *testing.T) {
	var given, standard locked.Buffer
	serveOnce := func(logger *slog.Logger) {
		s := start(t, "", logger, nil)
		get(t, trusting(t, nil), s.url("http"), nobody)
	}
	setDefault(t, slog.New(slog.NewTextHandler(&standard, nil)))
	serveOnce(slog.New(slog.NewTextHandler(&given, nil)))
	if !strings.Contains(given.String(), "TLS is disabled") || standard.String() != "" {
		t.Errorf("the logger got %q, the default one %q", given.String(), standard.String())
	}
	serveOnce(nil)
	if !strings.Contains(standard.String(), "TLS is disabled") {
		t.Errorf("the default logger got %q", standard.String())
	}
}

// setDefault also restores package log, which slog.SetDefault redirects.
func setDefault(t *testing.T, l *slog.Logger) {
	before, flags := slog.Default(), log.Flags()
	slog.SetDefault(l)
	t.Cleanup(func() {
		slog.SetDefault(before)
		log.SetOutput(os.Stderr)
		log.SetFlags(flags)
	})
}
