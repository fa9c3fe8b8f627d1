package remotewrite

import (
	"context"
	"net/http"
	"strconv"
	"time"

	remoteapi "github.com/prometheus/client_golang/exp/api/remote"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/storage/remote"
)

func isV2(c *config.RemoteWriteConfig) bool { return c.ProtobufMessage == remoteapi.WriteV2MessageType }

// newClient creates Prometheus's client of a receiver: HTTP, users, TLS and the signatures of
// clouds.
func newClient(name string, c *config.RemoteWriteConfig) (remote.WriteClient, error) {
	client, err := remote.NewWriteClient(name, &remote.ClientConfig{
		URL: c.URL, WriteProtoMsg: c.ProtobufMessage, Timeout: c.RemoteTimeout,
		HTTPClientConfig: c.HTTPClientConfig, SigV4Config: c.SigV4Config, AzureADConfig: c.AzureADConfig,
		GoogleIAMConfig: c.GoogleIAMConfig, Headers: c.Headers, RoundRobinDNS: c.RoundRobinDNS,
		RetryOnRateLimit: c.QueueConfig.RetryOnRateLimit,
	})
	if err != nil {
		return nil, err
	}
	if own, ok := client.(*remote.Client); ok {
		own.Client.Transport = retryAfterTransport{own.Client.Transport}
	}
	return client, nil
}

// A retryAfterTransport copies the header Retry-After of a response to the *time.Duration of
// the request's context: Prometheus's client does not export it.
type retryAfterTransport struct{ http.RoundTripper }

type retryAfterKey struct{}

// RoundTrip implements http.RoundTripper.
func (t retryAfterTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(r)
	if wait, ok := r.Context().Value(retryAfterKey{}).(*time.Duration); ok && err == nil {
		*wait = retryAfter(resp.Header.Get("Retry-After"), time.Now())
	}
	return resp, err
}

// maxRetryAfter limits what a receiver can ask for.
const maxRetryAfter = 5 * time.Minute

// retryAfter parses the header: seconds or a time. It returns 0 for anything else.
func retryAfter(text string, now time.Time) time.Duration {
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 0 {
		return 0
	}
	return time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
}

// store sends a request once and returns what the receiver says about a repetition.
func store(ctx context.Context, c remote.WriteClient, body []byte, attempt int) (stats remote.WriteResponseStats, wait time.Duration, err error) {
	stats, err = c.Store(context.WithValue(ctx, retryAfterKey{}, &wait), body, attempt)
	return stats, wait, err
}
