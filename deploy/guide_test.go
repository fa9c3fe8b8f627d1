//go:build linux

package deploy

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/testfile"
)

// The other promises of docs/deploy.md.

// A password for the tests and its bcrypt hash in htpasswd's format.
const (
	password     = "tacho-test"
	passwordHash = "$2y$10$abcdefghijklmnopqrstuug1D24qvYYWYxE/9gv7XgxfDe73NkKTu"
)

// TestWebConfig: the example allows the user over TLS, and nobody else.
func TestWebConfig(t *testing.T) {
	dir := t.TempDir()
	roots := newCertificate(t, filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	file := testfile.Write(t, filepath.Join(dir, "web.yml"), strings.ReplaceAll(read(t, "web.yml"), "put-a-bcrypt-hash-here", "'"+passwordHash+"'"))
	cmd := exec.Command(tachoProgram(t), "serve", "--web-config", file, "--listen=127.0.0.1:0", "--data-dir", t.TempDir(), service(t))
	p := start(t, cmd)
	if !strings.HasPrefix(p.url, "https://") {
		t.Fatalf("the page is at %s; want https", p.url)
	}

	secure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer secure.CloseIdleConnections()
	user := &http.Client{Transport: as("admin", password, secure.Transport)}
	p.awaitReady(user)
	for _, row := range []struct {
		who    string
		client *http.Client
		url    string
		want   int
	}{
		{"the user", user, p.url, http.StatusOK},
		{"nobody", secure, p.url, http.StatusUnauthorized},
		{"API without login", secure, p.url + "api/v1/labels", http.StatusUnauthorized},
		{"metrics without login", secure, p.url + "metrics", http.StatusUnauthorized},
		{"a wrong password", &http.Client{Transport: as("admin", "tacho", secure.Transport)}, p.url, http.StatusUnauthorized},
		{"untrusted certificate", &http.Client{Transport: as("admin", password, http.DefaultTransport)}, p.url, 0},
		{"plain HTTP", user, strings.Replace(p.url, "https", "http", 1), http.StatusBadRequest},
	} {
		if status, body := get(row.client, row.url); status != row.want {
			t.Errorf("%s: %d %s; want %d", row.who, status, body, row.want)
		}
	}
}

// as sends a name and a password with each request.
func as(name, password string, next http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.SetBasicAuth(name, password)
		return next.RoundTrip(r)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// newCertificate writes a certificate for 127.0.0.1 and its key, and returns the trusted roots.
func newCertificate(t *testing.T, certFile, keyFile string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tacho"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})
	testfile.Write(t, certFile, string(public))
	testfile.Write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(public)
	return pool
}

// TestWebConfigUntouched: tacho does not start with the example's placeholder for a hash.
func TestWebConfigUntouched(t *testing.T) {
	dir := t.TempDir()
	newCertificate(t, filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	file := testfile.Write(t, filepath.Join(dir, "web.yml"), read(t, "web.yml"))
	if said := refused(t, "serve", "--web-config", file, "--data-dir", t.TempDir()); !strings.Contains(said, "bcrypt") {
		t.Errorf("got %s; want an error about the hash", said)
	}
}

// TestReverseProxy: behind a proxy that keeps the path, the page, the API and links work.
func TestReverseProxy(t *testing.T) {
	var behind *url.URL
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		httputil.NewSingleHostReverseProxy(behind).ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	address := freeAddress(t)
	behind = &url.URL{Scheme: "http", Host: address}
	cmd := exec.Command(tachoProgram(t), "serve", "--listen", address, "--external-url", proxy.URL+"/tacho/", "--data-dir", t.TempDir(), service(t))
	p := start(t, cmd)
	if p.url != proxy.URL+"/tacho/" {
		t.Fatalf("it prints %s as its page; want the proxy's, %s/tacho/", p.url, proxy.URL)
	}
	p.awaitReady(http.DefaultClient)
	for path, want := range map[string]string{
		"/":                            "<!doctype html",
		"/tacho":                       "<!doctype html",
		"/tacho/":                      "<!doctype html",
		"/tacho/api/v1/labels":         `"status":"success"`,
		"/tacho/alerts/TachoPanics.md": "# TachoPanics",
		"/elsewhere/api/v1/labels":     "not found",
	} {
		if _, body := get(http.DefaultClient, proxy.URL+path); !strings.Contains(strings.ToLower(body), strings.ToLower(want)) {
			t.Errorf("%s returns %.300s; want %s in it", path, body, want)
		}
	}
}

// freeAddress returns an unused address of the loopback interface.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// TestBackup: a copied snapshot works as a data folder.
func TestBackup(t *testing.T) {
	data, backup := t.TempDir(), t.TempDir()
	cmd := exec.Command(tachoProgram(t), "serve", "--admin-api", "--interval=1s", "--listen=127.0.0.1:0", "--data-dir", data, service(t))
	p := start(t, cmd)
	p.awaitReady(http.DefaultClient)
	p.awaitQuery("last_over_time(orders_total[1h])", "7")

	resp, err := http.Post(p.url+"api/v1/admin/tsdb/snapshot", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Data struct{ Name string } }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Data.Name == "" {
		t.Fatalf("the snapshot is %+v, %v", answer, err)
	}
	if err := os.CopyFS(filepath.Join(backup, "data"), os.DirFS(filepath.Join(data, "snapshots", answer.Data.Name))); err != nil {
		t.Fatal(err)
	}
	p.stop(10 * time.Second)

	// Nothing is scraped here, so all data was restored.
	cmd = exec.Command(tachoProgram(t), "serve", "--listen=127.0.0.1:0", "--data-dir", filepath.Join(backup, "data"),
		testfile.Write(t, filepath.Join(backup, "targets.json"), "[]"))
	restored := start(t, cmd)
	restored.awaitReady(http.DefaultClient)
	restored.awaitQuery("last_over_time(orders_total[1h])", "7")
}

// TestRemoteWrite: samples that one server scrapes reach another.
func TestRemoteWrite(t *testing.T) {
	nothing := testfile.Write(t, filepath.Join(t.TempDir(), "targets.json"), "[]")
	receiver := serve(t, nil, "--receive", nothing)
	serve(t, nil, "--interval=1s", "--remote-write", receiver.url+"api/v1/write", "shop="+service(t))
	receiver.awaitQuery(`orders_total{job="shop"}`, "7")
}

// notOurs are flags of other programs in docs/deploy.md.
var notOurs = []string{"add-host", "build-arg", "network", "name", "now", "read-only", "rm", "system"}

// TestGuide: docs/deploy.md names every file of this folder except tests, and only flags that
// exist.
func TestGuide(t *testing.T) {
	guide := read(t, "../docs/deploy.md")
	flags := slices.Concat(notOurs, flagsOf(t, "serve"), flagsOf(t, "demo"))
	for _, flag := range regexp.MustCompile(`--([a-z][a-z-]*)`).FindAllStringSubmatch(guide, -1) {
		if !slices.Contains(flags, flag[1]) {
			t.Errorf("the guide has an unknown flag: --%s", flag[1])
		}
	}
	for _, dir := range []string{".", "kubernetes", "cluster", "cluster/kubernetes"} {
		entries, err := fs.ReadDir(os.DirFS("."), dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			name := filepath.ToSlash(filepath.Join("deploy", dir, e.Name()))
			if !strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, ".dockerignore") && name != "deploy/check" && name != "deploy/cluster/engines" && !strings.Contains(guide, name) {
				t.Errorf("the guide does not name %s", name)
			}
		}
	}
}
