// Package serve runs the servers of the examples, so that each example shows its own subject
// only: it listens, prints the address, and shuts down cleanly on Ctrl-C or SIGTERM.
package serve

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// drain limits the time for requests in flight on shutdown.
const drain = 10 * time.Second

// Main serves h until the process is told to stop, and exits with status 1 on an error. The
// address is addr unless -listen sets another.
//
// The functions in onShutdown are called when the shutdown starts. Handlers that would never
// return by themselves, such as event streams, need this signal: the server waits for every
// response in flight.
func Main(addr string, h http.Handler, onShutdown ...func()) {
	flag.StringVar(&addr, "listen", addr, "`address` to listen on; port 0 takes any free port")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C exits at once
	if err := run(ctx, addr, h, onShutdown); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr string, h http.Handler, onShutdown []func()) error {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("%w; choose another address with -listen", err)
	}
	fmt.Printf("listening on http://%s\n", ln.Addr())

	// The requests' contexts must not end with ctx, as they would with Server.BaseContext:
	// requests in flight may still be answered.
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	for _, f := range onShutdown {
		srv.RegisterOnShutdown(f)
	}
	drained := make(chan error, 1)
	go func() { drained <- shutdown(ctx, srv) }()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-drained // Serve returns when the shutdown starts, not when it ends
}

func shutdown(ctx context.Context, srv *http.Server) error {
	<-ctx.Done()
	grace, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		return fmt.Errorf("requests were still in flight after %s: %w", drain, err)
	}
	return nil
}
