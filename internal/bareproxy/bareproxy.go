// Package bareproxy is what tacho's proxy is compared with. Only benchmarks and tests import it.
package bareproxy

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/tacho-go/tacho/internal/copybuffer"
)

// New returns a ReverseProxy with a transport that is tuned for one upstream, and that flushes at once, so that
// clients get what an upstream sent before it failed; and nothing else.
func New(upstream string) *httputil.ReverseProxy {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost, t.MaxIdleConns, t.DisableCompression = 512, 0, true
	t.ReadBufferSize, t.WriteBufferSize = 16<<10, 16<<10
	to := &url.URL{Scheme: "http", Host: upstream}
	return &httputil.ReverseProxy{
		Transport: t, BufferPool: &copybuffer.Pool{}, FlushInterval: -1, ErrorLog: log.New(io.Discard, "", 0),
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.SetXForwarded() },
	}
}
