// Prefork serves one address from several processes, to which the kernel distributes connections
// (SO_REUSEPORT). Any process that a scrape reaches shows the metrics of all; so does the
// parent, on its own port. A child that dies is replaced, and its counts remain.
//
//	go run ./examples/prefork
//	curl http://127.0.0.1:8080/orders/7
//	curl http://127.0.0.1:8080/metrics
//	curl http://127.0.0.1:8081/metrics
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tacho-go/tacho"
)

// childEnv is set in children.
const childEnv = "PREFORK_CHILD"

// dirEnv names the directory in which the processes share their counts. tacho reads it in the
// parent and in the children.
const dirEnv = "PROMETHEUS_MULTIPROC_DIR"

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "`address` of the service")
	metrics := flag.String("metrics", "127.0.0.1:8081", "`address` of the parent's own metrics")
	workers := flag.Int("workers", runtime.NumCPU(), "how many `processes` serve")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if os.Getenv(childEnv) != "" {
		err = serve(ctx, *listen)
	} else {
		err = supervise(ctx, *listen, *metrics, *workers)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve is a child: an ordinary service.
func serve(ctx context.Context, address string) error {
	m := tacho.MustNew(tacho.Options{})
	defer m.Flush()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "order %s, from process %d\n", r.PathValue("id"), os.Getpid())
	})
	mux.Handle("GET /metrics", m.Metrics())

	shared := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error { return reusePort(c) }}
	listener, err := shared.Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: m.Handler(mux), ReadHeaderTimeout: 10 * time.Second}
	drained := make(chan error, 1)
	context.AfterFunc(ctx, func() { drained <- server.Shutdown(context.Background()) })
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained
}

// supervise is the parent: it serves only its metrics.
func supervise(ctx context.Context, address, metrics string, workers int) error {
	if os.Getenv(dirEnv) == "" {
		dir, err := os.MkdirTemp("", "prefork")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		os.Setenv(dirEnv, dir)
	}
	taken, err := claim(address)
	if err != nil {
		return fmt.Errorf("%s: %w; choose another address with -listen", address, err)
	}
	listener, err := net.Listen("tcp", metrics)
	if err != nil {
		return fmt.Errorf("%w; choose another address with -metrics", err)
	}
	var children sync.WaitGroup
	for range workers {
		children.Go(func() { keepAlive(ctx, taken) })
	}
	defer children.Wait()
	fmt.Printf("listening on http://%s\nmetrics of all on http://%s/metrics\n", taken, listener.Addr())
	return tacho.MustNew(tacho.Options{}).Serve(ctx, tacho.ServeOptions{Listener: listener})
}

// keepAlive runs a child, and starts another one when it ends, until the context does.
func keepAlive(ctx context.Context, address string) {
	for ctx.Err() == nil {
		child := exec.CommandContext(ctx, os.Args[0], "-listen", address)
		child.Cancel = func() error { return child.Process.Signal(syscall.SIGTERM) }
		child.Env = append(os.Environ(), childEnv+"=1")
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		if err := child.Run(); err != nil && ctx.Err() == nil {
			fmt.Fprintln(os.Stderr, "a child ended:", err)
			time.Sleep(100 * time.Millisecond) // limits restarts of a child that cannot start
		}
	}
}

// claim binds the address for as long as this process lives, without listening: the address is
// then known before the first child starts, and nobody connects to the parent.
func claim(address string) (string, error) {
	to, err := net.ResolveTCPAddr("tcp4", address)
	if err != nil {
		return "", err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return "", err
	}
	at := &unix.SockaddrInet4{Port: to.Port}
	copy(at.Addr[:], to.IP.To4())
	if err := unix.Bind(fd, at); err != nil {
		return "", err
	}
	bound, err := unix.Getsockname(fd)
	if err != nil {
		return "", err
	}
	to.Port = bound.(*unix.SockaddrInet4).Port
	return to.String(), nil
}

func reusePort(c syscall.RawConn) (err error) {
	outer := c.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	})
	return errors.Join(outer, err)
}
