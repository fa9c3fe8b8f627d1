package demo

import (
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name string
		o    Options
		want string
	}{
		{"port", Options{Port: 70000}, "port 70000 is not one from 1 to 65535"},
		{"negative rate", Options{Rate: -1}, "a rate of -1 requests a second"},
		{"rate beyond reason", Options{Rate: 1e6}, "at most 5000"},
		{"folder is a file", Options{Dir: os.Args[0]}, "not a directory"},
	} {
		if d, err := New(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want it to say %q", c.name, err, c.want)
			if d != nil {
				d.Close()
			}
		}
	}
}

// TestPortsTaken: New takes the next free ports and waits for nothing.
func TestPortsTaken(t *testing.T) {
	first := occupied(t)
	begun := time.Now()
	d := made(t, Options{Port: first})
	if took := time.Since(begun); took > soon {
		t.Errorf("New took %s", took)
	}
	taken := map[string]bool{net.JoinHostPort(loopback, strconv.Itoa(first)): true}
	addresses := []string{d.Targets()[0].Address, d.Targets()[1].Address, d.flask.address()}
	for _, address := range addresses {
		host, port, err := net.SplitHostPort(address)
		n, _ := strconv.Atoi(port)
		if err != nil || host != loopback || n <= first || n > first+portsTried || taken[address] {
			t.Errorf("address %s: want a port of its own on %s, above %d", address, loopback, first)
		}
		taken[address] = true
	}
	if got := d.Targets(); got[0].Job != "shop" || got[0].Instance != "a" || got[1].Instance != "b" {
		t.Errorf("targets %v", got)
	}
}

// occupied returns a port that is taken until the test ends.
func occupied(t *testing.T) int {
	t.Helper()
	ln, err := Listen(freePort(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln.Addr().(*net.TCPAddr).Port
}

// TestNoPortLeft: the error names the fix.
func TestNoPortLeft(t *testing.T) {
	if _, err := Listen(65536); err == nil || !strings.Contains(err.Error(), "--port") {
		t.Errorf("error %v", err)
	}
}

// TestEnd: with slow requests under way, everything is gone within two seconds
// (run holds that): ports, temporary folder, goroutines.
func TestEnd(t *testing.T) {
	before := runtime.NumGoroutine()
	slow := []Event{{For: time.Hour, Faults: []Fault{{Method: "GET", Path: apiPath, Slower: time.Minute}}}}
	d := made(t, Options{NoFlask: true, Rate: 200, Script: slow})
	stop := run(t, d)
	eventually(t, "requests that hang", func() bool {
		api := d.Sent()[Route{ShopJob, "GET", apiPath}]
		return api.Started > api.Answered()+10
	})
	stop()
	if _, err := os.Stat(d.opts.Dir); !os.IsNotExist(err) {
		t.Errorf("the temporary folder is still there: %v", err)
	}
	for _, target := range d.Targets() {
		ln, err := net.Listen("tcp", target.Address)
		if err != nil {
			t.Errorf("the port of instance %s is not free: %v", target.Instance, err)
			continue
		}
		ln.Close()
	}
	eventually(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

// TestOwnFolder: a folder that the caller named stays.
func TestOwnFolder(t *testing.T) {
	dir := t.TempDir()
	made(t, Options{Dir: dir, NoFlask: true}).Close()
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}
