package web_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/web"
	"golang.org/x/crypto/bcrypt"
)

var quiet = slog.New(slog.DiscardHandler)

// A service is a Meter that serves its metrics on a separate port.
type service struct {
	meter    *tacho.Meter
	listener net.Listener
	ended    chan struct{} // closed when Serve has returned err
	err      error
}

// start serves with a configuration file until the test ends.
func start(t *testing.T, file string, logger *slog.Logger, access *tacho.Access) *service {
	t.Helper()
	serve, err := web.Config(file, logger)
	if err != nil {
		t.Fatal(err)
	}
	return run(t, tacho.ServeOptions{ServeFunc: serve, Access: access})
}

// run serves with these options.
func run(t *testing.T, o tacho.ServeOptions) *service {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o.Listener = l
	s := &service{meter: tacho.MustNew(tacho.Options{}), listener: l, ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		s.err = s.meter.Serve(t.Context(), o)
	}()
	t.Cleanup(func() { <-s.ended })
	return s
}

// wait returns the result of Serve, and fails the test if Serve does not return.
func (s *service) wait(t *testing.T) error {
	t.Helper()
	select {
	case <-s.ended:
		return s.err
	case <-time.After(30 * time.Second):
		t.Fatal("Serve does not return")
		return nil
	}
}

func (s *service) url(scheme string) string {
	return scheme + "://" + s.listener.Addr().String() + "/metrics"
}

// A login sets a request's Authorization header.
type login func(*http.Request)

func nobody(*http.Request) {}

func user(name, password string) login {
	return func(r *http.Request) { r.SetBasicAuth(name, password) }
}

func bearer(token string) login {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }
}

// get sends one request. It reads and checks the body: it has metrics if and only if the status
// is 200.
func get(t *testing.T, client *http.Client, url string, who login) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	who(request)
	answer, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	told := strings.Contains(string(body), "http_requests_in_flight")
	if told != (answer.StatusCode == http.StatusOK) {
		t.Errorf("%s, with metrics: %t", answer.Status, told)
	}
	return answer
}

// trusting returns a client that trusts these roots and presents a client certificate, if given.
func trusting(t *testing.T, roots *x509.CertPool, own ...tls.Certificate) *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: own}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 30 * time.Second}
}

// withTLS is the part of a file for the output of certificate.
const withTLS = "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\n"

// withUser returns the part of a file for ann and her password.
func withUser(t *testing.T, password string) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return "basic_auth_users: {ann: '" + string(hash) + "'}\n"
}

// write creates or replaces a web.yml in a folder.
func write(t *testing.T, dir, text string) string {
	t.Helper()
	file := filepath.Join(dir, "web.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// certificate writes cert.pem and key.pem for 127.0.0.1 and returns the trusted roots.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return roots
}
