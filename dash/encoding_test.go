package dash_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/tacho-go/tacho/dash"
)

func TestAcceptEncoding(t *testing.T) {
	h := dash.Handler(dash.Options{})
	for accept, want := range map[string]string{
		"":                        "",
		"gzip":                    "gzip",
		"gzip, deflate, br, zstd": "gzip",
		"br;q=1.0, GZIP ; q=0.5":  "gzip",
		"x-gzip":                  "gzip",
		"*":                       "gzip",
		"*;q=0.1":                 "gzip",
		"identity":                "",
		"br":                      "",
		"gzip;q=0":                "",
		"gzip;q=0.000, *":         "",
		"*;q=0":                   "",
		"gzip;q=much":             "",
		"gzip;level=9":            "",
		"notgzip, gzipped":        "",
	} {
		got := get(t, h, "GET", "/main.js", "Accept-Encoding", accept)
		if e := got.Header.Get("Content-Encoding"); e != want {
			t.Errorf("Accept-Encoding %q is answered with the encoding %q, want %q", accept, e, want)
		}
		if v := got.Header.Get("Vary"); v != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: Vary is %q", accept, v)
		}
	}
}

// TestCompressed: every file decompresses to its original, has its own ETag, and all
// files together are much smaller compressed.
func TestCompressed(t *testing.T) {
	h := dash.Handler(dash.Options{})
	plainSize, sentSize := 0, 0
	for name, want := range files(t) {
		plain := get(t, h, "GET", "/"+name)
		zipped := get(t, h, "GET", "/"+name, "Accept-Encoding", "gzip")
		sent, got := unzip(t, zipped)
		if got != want {
			t.Errorf("%s is another file when compressed", name)
		}
		if a, b := plain.Header.Get("Content-Type"), zipped.Header.Get("Content-Type"); a != b {
			t.Errorf("%s is %s, and %s when compressed", name, a, b)
		}
		checkHeaders(t, zipped.Header)
		plainSize += len(want)
		sentSize += sent
	}
	if sentSize*2 > plainSize {
		t.Errorf("%d of %d bytes are sent, want less than half", sentSize, plainSize)
	}
}

// unzip returns how much was sent, and the text.
func unzip(t *testing.T, answer *http.Response) (sent int, text string) {
	t.Helper()
	if answer.Header.Get("Content-Encoding") == "" {
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return len(body), string(body)
	}
	body := &counter{from: answer.Body}
	r, err := gzip.NewReader(body)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return body.n, string(all)
}

type counter struct {
	from io.Reader
	n    int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.n += n
	return n, err
}

// TestETagOfEncoding: caches do not mix up the encodings, and each is revalidated.
func TestETagOfEncoding(t *testing.T) {
	h := dash.Handler(dash.Options{})
	tag := map[string]string{}
	for _, accept := range []string{"identity", "gzip"} {
		tag[accept] = get(t, h, "GET", "/main.js", "Accept-Encoding", accept).Header.Get("ETag")
	}
	if tag["gzip"] == tag["identity"] {
		t.Fatalf("both encodings have the tag %s", tag["gzip"])
	}
	for _, test := range []struct {
		accept, has string
		status      int
	}{
		{"gzip", "gzip", 304}, {"identity", "identity", 304}, {"gzip", "identity", 200}, {"identity", "gzip", 200},
	} {
		got := get(t, h, "GET", "/main.js", "Accept-Encoding", test.accept, "If-None-Match", tag[test.has])
		if got.StatusCode != test.status {
			t.Errorf("asked for %s with the tag of %s: status %d, want %d", test.accept, test.has, got.StatusCode, test.status)
		}
		if got.StatusCode == 304 && (got.Header.Get("Vary") != "Accept-Encoding" || got.Header.Get("ETag") != tag[test.has]) {
			t.Errorf("the 304 for %s has other headers than the answer: %v", test.accept, got.Header)
		}
	}
}

// TestRealClient: Go's client requests gzip by default and decompresses it.
func TestRealClient(t *testing.T) {
	server := httptest.NewServer(dash.Handler(dash.Options{}))
	defer server.Close()
	for name, want := range files(t) {
		answer, err := server.Client().Get(server.URL + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || string(got) != want {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(want))
		}
	}
}
