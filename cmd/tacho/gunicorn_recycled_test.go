package main

import (
	"errors"
	"maps"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/tacho-go/tacho/multiproc"
)

// TestGunicornRecycled: workers end after five requests each, or are killed all the time. Their files
// do not pile up, whether a reader merges them meanwhile or there is none, and each response is counted
// once.
func TestGunicornRecycled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ folds, kills bool }{
		"no reader":               {},
		"no reader, killed":       {kills: true},
		"a reader merges":         {folds: true},
		"a reader merges, killed": {folds: true, kills: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := gunicornOf(t, "app:app", "", "--workers", "4", "--keep-alive", "0", "--max-requests", "5")
			sent := clientCounts{count: map[string]int{}}
			sent.send(t, s.url, "GET", "/nowhere", "unmatched") // waits for the first worker
			stop := func() {}
			if c.folds {
				stop = foldInALoop(t, s.dir)
			}
			for range 5 {
				sent.load(t, s.url, 2)
				if c.kills {
					s.killAll()
				}
			}
			stop()
			if files := filesOf(t, s.dir); !c.folds && len(files) > 3*(4+2) {
				t.Errorf("%d files: %v", len(files), files)
			}
			text := s.exporter()()
			if got := counted(text); sent.lost > 0 || !maps.Equal(got, sent.count) || total(got) != 401 {
				t.Errorf("%d are lost; counted\n%v\nthe clients\n%v", sent.lost, got, sent.count)
			}
			if !strings.Contains(text, "\nhttp_requests_in_flight 0\n") || !strings.Contains(text, "\ngunicorn_requests_lost_total 0\n") {
				t.Errorf("requests in flight or lost:\n%s", text)
			}
		})
	}
}

// foldInALoop merges the files of dead workers until it is stopped. Its own total never falls, and is
// that of a new reader at the end.
func foldInALoop(t *testing.T, dir string) (stop func()) {
	t.Helper()
	r, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var merged int
	var last float64
	ended, done := make(chan struct{}), sync.WaitGroup{}
	done.Go(func() {
		for {
			select {
			case <-ended:
				return
			default:
			}
			n, err := r.Compact()
			// Busy: another test has just forked, and its child has the lock until it runs its program.
			if merged += n; err != nil && !errors.Is(err, multiproc.ErrLivenessUnknown) && !errors.Is(err, multiproc.ErrBusy) {
				t.Errorf("Compact: %v", err)
			}
			now := requestsIn(t, r)
			if now < last {
				t.Errorf("the total fell from %v to %v", last, now)
			}
			last = now
		}
	})
	return func() {
		close(ended)
		done.Wait()
		fresh, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if own, all := requestsIn(t, r), requestsIn(t, fresh); own != all || merged == 0 {
			t.Errorf("the reader has counted %v requests, a new one %v; %d files were merged", own, all, merged)
		}
	}
}

func requestsIn(t *testing.T, r *multiproc.Reader) (sum float64) {
	families, err := r.Gather()
	if err != nil {
		t.Error(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == "http_requests_total" {
				sum += m.GetCounter().GetValue()
			}
		}
	}
	return sum
}

func filesOf(t *testing.T, dir string) (names []string) {
	t.Helper()
	listed, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range listed {
		names = append(names, e.Name())
	}
	return names
}

// TestGunicornOtherWorkers: a worker that does not serve WSGI gets the application as it is. The log
// says once that it is not measured.
func TestGunicornOtherWorkers(t *testing.T) {
	t.Parallel()
	own := `
import sys
import types

from gunicorn.workers.base import Worker

class Other(Worker):
    """Like Uvicorn's: it serves the application by itself."""

    def run(self):
        assert self.wsgi.__module__ == "plain", self.wsgi
        self.sockets[0].settimeout(0.1)
        while self.alive:
            self.notify()
            try:
                connection, _ = self.sockets[0].accept()
            except OSError:
                continue
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            connection.close()
            self.alive = False  # recycled

sys.modules["other"] = types.ModuleType("other")
sys.modules["other"].Other = Other
worker_class = "other.Other"
`
	s := gunicornOf(t, "plain:app", own)
	for range 3 {
		awaitState(t, "a response", func() bool { status, _ := s.get("/"); return status == http.StatusOK })
	}
	_ = s.master.Process.Signal(syscall.SIGTERM)
	_ = s.master.Wait()
	if n := strings.Count(s.log.String(), "the requests of this service are not measured, because Other does not serve WSGI"); n != 1 {
		t.Errorf("the log says %d times that the service is not measured", n)
	}
}
