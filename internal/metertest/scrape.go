package metertest

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/proto"
)

// Body is what a handler answers a scraper.
func Body(t *testing.T, h http.Handler, accept string) string {
	t.Helper()
	_, b := Scrape(t, h, accept, "")
	return strings.ReplaceAll(string(b), " 1.0\n", " 1\n") // as OpenMetrics writes it
}

// What scrapers accept.
const (
	AcceptText        = "text/plain;version=0.0.4"
	AcceptOpenMetrics = "application/openmetrics-text;version=1.0.0"
	AcceptProtobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
)

// Scrape has a handler answer a scraper, and checks that it does.
func Scrape(t *testing.T, h http.Handler, accept, encoding string) (*http.Response, []byte) {
	t.Helper()
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", accept)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Fatalf("the scrape was answered %d: %s", w.Code, w.Body)
	}
	return w.Result(), w.Body.Bytes()
}

// SortedLines are the lines of a scrape.
func SortedLines(b []byte) []string {
	lines := strings.Split(string(b), "\n")
	slices.Sort(lines)
	return lines
}

// volatile are lines of the runtime that differ between any two scrapes.
func volatile(line string) bool {
	return strings.HasPrefix(line, "go_") || strings.HasPrefix(line, "process_")
}

// CompareLines compares what a format gives, except for volatile lines.
func CompareLines(t *testing.T, what string, ours, theirs []string) {
	t.Helper()
	ours, theirs = slices.DeleteFunc(ours, volatile), slices.DeleteFunc(theirs, volatile)
	if len(ours) != len(theirs) {
		t.Errorf("%s: %d lines, client_golang writes %d", what, len(ours), len(theirs))
	}
	differences := 0
	for i := range min(len(ours), len(theirs)) {
		if ours[i] != theirs[i] {
			if differences++; differences < 5 {
				t.Errorf("%s:\nours   %s\ntheirs %s", what, ours[i], theirs[i])
			}
		}
	}
}

// Decode reads families from protobuf.
func Decode(t *testing.T, b []byte) map[string]*dto.MetricFamily {
	t.Helper()
	out := map[string]*dto.MetricFamily{}
	d := expfmt.NewDecoder(bytes.NewReader(b), expfmt.NewFormat(expfmt.TypeProtoDelim))
	for {
		f := new(dto.MetricFamily)
		if err := d.Decode(f); errors.Is(err, io.EOF) {
			return out
		} else if err != nil {
			t.Fatal(err)
		}
		if out[f.GetName()] != nil {
			t.Errorf("%s comes twice", f.GetName())
		}
		out[f.GetName()] = f
	}
}

// CompareFamilies compares all families but those of the Go runtime.
func CompareFamilies(t *testing.T, ours, theirs map[string]*dto.MetricFamily) {
	t.Helper()
	if len(ours) != len(theirs) {
		t.Errorf("%d families, client_golang writes %d", len(ours), len(theirs))
	}
	for name, want := range theirs {
		if strings.HasPrefix(name, "go_") {
			continue
		}
		got := ours[name]
		for _, f := range []*dto.MetricFamily{got, want} {
			slices.SortFunc(f.GetMetric(), func(a, b *dto.Metric) int {
				return strings.Compare(fmt.Sprint(a.GetLabel()), fmt.Sprint(b.GetLabel()))
			})
		}
		if !proto.Equal(got, want) {
			t.Errorf("%s:\nours   %.600s\ntheirs %.600s", name, got, want)
		}
	}
}

// Unpack undoes a Content-Encoding.
func Unpack(t *testing.T, b []byte, encoding string) []byte {
	t.Helper()
	var r io.Reader = bytes.NewReader(b)
	var err error
	switch encoding {
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
