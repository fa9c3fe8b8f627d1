package doctor

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The Accept headers of Prometheus v3: by default, and for native histograms. asText is
// the header of an old scraper.
const (
	asDefault = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.7," +
		"application/openmetrics-text;version=0.0.1;q=0.6," +
		"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5," +
		"text/plain;version=0.0.4;q=0.4,*/*;q=0.3"
	asProtobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7," +
		"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
		"application/openmetrics-text;version=0.0.1;q=0.5," +
		"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4," +
		"text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
	asText = "text/plain;version=0.0.4;q=0.9,*/*;q=0.1"
)

// maxBody is the maximum size of a response.
const maxBody = 256 << 20

var errTooLarge = fmt.Errorf("body size limit exceeded: the response is larger than %s", bytesText(maxBody))

// A visit is one request to the endpoint and its response.
type visit struct {
	accept      string
	began       time.Time
	took        time.Duration // until the last byte
	status      int
	contentType string
	location    string // final URL if there were redirects
	encoded     bool   // gzip
	wire        int64  // bytes sent
	body        []byte // decoded; nil once it is parsed
	size        int64  // bytes decoded
	exposition  *exposition
	err         error // there was no response
	obstacle    error // why the response has no metrics, in plain words
}

func (v *visit) ok() bool { return v.err == nil && v.status == http.StatusOK }

type fetcher struct {
	client  http.Client
	target  *url.URL
	header  http.Header
	timeout time.Duration
	now     func() time.Time
	agent   string
	stay    bool // keep the connection, and so the process
}

func newFetcher(o Options, target *url.URL) *fetcher {
	return &fetcher{client: *o.Client, target: target, header: o.Header, timeout: o.Timeout, now: o.now, agent: "tacho-doctor"}
}

// get makes one request like a Prometheus scrape, but on a new connection unless stay is
// set.
func (f *fetcher) get(ctx context.Context, accept string) *visit {
	ctx, cancel := context.WithTimeout(ctx, f.timeout)
	defer cancel()
	v := &visit{accept: accept, began: f.now()}
	resp, err := f.client.Do(f.request(ctx, accept))
	if err != nil {
		v.err = err
		return v
	}
	defer resp.Body.Close()
	v.status, v.contentType = resp.StatusCode, resp.Header.Get("Content-Type")
	if final := resp.Request.URL.String(); final != f.target.String() {
		v.location = final
	}
	v.read(resp)
	v.took = f.now().Sub(v.began)
	return v
}

func (f *fetcher) request(ctx context.Context, accept string) *http.Request {
	u := *f.target
	req := (&http.Request{Method: http.MethodGet, URL: &u, Header: f.header.Clone(), Close: !f.stay}).WithContext(ctx)
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Accept-Encoding", "gzip") // Prometheus's default
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", f.agent)
	}
	if host := req.Header.Get("Host"); host != "" { // net/http ignores the header
		req.Host = host
		req.Header.Del("Host")
	}
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", strconv.FormatFloat(f.timeout.Seconds(), 'f', -1, 64))
	return req
}

// read reads the body and counts the bytes on the wire.
func (v *visit) read(resp *http.Response) {
	counted := &countingReader{r: resp.Body}
	defer func() { v.wire = counted.n }()
	var body io.Reader = counted
	if resp.Header.Get("Content-Encoding") == "gzip" {
		v.encoded = true
		unzipped, err := gzip.NewReader(counted)
		if err != nil {
			v.err = err
			return
		}
		body = unzipped
	}
	var buf bytes.Buffer
	n, err := buf.ReadFrom(io.LimitReader(body, maxBody+1))
	switch {
	case err != nil:
		v.err = fmt.Errorf("%w after %s", err, bytesText(float64(n)))
	case n > maxBody:
		v.err = errTooLarge
	}
	v.body, v.size = buf.Bytes(), n
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += int64(n)
	return n, err
}

// anonymousClient returns a client without credentials. It does not verify certificates,
// because it sends nothing secret.
func anonymousClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:             http.ProxyFromEnvironment,
			TLSClientConfig:   &tls.Config{InsecureSkipVerify: true},
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// allowsAnonymous reports whether the endpoint returns metrics without credentials.
func (f *fetcher) allowsAnonymous(ctx context.Context, stranger *http.Client) bool {
	asked := *f
	asked.client, asked.header = *stranger, nil
	bare := *f.target
	bare.User = nil
	asked.target = &bare
	v := asked.get(ctx, asText)
	return v.ok() && len(v.body) > 0 && !isHTML(v)
}

// pause waits until d has passed or ctx is done.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return errors.Join(errors.New("interrupted"), ctx.Err())
	}
}
