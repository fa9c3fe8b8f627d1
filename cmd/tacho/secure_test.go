package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// TestServeSecured: exporter-toolkit's file sets TLS and a user. Without the password no
// data is readable, and the server can still scrape itself.
func TestServeSecured(t *testing.T) {
	t.Parallel() // it mostly waits
	dir := t.TempDir()
	roots := certificate(t, dir)
	hash, err := bcrypt.GenerateFromPassword([]byte("correct horse"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "web.yml")
	text := "tls_server_config: {cert_file: cert.pem, key_file: key.pem}\nbasic_auth_users: {ann: '" + string(hash) + "'}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := spawn(t, nil, "serve", newService(t, goodService), "--listen", "127.0.0.1:0", "--web-config", file, "--interval", "1s")
	page := p.says(pageLine)
	if !strings.HasPrefix(page, "https://") {
		t.Fatalf("the page is at %s", page)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport}
	named := strings.Replace(page, "https://", "https://ann:correct%20horse@", 1)
	p.await("readiness", 30*time.Second, func() bool { code, _ := get(t, client, named+"-/ready"); return code == http.StatusOK })
	for _, path := range []string{"", "metrics", "api/v1/query?query=up", "-/ready", "alerts/TachoPanics.md"} {
		if code, _ := get(t, client, page+path); code != http.StatusUnauthorized {
			t.Errorf("/%s answers %d without a password", path, code)
		}
	}
	p.await("the own scrape", 30*time.Second, func() bool {
		_, body := get(t, client, named+"api/v1/query?query=up%7Bjob%3D%22tacho%22%7D")
		return strings.Contains(body, `"1"]`)
	})
	p.end(syscall.SIGTERM)
}

// certificate writes cert.pem and key.pem for 127.0.0.1 and returns the pool that trusts
// them.
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
