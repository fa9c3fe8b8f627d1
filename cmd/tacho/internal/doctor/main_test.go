package doctor

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/tacho-go/tacho/internal/locked"
)

// workerVar makes the test binary a process of a service instead of a test.
const workerVar = "TACHO_DOCTOR_TEST_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(workerVar) != "" {
		serveWorker()
		return
	}
	os.Exit(m.Run())
}

// serveWorker counts requests to /api and serves its own metrics, until its
// standard input ends.
func serveWorker() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	s := newService()
	mux := http.NewServeMux()
	mux.Handle("/metrics", s.handler())
	mux.HandleFunc("/api", func(http.ResponseWriter, *http.Request) { s.serve("GET", "/api", "200", 0.01) })
	fmt.Printf("listening on http://%s\n", l.Addr())
	go http.Serve(l, mux)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
	}
}

// patience is the time limit for every wait in the tests.
const patience = 20 * time.Second

// A program is a child process that serves HTTP until the end of the test.
type program struct {
	url    string
	cmd    *exec.Cmd
	output locked.Buffer
	exited chan struct{}
}

// start runs a program and waits for the address in its output.
func start(t *testing.T, says *regexp.Regexp, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{cmd: cmd, exited: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() { in.Close(); p.end(t) })
	await(t, "the address of "+cmd.Path, func() bool {
		select {
		case <-p.exited:
			t.Fatalf("%s ended before it listened:\n%s", cmd.Path, p.output.String())
		default:
		}
		found := says.FindStringSubmatch(p.output.String())
		if found != nil {
			p.url = found[1]
		}
		return found != nil
	})
	return p
}

func (p *program) end(t *testing.T) {
	p.cmd.Process.Signal(os.Interrupt)
	select {
	case <-p.exited:
	case <-time.After(patience):
		t.Errorf("%s did not end", p.cmd.Path)
		p.cmd.Process.Kill()
		<-p.exited
	}
}

func await(t *testing.T, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !reached(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited %s for %s", patience, what)
		}
	}
}

var listening = regexp.MustCompile(`listening on (http://\S+)`)

// request makes one request on a connection of its own and returns the body.
func request(t *testing.T, method, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// freePort returns a port that is free now. Another process may take it at any time.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
