package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"

	// client_golang offers zstd to programs that import this; both libraries get it.
	_ "github.com/prometheus/client_golang/prometheus/promhttp/zstd"

	"github.com/tacho-go/tacho"
)

// formats lists what a scraper can request.
var formats = []struct{ name, accept string }{
	{"text", "text/plain;version=0.0.4"},
	{"OpenMetrics", "application/openmetrics-text;version=1.0.0"},
	{"protobuf", "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"},
}

var encodings = []string{"identity", "gzip", "zstd"}

// linesPerSet is how many lines of text a label set has with the default bounds: a counter, the
// buckets with +Inf, a sum and a count.
var linesPerSet = len(tacho.DefaultBuckets()) + 1 + 3

// scrapes measures the metrics endpoints of tacho and client_golang, which hold the same state
// and alternate. Between two scrapes every label set changes, which is not measured.
func scrapes(l *lab) error {
	sizes := []int{1_000, 10_000, 100_000}
	if l.big {
		sizes = append(sizes, 1_000_000)
	}
	for _, lines := range sizes {
		if err := scrapesOf(l, lines/linesPerSet); err != nil {
			return err
		}
	}
	return nil
}

func scrapesOf(l *lab, sets int) error {
	t := scrapeTable()
	var endpoints []endpoint
	for _, lib := range libraries() {
		s := lib.make(tacho.DefaultBuckets(), sets)
		fill(s, sets)
		endpoints = append(endpoints, endpoint{lib.name, s, s.metrics(), sets})
	}
	for _, format := range formats {
		for _, encoding := range encodings {
			if !l.filter.MatchString(format.name + " " + encoding) {
				continue
			}
			if err := compareScrapes(l, t, endpoints, format.name, format.accept, encoding); err != nil {
				return err
			}
		}
	}
	ours, theirs := endpoints[0].lines(), endpoints[1].lines()
	l.title("Scrapes: %d label sets, %d lines of text (client_golang: %d)", sets, ours, theirs)
	l.note("CPU ms per scrape, median of %d rounds; peer / tacho is how much more client_golang costs, "+
		"quartiles in brackets. Per line: CPU ns, by each library's own number of text lines.", l.times("scrapes"))
	t.print(l.out)
	return nil
}

func scrapeTable() *table {
	return &table{text: 2, head: []string{
		"format", "encoding", "tacho ms", "client_golang ms", "peer / tacho", "tacho ns/line", "c_g ns/line",
		"tacho wire B", "c_g wire B", "tacho allocs", "c_g allocs", "tacho B/op", "c_g B/op",
	}}
}

// An endpoint is a library's state of some size behind its metrics handler.
type endpoint struct {
	name    string
	store   store
	handler http.Handler
	sets    int
}

// scrapeTurns is how many slices make a round. The largest scrapes fill a slice, and allocate
// about as much as triggers one garbage collection.
const scrapeTurns = 3

func compareScrapes(l *lab, t *table, endpoints []endpoint, format, accept, encoding string) error {
	r := scrapeRequest(accept, encoding)
	trial := trial{workers: 1, rounds: l.times("scrapes"), turns: scrapeTurns}
	var wire []string
	for _, e := range endpoints {
		trial.subjects = append(trial.subjects, e.subject(r))
		wire = append(wire, e.wire(r))
	}
	read, err := trial.run(l.ctx)
	if err != nil {
		return err
	}
	row := []string{format, encoding, milliseconds(read[0]), milliseconds(read[1]), spreadOf(each(read[1].ns, read[0].ns, over)).String()}
	for i, e := range endpoints {
		row = append(row, fmt.Sprintf("%.0f", spreadOf(read[i].ns).median/float64(e.lines())))
	}
	t.add(append(row, wire[0], wire[1],
		fmt.Sprintf("%.0f", read[0].allocs), fmt.Sprintf("%.0f", read[1].allocs),
		fmt.Sprintf("%.0f", read[0].bytes), fmt.Sprintf("%.0f", read[1].bytes))...)
	return nil
}

func milliseconds(r measurement) string { return short(spreadOf(r.ns).median / 1e6) }

func scrapeRequest(accept, encoding string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header.Set("Accept", accept)
	r.Header.Set("Accept-Encoding", encoding)
	return r
}

// subject scrapes into a sink.
func (e endpoint) subject(r *http.Request) subject {
	rng := rand.New(rand.NewPCG(3, 3))
	return subject{
		name:   e.name,
		before: func() { stir(e.store, e.sets, rng) },
		do: func(_, n int) {
			for range n {
				w := newSink()
				e.handler.ServeHTTP(w, r)
			}
		},
	}
}

// wire returns the size of a scrape, and names an encoding that was not granted.
func (e endpoint) wire(r *http.Request) string {
	w := newSink()
	e.handler.ServeHTTP(w, r)
	asked, got := r.Header.Get("Accept-Encoding"), w.header.Get("Content-Encoding")
	if got == "" {
		got = "identity"
	}
	if got != asked {
		return fmt.Sprintf("%d (%s)", w.bytes, got)
	}
	return fmt.Sprint(w.bytes)
}

// lines counts the samples in the text format.
func (e endpoint) lines() (n int) {
	w := httptest.NewRecorder()
	e.handler.ServeHTTP(w, scrapeRequest(formats[0].accept, "identity"))
	for line := range bytes.Lines(w.Body.Bytes()) {
		if line[0] != '#' {
			n++
		}
	}
	return n
}
