//go:build linux

// Package preforktest tests that a service whose parent process starts children of its own, as
// Fiber's prefork does, reports the total of all children. Only tests import it.
//
//	func TestMain(m *testing.M) {
//		if address := preforktest.Address(); address != "" {
//			serve(address) // and start children anew when one ends
//		}
//		os.Exit(m.Run())
//	}
//
//	func TestPrefork(t *testing.T) { preforktest.Run(t) }
package preforktest

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// children is how many there are, by GOMAXPROCS.
const children = 4

// addressEnv tells a process that it is the service, or one of its children.
const addressEnv = "TACHO_PREFORKTEST_ADDRESS"

// Address returns the address that this process has to serve, "" in a test. The service answers GET
// /orders/:id with its process id, and GET /metrics.
func Address() string { return os.Getenv(addressEnv) }

// Run starts this program as the service, and checks its scrapes: under load, after it, when a child
// was killed, and when the children were replaced.
func Run(t *testing.T) {
	s := start(t)
	s.everyChild(t)
	before := s.orders.answered.Load()

	const load = 1000
	var clients sync.WaitGroup
	for range 6 {
		clients.Go(func() {
			for s.orders.begun.Load() < before+load {
				if _, err := s.order(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 50 {
		s.look(t)
	}
	clients.Wait()
	for range 50 {
		s.look(t)
	}
	s.look(t)

	// A stopped parent does not see that a child has ended.
	parent := s.parent.Process
	signal(t, parent.Pid, syscall.SIGSTOP)
	killed, err := s.order()
	if err != nil {
		t.Fatal(err)
	}
	signal(t, killed, syscall.SIGKILL)
	others := 0
	await(t, "scrapes of the other children", func() bool { // a connection may have waited for the killed one
		if s.tryLook(t) {
			others++
		}
		return others == 50
	})

	// Fiber kills all children when one has ended.
	signal(t, parent.Pid, syscall.SIGCONT)
	s.replaced(t, killed)
	for range 20 {
		s.look(t)
	}
}

// A service is a running one.
type service struct {
	url    string
	parent *exec.Cmd
	orders struct{ begun, answered atomic.Int64 }
	last   map[string]float64 // counters of the last scrape
	seen   map[int]bool       // children
}

func start(t *testing.T) *service {
	address := claim(t)
	s := &service{url: "http://" + address, seen: map[int]bool{}}
	s.parent = exec.Command(os.Args[0], "-test.run=^$")
	s.parent.Env = append(os.Environ(), addressEnv+"="+address, "GOMAXPROCS="+strconv.Itoa(children))
	for i, v := range s.parent.Env {
		if strings.HasPrefix(strings.ToUpper(v), "PROMETHEUS_MULTIPROC_DIR=") {
			s.parent.Env[i] = "PROMETHEUS_MULTIPROC_DIR="
		}
	}
	s.parent.Stderr, s.parent.SysProcAttr = os.Stderr, &syscall.SysProcAttr{Setpgid: true}
	if err := s.parent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-s.parent.Process.Pid, syscall.SIGKILL) // the group that it made
		_ = s.parent.Wait()
		all, _ := filepath.Glob(filepath.Join(os.TempDir(), fmt.Sprintf("tacho-prefork-%d-*", s.parent.Process.Pid)))
		for _, dir := range all {
			_ = os.RemoveAll(dir)
		}
	})
	return s
}

// everyChild waits until all children have served an order.
func (s *service) everyChild(t *testing.T) {
	await(t, "every child", func() bool {
		if pid, err := s.order(); err == nil {
			s.seen[pid] = true
		}
		return len(s.seen) == children
	})
}

// replaced waits for children that were not there before.
func (s *service) replaced(t *testing.T, killed int) {
	if !s.seen[killed] {
		t.Errorf("the killed process %d is none of %v", killed, s.seen)
	}
	old := s.seen
	s.seen = map[int]bool{}
	await(t, "new children", func() bool {
		if pid, err := s.order(); err == nil && !old[pid] {
			s.seen[pid] = true
		}
		return len(s.seen) == children
	})
}

// order sends a request. It counts as begun before it is sent. A request that failed may have been
// served or not.
func (s *service) order() (pid int, err error) {
	s.orders.begun.Add(1)
	body, err := get(s.url + "/orders/7")
	if err != nil {
		return 0, err
	}
	s.orders.answered.Add(1)
	return strconv.Atoi(body)
}

// look checks a scrape.
func (s *service) look(t *testing.T) {
	t.Helper()
	if !s.tryLook(t) {
		t.Error("a scrape was not answered")
	}
}

// tryLook checks a scrape, unless it is not answered. No counter falls, and the total is that of all
// orders: at least those that were answered before it, at most those that were sent.
func (s *service) tryLook(t *testing.T) bool {
	t.Helper()
	least := s.orders.answered.Load()
	text, err := get(s.url + "/metrics")
	if err != nil {
		return false
	}
	now := counters(t, text)
	most := s.orders.begun.Load()
	if n := now["orders"]; n < float64(least) || n > float64(most) {
		t.Errorf("a scrape shows %v requests; at least %d were answered, at most %d sent", n, least, most)
	}
	for name, before := range s.last {
		if now[name] < before {
			t.Errorf("%s fell from %v to %v", name, before, now[name])
		}
	}
	s.last = now
	return true
}

// counters returns the HTTP metrics that must never fall, and the sum of the requests.
func counters(t *testing.T, text string) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		series, number, _ := strings.Cut(lines.Text(), "} ")
		name, _, labeled := strings.Cut(series, "{")
		if !labeled || !strings.HasPrefix(name, "http_") {
			continue
		}
		v, err := strconv.ParseFloat(number, 64)
		if err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
		if all[series] = v; name == "http_requests_total" {
			all["orders"] += v
		}
	}
	return all
}

// each opens a connection for every request, so that any child may get it.
var each = http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func get(url string) (string, error) {
	resp, err := each.Get(url)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s returned %s: %s", url, resp.Status, body)
	}
	return string(body), err
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func signal(t *testing.T, pid int, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		t.Fatal(err)
	}
}

// claim binds a free address for as long as the test runs, without listening: children share it.
func claim(t *testing.T) string {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		t.Fatal(err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", bound.(*unix.SockaddrInet4).Port)
}
