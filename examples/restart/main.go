// Restart replaces its program while it serves: on SIGHUP it starts a new process, passes its
// listener on (github.com/cloudflare/tableflip), and exits after its last response. For a while
// both processes serve and count; a scrape of either shows both, and no counter resets.
//
//	go build -o shop ./examples/restart && ./shop
//	curl http://127.0.0.1:8080/orders/7
//	go build -o shop ./examples/restart && kill -HUP $(pidof shop)
//	curl http://127.0.0.1:8080/metrics
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/cloudflare/tableflip"

	"github.com/tacho-go/tacho"
)

// version is set with -ldflags "-X main.version=2".
var version = "1"

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "`address` to listen on")
	dir := flag.String("metrics-dir", os.TempDir()+"/tacho-restart", "`directory` in which the old and the new process share their counts")
	flag.Parse()
	if err := run(*listen, *dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(listen, dir string) error {
	upgrader, err := tableflip.New(tableflip.Options{})
	if err != nil {
		return err
	}
	defer upgrader.Stop()
	go handleSignals(upgrader)

	m := tacho.MustNew(tacho.Options{Multiproc: tacho.Multiproc{Dir: dir}})
	defer m.Flush()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(5 * time.Millisecond)
		fmt.Fprintf(w, "order %s, from version %s\n", r.PathValue("id"), version)
	})
	mux.Handle("GET /metrics", m.Metrics())

	listener, err := upgrader.Listen("tcp", listen) // the old process's, if there is one
	if err != nil {
		return fmt.Errorf("%w; choose another address with -listen", err)
	}
	var open sync.WaitGroup // connections
	server := &http.Server{Handler: m.Handler(mux), ReadHeaderTimeout: 10 * time.Second, ConnState: counting(&open)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	fmt.Printf("version %s is process %d\nlistening on http://%s\n", version, os.Getpid(), listener.Addr())
	if err := upgrader.Ready(); err != nil {
		return err
	}
	select {
	case err := <-served:
		return err
	case <-upgrader.Exit():
	}
	// server.Shutdown alone would drop connections that were just accepted and have not sent
	// their request yet.
	_ = listener.Close()
	<-served // no connection is added after this
	server.SetKeepAlivesEnabled(false)
	open.Wait()
	return server.Shutdown(context.Background())
}

// counting counts the open connections.
func counting(open *sync.WaitGroup) func(net.Conn, http.ConnState) {
	return func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Done()
		}
	}
}

// handleSignals replaces the program on SIGHUP and shuts it down on SIGTERM and Ctrl-C.
func handleSignals(upgrader *tableflip.Upgrader) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, os.Interrupt)
	for s := range signals {
		if s != syscall.SIGHUP {
			upgrader.Stop()
			return
		}
		if err := upgrader.Upgrade(); err != nil {
			fmt.Fprintln(os.Stderr, "the program was not replaced:", err)
		}
	}
}
