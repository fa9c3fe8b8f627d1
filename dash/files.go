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

// The bundle that browsers load, built by internal/bundler, and the modules, to which
// the source maps point.
//
//go:embed bundle/*.css bundle/*.js bundle/*.map static
var embedded embed.FS

// contentTypes are explicit because the operating system's table can differ, and
// browsers reject a module that is not JavaScript.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
	".map":  "application/json",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// headers are set on every response. The policy allows only files of this origin.
// Without 'unsafe-inline' no inline script or style runs, and trusted types make
// assigning HTML from text an error.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'self'; require-trusted-types-for 'script'",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	// Revalidate each time; with the ETag the response is a short 304.
	"Cache-Control": "no-cache",
}

func setHeaders(h http.Header) {
	for name, value := range headers {
		h.Set(name, value)
	}
}

// A file is a prepared response, plain and compressed.
type file struct {
	contentType string
	plain       variant
	zipped      func() variant // no body if it would not be smaller
}

// A variant is one encoding of a file, with its own ETag, so that caches do not
// mix them up.
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
	_, _ = w.Write(body) // a buffer never fails
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
	// No modification time: embedded files have none, and the ETag is more precise.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(v.body))
}

// staticFiles returns the embedded files by their paths below bundle/ or static/. All
// handlers share them, and each is compressed on its first request: browsers rarely
// request modules and source maps.
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
		panic(err) // embedded, so they exist
	}
	return files
}

// configFile passes the options to the page, which has no inline script.
func configFile(o Options) file {
	body, err := json.Marshal(struct {
		Title       string  `json:"title"`
		Hint        string  `json:"hint"`
		HintChinese string  `json:"hintChinese,omitempty"`
		Demo        bool    `json:"demo"`
		Span        float64 `json:"span"` // seconds
		Version     string  `json:"version"`
		APIPath     string  `json:"apiPath"`
		BatchPath   string  `json:"batchPath"`
		VerdictPath string  `json:"verdictPath"`
		TraceURL    string  `json:"traceURL"`
		Arguments   bool    `json:"arguments"`
		Schemas     []names `json:"schemas"`
	}{o.Title, o.Hint, o.HintChinese, o.Demo, o.Span.Seconds(), o.Version, o.APIPath, o.BatchPath, o.VerdictPath, o.TraceURL, o.Arguments, knownNames()})
	if err != nil {
		panic(err) // strings: always JSON
	}
	return newFile("config.json", body)
}
