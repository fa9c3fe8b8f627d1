package server_test

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/golang/snappy"
	"github.com/prometheus/prometheus/prompb"
)

// push sends one sample of a series by remote write 1.0 and returns an error
// unless it was acknowledged.
func push(client *http.Client, base, name string, atMillis int64, value float64) error {
	body, err := (&prompb.WriteRequest{Timeseries: []prompb.TimeSeries{{
		Labels:  []prompb.Label{{Name: "__name__", Value: name}},
		Samples: []prompb.Sample{{Timestamp: atMillis, Value: value}},
	}}}).Marshal()
	if err != nil {
		return err
	}
	return pushBody(client, base, body)
}

func pushBody(client *http.Client, base string, body []byte) error {
	req, err := http.NewRequest(http.MethodPost, base+"api/v1/write", bytes.NewReader(snappy.Encode(nil, body)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("X-Prometheus-Remote-Write-Version", "0.1.0")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		var text bytes.Buffer
		_, _ = text.ReadFrom(resp.Body)
		return fmt.Errorf("%s: %s", resp.Status, text.String())
	}
	return nil
}

// wide returns a request with n series of one sample each; the labels are long
// so that few requests fill a small disk.
func wide(round, n int, atMillis int64) ([]byte, error) {
	var r prompb.WriteRequest
	for i := range n {
		r.Timeseries = append(r.Timeseries, prompb.TimeSeries{
			Labels: []prompb.Label{
				{Name: "__name__", Value: "wide"},
				{Name: "id", Value: fmt.Sprintf("%d-%d-%x", round, i, noise(uint64(round*n+i)))},
			},
			Samples: []prompb.Sample{{Timestamp: atMillis, Value: 1}},
		})
	}
	return r.Marshal()
}

// noise is a value that does not compress.
func noise(x uint64) []byte {
	out := make([]byte, 0, 512)
	for range 64 {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		x += 0x9e3779b97f4a7c15
		out = fmt.Append(out, x&0xffff)
	}
	return out
}
