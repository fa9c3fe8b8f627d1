package server_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"testing"
)

// absent returns which of the times have no sample of the series "pushed".
func absent(t *testing.T, base string, times []int64) (missing []int64) {
	t.Helper()
	resp, err := http.Get(base + "api/v1/query?query=" + url.QueryEscape("pushed[3h]"))
	if err != nil {
		t.Fatal(err)
	}
	code, body := status(t, resp)
	var answer struct {
		Data struct {
			Result []struct{ Values [][2]any }
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || code != http.StatusOK {
		t.Fatalf("query: %d %s", code, body)
	}
	there := map[int64]bool{}
	for _, series := range answer.Data.Result {
		for _, v := range series.Values {
			// The value of each sample is its time: the JSON of the time
			// itself is in seconds and rounded.
			at, err := strconv.ParseFloat(v[1].(string), 64)
			if err != nil {
				t.Fatal(err)
			}
			there[int64(at)] = true
		}
	}
	for _, at := range times {
		if !there[at] {
			missing = append(missing, at)
		}
	}
	return missing
}
