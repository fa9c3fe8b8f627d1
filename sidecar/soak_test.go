package sidecar_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/long"
	"github.com/tacho-go/tacho/sidecar"
)

// faulty is a service that does what the path says.
func faulty(c net.Conn) {
	in := bufio.NewReader(c)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		switch r.URL.Path {
		case "/ok":
			_, _ = io.Copy(io.Discard, r.Body)
			if _, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"); err != nil {
				return
			}
			continue
		case "/reset":
			_ = c.(*net.TCPConn).SetLinger(0)
		case "/garbage":
			_, _ = io.WriteString(c, "\x00\x01garbage\r\n\r\n")
		case "/half":
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		case "/hang":
			_, _ = io.Copy(io.Discard, c) // until the proxy gives up
		case "/endless":
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
			for err == nil {
				_, err = io.WriteString(c, "400\r\n"+strings.Repeat("x", 1024)+"\r\n")
			}
		}
		return
	}
}

// misbehavior is what clients do, and what must be counted for it. Counts are by the caused outcome.
var misbehavior = []struct {
	name, send string
	reads      bool // the whole response; otherwise it disconnects after reads of a few bytes
	outcome    string
}{
	{"good", "GET /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", true, "200"},
	{"good upload", "POST /ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", true, "200"},
	{"reset", "POST /reset HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true, "502"},
	{"garbage", "GET /garbage HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", true, "502"},
	{"half", "GET /half HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", true, "200"},
	{"hang", "GET /hang HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", true, "504"},
	{"endless", "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n", false, "200"},
	{"bad chunk", "POST /ok HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", true, "400"},
	{"drips", "POST /ok HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx", true, "408"},
	{"forward proxy", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", true, "405"},
}

// TestSoak: whatever services and clients do wrong, every outcome is in its series, and no goroutine, file
// or memory remains.
func TestSoak(t *testing.T) {
	lasts := time.Duration(long.Form(t, 3, 60, "seconds")) * time.Second
	if d, err := time.ParseDuration(os.Getenv("TACHO_SOAK")); err == nil { // make soak
		lasts = d
	}
	r := startFor(t, "http://"+listenRaw(t, faulty), func(o *sidecar.Options) {
		o.ResponseTimeout, o.ClientTimeout, o.IdleTimeout = 200*time.Millisecond, 500*time.Millisecond, 100*time.Millisecond
	})
	sent := map[string]int{}
	for _, m := range misbehavior { // everything is initialized before it is counted
		got := r.misbehave(m.send, m.reads)
		sent[got]++
		if got != m.outcome {
			t.Logf("%s: %s, usually %s", m.name, got, m.outcome) // on a busy machine, anything can take too long
		}
	}
	r.settled(len(misbehavior))
	files, goroutines, heap := resources()
	var mu sync.Mutex
	var all sync.WaitGroup
	var total atomic.Int64
	total.Store(int64(len(misbehavior)))
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		for range 16 {
			all.Go(func() {
				m := misbehavior[rand.IntN(len(misbehavior))]
				got := r.misbehave(m.send, m.reads)
				mu.Lock()
				defer mu.Unlock()
				sent[got]++
				total.Add(1)
			})
		}
		all.Wait()
	}
	r.settled(int(total.Load()))
	counted := r.byStatus()
	if !maps.Equal(counted, sent) {
		t.Errorf("counted %v, the clients got %v", counted, sent)
	}
	for _, m := range misbehavior {
		if counted[m.outcome] == 0 {
			t.Errorf("%s: no status %s", m.name, m.outcome)
		}
	}
	t.Logf("%d requests: %v", total.Load(), counted)
	awaitResources(t, files, goroutines, heap)
}

// misbehave sends a request on a connection of its own, and returns the status of the response.
func (r *running) misbehave(send string, reads bool) string {
	c, err := net.Dial("tcp", r.address)
	if err != nil {
		r.t.Error(err)
		return ""
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(c, send)
	first := make([]byte, len("HTTP/1.1 200"))
	_, _ = io.ReadFull(c, first)
	if reads {
		_, _ = io.Copy(io.Discard, c)
	} else {
		_, _ = io.ReadFull(c, make([]byte, 4096))
	}
	return strings.TrimPrefix(string(first), "HTTP/1.1 ")
}

var statusCount = regexp.MustCompile(`(?m)^http_requests_total\{.*status="(\d+)"\} (\d+)$`)

// byStatus returns the counts of http_requests_total.
func (r *running) byStatus() map[string]int {
	all := map[string]int{}
	for _, m := range statusCount.FindAllStringSubmatch(r.metrics("http_requests_total"), -1) {
		n, _ := strconv.Atoi(m[2])
		all[m[1]] += n
	}
	return all
}

// settled waits until so many requests are counted, and none is in flight.
func (r *running) settled(want int) {
	r.t.Helper()
	r.await("http_requests_in_flight 0")
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		sum := 0
		for _, n := range r.byStatus() {
			sum += n
		}
		if sum == want {
			return
		}
		if time.Now().After(end) {
			r.t.Fatalf("%d requests are counted, %d were sent: %v", sum, want, r.byStatus())
		}
	}
}

// resources returns what the process has: open files, goroutines, and bytes of live memory.
func resources() (files, goroutines int, heap uint64) {
	entries, _ := os.ReadDir("/proc/self/fd") // empty elsewhere
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return len(entries), runtime.NumGoroutine(), m.HeapAlloc
}

// awaitResources waits until the process has no more than before, but for what the runtime keeps.
func awaitResources(t *testing.T, files, goroutines int, heap uint64) {
	t.Helper()
	const someFiles, someGoroutines, someBytes = 20, 30, 8 << 20
	var report string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		f, g, h := resources()
		report = fmt.Sprintf("%d open files (%d before), %d goroutines (%d), %d bytes (%d)", f, files, g, goroutines, h, heap)
		if f <= files+someFiles && g <= goroutines+someGoroutines && h <= heap+someBytes {
			t.Log(report)
			return
		}
	}
	t.Errorf("something remains: %s", report)
}
