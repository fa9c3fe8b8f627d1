package main

import (
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
)

// TestRowsRecord: no row is fast because it does not measure. Each has recorded every request
// when its metrics are read, under both workloads.
func TestRowsRecord(t *testing.T) {
	const served = 10
	for _, r := range append(rows(), rpcRows()...) {
		for _, w := range workloads() {
			t.Run(r.framework+"/"+r.name+"/"+w.name, func(t *testing.T) {
				s := r.mount(w)
				s.serve(w.traffic(0), newSink(), served)
				if s.metrics == nil {
					return // bare, or only empty middlewares
				}
				if got, err := settled(s, served); err != nil || got != served {
					t.Errorf("recorded %v requests, %v; want %d", got, err, served)
				}
			})
		}
	}
}

// settled returns what a service has recorded, once that is as much as wanted: a client has its
// response before a server over a connection has recorded it.
func settled(s service, want float64) (got float64, err error) {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if got, err = s.recorded(); err != nil || got == want {
			break
		}
	}
	return got, err
}

// TestRPCRowsAnswer: every RPC has the code that its message selects.
func TestRPCRowsAnswer(t *testing.T) {
	w := workloads()[1]
	for _, r := range rpcRows() {
		load, s := w.traffic(0), r.mount(w)
		for i, want := range rpcCodes {
			length := 0
			if want == codes.OK {
				length = len(body)
			}
			if code, bytes := s.outcome(load, i); code != want || bytes != length {
				t.Errorf("%s, %s: answered %v with %d bytes, want %v with %d", r.framework, r.name, code, bytes, want, length)
			}
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
