package verdict

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// API is a Querier over a Prometheus HTTP API.
type API struct {
	URL    string       // of the server, such as http://127.0.0.1:9090, with a prefix if it has one
	Client *http.Client // nil means http.DefaultClient
	Header http.Header  // sent with each query
}

// maxAnswer bounds the response to a query, in bytes.
const maxAnswer = 64 << 20

// Query implements Querier.
func (a API) Query(ctx context.Context, expr string, at time.Time) ([]Series, error) {
	return a.get(ctx, "query", url.Values{"query": {expr}, "time": {unix(at)}})
}

// QueryRange implements Querier.
func (a API) QueryRange(ctx context.Context, expr string, start, end time.Time, step time.Duration) ([]Series, error) {
	return a.get(ctx, "query_range", url.Values{
		"query": {expr}, "start": {unix(start)}, "end": {unix(end)}, "step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)},
	})
}

func unix(t time.Time) string { return strconv.FormatFloat(float64(t.UnixMilli())/1000, 'f', 3, 64) }

// get runs a query. It is sent as a form, because queries can be longer than URLs.
func (a API) get(ctx context.Context, endpoint string, form url.Values) ([]Series, error) {
	r, err := a.send(ctx, http.MethodPost, endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	return decode(r)
}

// send makes a request to an endpoint of the API.
func (a API) send(ctx context.Context, method, endpoint string, form io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(a.URL, "/")+"/api/v1/"+endpoint, form)
	if err != nil {
		return nil, err
	}
	for name, values := range a.Header {
		r.Header[name] = values
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	client := a.Client
	if client == nil {
		client = http.DefaultClient
	}
	return client.Do(r)
}

// An answer is a response of the API.
type answer struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		Result []struct {
			Metric map[string]string `json:"metric"`
			Value  *point            `json:"value"`
			Values []point           `json:"values"`
		} `json:"result"`
	} `json:"data"`
}

func decode(r *http.Response) ([]Series, error) {
	var a answer
	if err := json.NewDecoder(io.LimitReader(r.Body, maxAnswer)).Decode(&a); err != nil {
		if r.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s responded with %s: is it the address of a Prometheus server?", r.Request.URL.Redacted(), r.Status)
		}
		return nil, fmt.Errorf("%s: the response is not that of a Prometheus API: %w", r.Request.URL.Redacted(), err)
	}
	if a.Status != "success" {
		return nil, errors.New(a.Error)
	}
	var all []Series
	for _, x := range a.Data.Result {
		s := Series{Labels: x.Metric}
		if x.Value != nil {
			x.Values = []point{*x.Value}
		}
		for _, p := range x.Values {
			s.Points = append(s.Points, Point(p))
		}
		all = append(all, s)
	}
	return all, nil
}

// A point is decoded from a time in seconds and a value in a string.
type point Point

// UnmarshalJSON implements json.Unmarshaler.
func (p *point) UnmarshalJSON(b []byte) error {
	var seconds float64
	var value string
	if err := json.Unmarshal(b, &[]any{&seconds, &value}); err != nil {
		return err
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return err
	}
	p.At, p.Value = time.UnixMilli(int64(seconds*1000+0.5)).UTC(), v
	return nil
}
