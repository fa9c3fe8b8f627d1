package main

import (
	"net/http"
	"testing"
)

// TestRowsRecord: no row is fast because it does not measure. Each has recorded every request
// when its metrics are read, under both workloads.
func TestRowsRecord(t *testing.T) {
	const served = 10
	for _, r := range rows() {
		for _, w := range workloads() {
			t.Run(r.framework+"/"+r.name+"/"+w.name, func(t *testing.T) {
				s := r.mount(w)
				s.serve(w.traffic(0), newSink(), served)
				if s.metrics == nil {
					return // bare, or only empty middlewares
				}
				got, err := s.recorded()
				if err != nil || got != served {
					t.Errorf("recorded %v requests, %v; want %d", got, err, served)
				}
			})
		}
	}
}

// TestRowsAnswer: every row returns the same response as the bare framework.
func TestRowsAnswer(t *testing.T) {
	w := workloads()[1]
	for _, r := range rows() {
		load, s := w.traffic(0), r.mount(w)
		for i, want := range statuses {
			if status, bytes := s.answer(load, i); status != want || bytes != len(body) {
				t.Errorf("%s, %s: answered %d with %d bytes, want %d with %d", r.framework, r.name, status, bytes, want, len(body))
			}
		}
	}
}

// TestLimitRecords: the limit counts, too.
func TestLimitRecords(t *testing.T) {
	var c limitCell
	for range 10 {
		c.record(begunEarlier())
	}
	if c.count.Load() != 10 || c.buckets[2].Load() != 10 {
		t.Errorf("count %d, third bucket %d; want 10 in both", c.count.Load(), c.buckets[2].Load())
	}
}

// TestSinkIsLikeAServersWriter: middleware finds the same interfaces as in production.
func TestSinkIsLikeAServersWriter(t *testing.T) {
	var w http.ResponseWriter = newSink()
	if _, ok := w.(http.Hijacker); !ok {
		t.Error("no Hijacker")
	}
	if _, ok := w.(http.Flusher); !ok {
		t.Error("no Flusher")
	}
}
