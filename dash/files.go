package dash

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed static
var static embed.FS

// contentTypes are written down because the operating system's own table may
// say otherwise, and browsers refuse a module that is not JavaScript.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".json": "application/json",
	".svg":  "image/svg+xml",
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

// A file is an answer made once: its bytes, its type and a tag of its content.
type file struct {
	body        []byte
	contentType string
	etag        string
}

func newFile(name string, body []byte) file {
	sum := sha256.Sum256(body)
	return file{body, contentTypes[path.Ext(name)], `"` + hex.EncodeToString(sum[:12]) + `"`}
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", f.contentType)
	w.Header().Set("ETag", f.etag)
	// No time: the binary's files have none, and the ETag says more.
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.body))
}

// staticFiles returns every embedded file by its path below static/.
func staticFiles() map[string]file {
	files := map[string]file{}
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := static.ReadFile(name)
		files[strings.TrimPrefix(name, "static/")] = newFile(name, body)
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
		Title   string `json:"title"`
		Hint    string `json:"hint"`
		APIPath string `json:"apiPath"`
	}{o.Title, o.Hint, o.APIPath})
	if err != nil {
		panic(err) // three strings: always JSON
	}
	return newFile("config.json", body)
}
