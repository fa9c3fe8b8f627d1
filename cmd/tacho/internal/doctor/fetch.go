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

// What Prometheus v3 asks for, in its own weights: by default, and when it
// scrapes native histograms. asText is what an old scraper would get.
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

// maxBody is where a scrape is given up: reading it all would cost the doctor
// what it costs Prometheus.
const maxBody = 256 << 20

var errTooLarge = fmt.Errorf("body size limit exceeded: the response is larger than %s", bytesText(maxBody))

// A visit is one request to the endpoint and its answer.
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
	err         error // it was not answered
	obstacle    error // the answer is no metrics, in plain words
}

func (v *visit) ok() bool { return v.err == nil && v.status == http.StatusOK }

type fetcher struct {
	client  http.Client
	target  *url.URL
	header  http.Header
	timeout time.Duration
	now     func() time.Time
	agent   string
	stay    bool // on one connection, and so with one of several processes
}

func newFetcher(o Options, target *url.URL) *fetcher {
	return &fetcher{client: *o.Client, target: target, header: o.Header, timeout: o.Timeout, now: o.now, agent: "tacho-doctor"}
}

// get makes one request, as a scrape of Prometheus is one, but on a connection
// of its own unless it is to stay.
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
	req.Header.Set("Accept-Encoding", "gzip") // what Prometheus sends without further flags
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", f.agent)
	}
	if host := req.Header.Get("Host"); host != "" { // which net/http takes from here alone
		req.Host = host
		req.Header.Del("Host")
	}
	req.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", strconv.FormatFloat(f.timeout.Seconds(), 'f', -1, 64))
	return req
}

// read takes the body, counting what came over the wire.
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

// anonymousClient asks as a stranger would: it has no credentials, and does
// not care who answers. Nothing is sent that could be stolen.
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

// answersStrangers reports whether the endpoint gives metrics to somebody
// without credentials.
func (f *fetcher) answersStrangers(ctx context.Context, stranger *http.Client) bool {
	asked := *f
	asked.client, asked.header = *stranger, nil
	bare := *f.target
	bare.User = nil
	asked.target = &bare
	v := asked.get(ctx, asText)
	return v.ok() && len(v.body) > 0 && !isHTML(v)
}

// pause waits, or ends early with the context.
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
