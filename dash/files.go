package dash

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

//go:generate go run ../internal/bundler -from static -to bundle

// What a browser loads, made of the modules by internal/bundler, and the modules: source
// maps point to them.
//
//go:embed bundle/*.css bundle/*.js bundle/*.map static
var embedded embed.FS

// contentTypes are written down because the operating system's own table may
// say otherwise, and browsers refuse a module that is not JavaScript.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
	".map":  "application/json",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// headers stand on every answer. The policy allows this origin's files alone;
// without 'unsafe-inline' no script and no style inside the page would run, and
// trusted types make assigning HTML from text an error.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'self'; require-trusted-types-for 'script'",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	// Ask each time; the ETag makes the answer a short "not modified".
	"Cache-Control": "no-cache",
}

func setHeaders(h http.Header) {
	for name, value := range headers {
		h.Set(name, value)
	}
}

// A file is an answer made once, as it is and compressed.
type file struct {
	contentType string
	plain       variant
	zipped      func() variant // no body if it would not be smaller
}

// A variant is one encoding of a file, with a tag of its own: a cache that
// holds one must not take it for the other.
type variant struct {
	body []byte
	etag string
}

func newFile(name string, body []byte) file {
	sum := sha256.Sum256(body)
	tag := hex.EncodeToString(sum[:12])
	return file{contentTypes[path.Ext(name)], variant{body, `"` + tag + `"`}, sync.OnceValue(func() variant {
		if zipped := compress(body); len(zipped) < len(body) {
			return variant{zipped, `"` + tag + `-gzip"`}
		}
		return variant{}
	})}
}

func compress(body []byte) []byte {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		panic(err) // the level is known
	}
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return out.Bytes()
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", f.contentType)
	v := f.plain
	if zipped := f.zipped(); zipped.body != nil {
		w.Header().Add("Vary", "Accept-Encoding")
		if acceptsGzip(r.Header) {
			w.Header().Set("Content-Encoding", "gzip")
			v = zipped
		}
	}
	w.Header().Set("ETag", v.etag)
	// No time: the binary's files have none, and the ETag says more.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(v.body))
}

// staticFiles returns every embedded file by its path below bundle/ or static/. All
// handlers share them, and each is compressed when it is first asked for: a browser never
// asks for most of the modules, nor for a source map.
var staticFiles = sync.OnceValue(makeStaticFiles)

func makeStaticFiles() map[string]file {
	files := map[string]file{}
	err := fs.WalkDir(embedded, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := embedded.ReadFile(name)
		_, below, _ := strings.Cut(name, "/")
		files[below] = newFile(below, body)
		return err
	})
	if err != nil {
		panic(err) // embedded by the compiler: they are there
	}
	return files
}

// configFile is how the options reach the page, which has no inline script.
func configFile(o Options) file {
	body, err := json.Marshal(struct {
		Title     string  `json:"title"`
		Hint      string  `json:"hint"`
		APIPath   string  `json:"apiPath"`
		BatchPath string  `json:"batchPath"`
		TraceURL  string  `json:"traceURL"`
		Arguments bool    `json:"arguments"`
		Schemas   []names `json:"schemas"`
	}{o.Title, o.Hint, o.APIPath, o.BatchPath, o.TraceURL, o.Arguments, knownNames()})
	if err != nil {
		panic(err) // strings: always JSON
	}
	return newFile("config.json", body)
}
