package dash_test

import (
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tacho-go/tacho/dash"
)

// get sends a request to a handler.
func get(t *testing.T, h http.Handler, method, target string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// files returns the path of every file below static/, and its text.
func files(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir("static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := os.ReadFile(name)
		all[strings.TrimPrefix(filepath.ToSlash(name), "static/")] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAnswers(t *testing.T) {
	h := dash.Handler(dash.Options{})
	for _, test := range []struct {
		name, method, target string
		status               int
		contentType          string
	}{
		{"the page", "GET", "/", 200, "text/html; charset=utf-8"},
		{"the page by its name", "GET", "/index.html", 200, "text/html; charset=utf-8"},
		{"the page's head", "HEAD", "/", 200, "text/html; charset=utf-8"},
		{"a query is not a path", "GET", "/?a=b", 200, "text/html; charset=utf-8"},
		{"a module", "GET", "/main.js", 200, "text/javascript; charset=utf-8"},
		{"styles", "GET", "/theme.css", 200, "text/css; charset=utf-8"},
		{"the options", "GET", "/config.json", 200, "application/json"},
		{"the icon", "GET", "/icon.svg", 200, "image/svg+xml"},
		{"no such file", "GET", "/nothing.js", 404, "text/plain; charset=utf-8"},
		{"no listing", "GET", "/static/", 404, "text/plain; charset=utf-8"},
		{"no way out of the folder", "GET", "/../dash.go", 404, "text/plain; charset=utf-8"},
		{"the API is another handler's", "GET", "/api/v1/query", 404, "text/plain; charset=utf-8"},
		{"nothing to post", "POST", "/", 405, "text/plain; charset=utf-8"},
		{"nothing to delete", "DELETE", "/main.js", 405, "text/plain; charset=utf-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := get(t, h, test.method, test.target)
			if got.StatusCode != test.status || got.Header.Get("Content-Type") != test.contentType {
				t.Errorf("got %d %s, want %d %s", got.StatusCode, got.Header.Get("Content-Type"), test.status, test.contentType)
			}
			if allow := got.Header.Get("Allow"); (allow == "GET, HEAD") != (test.status == 405) {
				t.Errorf("Allow is %q", allow)
			}
			checkHeaders(t, got.Header)
		})
	}
}

func checkHeaders(t *testing.T, got http.Header) {
	t.Helper()
	policy := got.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'self';") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("the content policy lets too much in: %q", policy)
	}
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff",
		"Referrer-Policy":        "no-referrer",
		"Cache-Control":          "no-cache",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
}

// TestETags: a browser that has a file gets 304, and ETags depend only on the
// content, not on the handler.
func TestETags(t *testing.T) {
	h, again := dash.Handler(dash.Options{}), dash.Handler(dash.Options{Title: "shop"})
	seen := map[string]string{}
	for name := range files(t) {
		tag := get(t, h, "GET", "/"+name).Header.Get("ETag")
		if tag == "" || seen[tag] != "" {
			t.Errorf("%s: its ETag %q is empty or that of %q", name, tag, seen[tag])
		}
		seen[tag] = name
		if got := get(t, h, "GET", "/"+name, "If-None-Match", tag); got.StatusCode != http.StatusNotModified {
			t.Errorf("%s with its own tag: status %d, want 304", name, got.StatusCode)
		}
		if got := get(t, h, "GET", "/"+name, "If-None-Match", `"old"`); got.StatusCode != http.StatusOK {
			t.Errorf("%s with an old tag: status %d, want 200", name, got.StatusCode)
		}
		if other := get(t, again, "GET", "/"+name).Header.Get("ETag"); other != tag {
			t.Errorf("%s has two tags: %s and %s", name, tag, other)
		}
	}
	if a, b := get(t, h, "GET", "/config.json"), get(t, again, "GET", "/config.json"); a.Header.Get("ETag") == b.Header.Get("ETag") {
		t.Error("other options, but the same ETag")
	}
}

func TestOptions(t *testing.T) {
	type config struct {
		Title, Hint, HintChinese, APIPath, BatchPath, TraceURL string
		Arguments                                              bool
	}
	for _, test := range []struct {
		name string
		o    dash.Options
		want config
	}{
		{"zero", dash.Options{}, config{"tacho", "", "", "api/v1", "", "", false}},
		{"all", dash.Options{Title: "Shop", Hint: "at 0:45 …", HintChinese: "0:45 起……", APIPath: "/prometheus/api/v1/", BatchPath: "api/tacho/batch", TraceURL: "https://tempo/{trace_id}", Arguments: true}, config{"Shop", "at 0:45 …", "0:45 起……", "/prometheus/api/v1", "api/tacho/batch", "https://tempo/{trace_id}", true}},
		{"text is no HTML", dash.Options{Title: "<script>"}, config{"<script>", "", "", "api/v1", "", "", false}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got config
			answer := get(t, dash.Handler(test.o), "GET", "/config.json")
			if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || got != test.want {
				t.Errorf("config.json: got %+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

// TestPrefix: relative URLs need the slash at the end of the page's address.
func TestPrefix(t *testing.T) {
	h := dash.Handler(dash.Options{})
	for _, test := range []struct {
		name, strip, target string
		status              int
		location            string
	}{
		{"prefix", "/tacho", "/tacho/", 200, ""},
		{"a file below it", "/tacho", "/tacho/main.js", 200, ""},
		{"prefix without slash", "/tacho", "/tacho", 301, "./tacho/"},
		{"two segments and a query", "/a/b", "/a/b?x=y", 301, "./b/?x=y"},
		{"stripped with its slash", "/tacho/", "/tacho/", 200, ""},
		{"a file, stripped with its slash", "/tacho/", "/tacho/main.js", 200, ""},
		{"a name that looks like a host", "//evil.example", "//evil.example", 301, "./evil.example/"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := get(t, http.StripPrefix(test.strip, h), "GET", test.target)
			if got.StatusCode != test.status || got.Header.Get("Location") != test.location {
				t.Errorf("got %d %q, want %d %q", got.StatusCode, got.Header.Get("Location"), test.status, test.location)
			}
		})
	}
}

// TestSelfContained: nothing comes from another host or from the origin's root, and
// nothing is inline, so that the page works offline, below a prefix, and under its
// content security policy.
func TestSelfContained(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"an address of another host": regexp.MustCompile(`(?i)(https?|wss?):?//|["'(]//`),
		"a URL from the root":        regexp.MustCompile(`(?i)(src|href|action)=["']/|(from|import|fetch)\s*\(?["']/|url\(["']?/`),
		"an inline script":           regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|javascript:`),
		"an inline handler":          regexp.MustCompile(`(?i)<[^>]*\son\w+=`),
		"an inline style":            regexp.MustCompile(`(?i)<style|\sstyle=|setAttribute\("style`),
		"HTML made from text":        regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function`),
	}
	all := files(t)
	for _, bundle := range []string{"tacho-first.js", "tacho-later.js", "tacho.css", "words.en.js", "words.zh-CN.js"} {
		all[bundle] = served(t, bundle)
	}
	for name, text := range all {
		text = strings.ReplaceAll(text, `"http://www.w3.org/2000/svg"`, "")          // a name, not an address
		text = strings.ReplaceAll(text, "/*! https://github.com/leeoniya/uPlot", "") // where a file comes from, in a comment
		for what, pattern := range forbidden {
			if found := pattern.FindString(text); found != "" {
				t.Errorf("%s has %s: %q", name, what, found)
			}
		}
	}
}

// TestFirstLoad: the files of index.html exist and are few.
func TestFirstLoad(t *testing.T) {
	h := dash.Handler(dash.Options{})
	asked := []string{"", "config.json"}
	linked := get(t, h, "GET", "/").Header.Get("Link")
	for _, m := range regexp.MustCompile(`(?m)(?:(?:href|src)="|^<)([\w./-]+\.\w+)[">]`).FindAllStringSubmatch(files(t)["index.html"]+"\n"+linked, -1) {
		asked = append(asked, m[1])
	}
	size := 0
	for _, name := range asked {
		got := get(t, h, "GET", "/"+name, "Accept-Encoding", "gzip")
		body, err := io.ReadAll(got.Body)
		if err != nil || got.StatusCode != http.StatusOK {
			t.Errorf("%s: status %d, %v", name, got.StatusCode, err)
		}
		size += len(body)
	}
	t.Logf("%d files, %d bytes compressed", len(asked), size)
	if size > 100_000 || len(asked) > 10 {
		t.Errorf("the first load takes %d files and %d bytes, want at most 10 and 100,000 (the answers of the API come on top)", len(asked), size)
	}
}

// messagesOf are the keys of a message table.
func messagesOf(text string) []string {
	table, _, _ := strings.Cut(text, "\n};")
	var keys []string
	for _, m := range regexp.MustCompile(`(?m)^  (\w+): \["`).FindAllStringSubmatch(table, -1) {
		keys = append(keys, m[1])
	}
	return keys
}

// TestMessages: every text is in messages.js or latermessages.js, and every text there
// is used; modules of the first load use only the first table.
func TestMessages(t *testing.T) {
	all := files(t)
	first := messagesOf(all["messages.js"])
	keys := append(messagesOf(all["latermessages.js"]), first...)
	var code strings.Builder
	for name, text := range all {
		if name != "messages.js" && name != "latermessages.js" {
			code.WriteString(text)
		}
	}
	said := regexp.MustCompile(`(?:say\("|data-say=")(\w+)"`)
	for _, m := range said.FindAllStringSubmatch(code.String(), -1) {
		if !slices.Contains(keys, m[1]) {
			t.Errorf("messages.js lacks %q", m[1])
		}
	}
	loaded := all["index.html"]
	for _, name := range mapOf(t, "tacho-first.js").Sources {
		loaded += all[name]
	}
	for _, m := range said.FindAllStringSubmatch(loaded, -1) {
		if !slices.Contains(first, m[1]) {
			t.Errorf("the first load uses %q, which is loaded later: it belongs in messages.js", m[1])
		}
	}
	// Composed keys: a state, a kind of problem, a column or a part of the query,
	// with a prefix or suffix.
	built := regexp.MustCompile(`^(why|query|resource|changed)[A-Z]|^(vs|claim|sentence|clause|do|key|only|common|commonMore|box|boxOne|export|firesFor|firesForNobody|traitOnly|traitOne|slow)_|(Means|How|Key)$`)
	used := map[string]bool{} // as a string, or as the name of a field
	for _, m := range regexp.MustCompile(`["'](\w+)["']|\b(\w+):`).FindAllStringSubmatch(code.String(), -1) {
		used[m[1]+m[2]] = true
	}
	for _, key := range keys {
		if !built.MatchString(key) && !used[key] {
			t.Errorf("nothing uses %q", key)
		}
	}
}
