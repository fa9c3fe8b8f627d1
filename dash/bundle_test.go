package dash_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tacho-go/tacho/dash"
)

// TestBundleIsOfTheseModules: the bundle was built from the current modules. The tests of
// internal/bundler check that building works.
func TestBundleIsOfTheseModules(t *testing.T) {
	text, err := os.ReadFile("bundle/sources.txt")
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		sums[name] = sum
	}
	for name, text := range files(t) {
		if path.Ext(name) != ".js" && path.Ext(name) != ".css" {
			continue
		}
		if got := fmt.Sprintf("%x", sha256.Sum256([]byte(text))); got != sums[name] {
			t.Errorf("static/%s is not as it was when the bundle was made: run go generate ./dash", name)
		}
		delete(sums, name)
	}
	for name := range sums {
		t.Errorf("the bundle was made with static/%s, which is not there: run go generate ./dash", name)
	}
}

// A sourceMap maps places in a bundle to places in modules.
type sourceMap struct {
	Version  int
	Sources  []string
	Mappings string
}

// mapOf returns the source map of a served file.
func mapOf(t *testing.T, name string) sourceMap {
	t.Helper()
	_, file, found := strings.Cut(served(t, name), "# sourceMappingURL=")
	if !found {
		t.Fatalf("%s names no source map", name)
	}
	file, _, _ = strings.Cut(strings.TrimSpace(file), " ")
	var m sourceMap
	if err := json.Unmarshal([]byte(served(t, file)), &m); err != nil || m.Version != 3 {
		t.Fatalf("%s: version %d, %v", file, m.Version, err)
	}
	return m
}

func served(t *testing.T, name string) string {
	t.Helper()
	got := get(t, dash.Handler(dash.Options{}), "GET", "/"+name)
	body, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != 200 {
		t.Fatalf("%s: status %d, %v", name, got.StatusCode, err)
	}
	return string(body)
}

// A place is a position in a text, from zero; columns are those of UTF-16, as in
// browsers.
type place struct {
	source       string
	line, column int
}

// places returns the place in a module for each mapped place in the bundle.
func (m sourceMap) places(t *testing.T) map[place]place {
	t.Helper()
	all := map[place]place{}
	var source, line, column int
	for i, ofLine := range strings.Split(m.Mappings, ";") {
		at := 0
		for segment := range strings.SplitSeq(ofLine, ",") {
			n := numbers(t, segment)
			if len(n) < 4 {
				continue
			}
			at, source, line, column = at+n[0], source+n[1], line+n[2], column+n[3]
			all[place{"", i, at}] = place{m.Sources[source], line, column}
		}
	}
	return all
}

// numbers reads a segment: numbers in base 64, five bits in each character, the lowest
// first, where the sixth says that another follows and the very first bit is the sign.
func numbers(t *testing.T, segment string) []int {
	t.Helper()
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	var all []int
	n, shift := 0, 0
	for _, c := range segment {
		d := strings.IndexRune(digits, c)
		if d < 0 {
			t.Fatalf("%q is no part of a source map", segment)
		}
		n |= (d & 31) << shift
		if shift += 5; d&32 != 0 {
			continue
		}
		if n&1 != 0 {
			n = -n
		}
		all = append(all, n/2)
		n, shift = 0, 0
	}
	return all
}

// TestSourceMaps: places in a bundle map to the same words in their module, which is
// served, too.
func TestSourceMaps(t *testing.T) {
	for _, test := range []struct{ bundle, source, words string }{
		{"tacho-first.js", "main.js", `"no source"`},
		{"tacho-first.js", "api.js", `"no vector in the response"`},
		{"tacho-first.js", "messages.js", `"zh-CN"`}, // below the table, whose lines are empty in the build
		{"tacho-later.js", "complete.js", `"histogram_quantile"`},
		{"tacho.css", "theme.css", ".notice"},
	} {
		t.Run(test.bundle+" "+test.source, func(t *testing.T) {
			m := mapOf(t, test.bundle)
			loaded, text := served(t, test.bundle), served(t, test.source)
			found := 0
			for in, of := range m.places(t) {
				if of.source != test.source || !startsWith(loaded, in, test.words) {
					continue
				}
				found++
				if !startsWith(text, of, test.words) {
					t.Errorf("%+v is not %s, as the map says of %+v", of, test.words, in)
				}
			}
			if found == 0 {
				t.Errorf("nothing in %s points to %s in %s", test.bundle, test.words, test.source)
			}
		})
	}
}

// startsWith reports whether words are at a place of a text.
func startsWith(text string, at place, words string) bool {
	lines := strings.Split(text, "\n")
	if at.line >= len(lines) {
		return false
	}
	units := 0
	for i, r := range lines[at.line] {
		if units == at.column {
			return strings.HasPrefix(lines[at.line][i:], words)
		}
		if units++; r > 0xffff {
			units++
		}
	}
	return false
}

// TestTexts: the browser preloads the texts in its user's language, and no others.
func TestTexts(t *testing.T) {
	h := dash.Handler(dash.Options{})
	for accept, want := range map[string]string{
		"":                             "words.en.js",
		"en-US,en;q=0.9":               "words.en.js",
		"zh-CN,zh;q=0.9,en;q=0.8":      "words.zh-CN.js",
		"ZH":                           "words.zh-CN.js",
		"de-DE, zh-TW;q=0.7, en;q=0.3": "words.zh-CN.js",
		"de,fr;q=0.5":                  "words.en.js",
		"*":                            "words.en.js",
		"zhuang, en":                   "words.en.js",
	} {
		got := get(t, h, "GET", "/", "Accept-Language", accept).Header
		if link := got.Get("Link"); link != "<"+want+">; rel=modulepreload" {
			t.Errorf("Accept-Language %q: Link is %q, want %s", accept, link, want)
		}
		if vary := got.Values("Vary"); !slices.Contains(vary, "Accept-Language") || !slices.Contains(vary, "Accept-Encoding") {
			t.Errorf("Vary is %q", vary)
		}
		served(t, want)
	}
	if link := get(t, h, "GET", "/main.js").Header.Get("Link"); link != "" {
		t.Errorf("a module has the Link %q", link)
	}
}

// TestOnFirstUse: a browser fetches the files of index.html, and one more file for screens
// loaded on first use and for what is below the signals of a service; no single modules and no source maps.
func TestOnFirstUse(t *testing.T) {
	for _, test := range []struct{ fragment, later string }{{"#open=-", ""}, {"", "tacho-later.js"}, {"#page=alerts", "tacho-later.js"}, {"#page=explore", "tacho-later.js"}} {
		f := fake{alerts: "[]", answer: always(vector(shop()...))}
		target, err := url.Parse(f.serve(t, ""))
		if err != nil {
			t.Fatal(err)
		}
		var mu sync.Mutex
		var asked []string
		proxy := httputil.NewSingleHostReverseProxy(target)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if name := path.Base(r.URL.Path); path.Ext(name) == ".js" || path.Ext(name) == ".map" {
				mu.Lock()
				asked = append(asked, name)
				mu.Unlock()
			}
			proxy.ServeHTTP(w, r)
		}))
		browse(t, server.URL+"/"+test.fragment, 1500*time.Millisecond)
		server.Close()
		want := slices.DeleteFunc([]string{"tacho-first.js", test.later, "uPlot.iife.min.js", "words.en.js"}, func(s string) bool { return s == "" })
		if slices.Sort(asked); !slices.Equal(asked, want) {
			t.Errorf("%q: the browser fetched %q, want %q", test.fragment, asked, want)
		}
	}
}
