package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A load is a few connections, each of which sends the next request after the previous response.
// It implements just enough of HTTP to be cheap.
type load struct {
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu    sync.Mutex
	taken []time.Duration
	err   error
}

func startLoad(ctx context.Context, addr string, connections int) (*load, error) {
	ctx, cancel := context.WithCancel(ctx)
	g := &load{cancel: cancel}
	for range connections {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			cancel()
			return nil, err
		}
		context.AfterFunc(ctx, func() { _ = conn.Close() })
		g.done.Go(func() { g.loop(ctx, conn) })
	}
	return g, nil
}

func (g *load) loop(ctx context.Context, conn net.Conn) {
	r := bufio.NewReader(conn)
	for ctx.Err() == nil {
		begin := time.Now()
		err := exchangeOnce(conn, r)
		took := time.Since(begin)
		g.mu.Lock()
		if err != nil && ctx.Err() == nil {
			g.err = err
			g.mu.Unlock()
			return
		}
		g.taken = append(g.taken, took)
		g.mu.Unlock()
	}
}

var loadRequest = []byte("GET /r0 HTTP/1.1\r\nHost: bench\r\n\r\n")

// exchangeOnce sends the request and reads the whole response: the header, up to the empty line,
// and the two bytes of the body.
func exchangeOnce(conn net.Conn, r *bufio.Reader) error {
	if _, err := conn.Write(loadRequest); err != nil {
		return err
	}
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			_, err := r.Discard(len(body))
			return err
		}
	}
}

// take returns the latencies since the last call.
func (g *load) take() []time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	taken := g.taken
	g.taken = make([]time.Duration, 0, cap(taken))
	return taken
}

func (g *load) stop() error {
	g.cancel()
	g.done.Wait()
	return g.err
}

// scrapeOnce acts as Prometheus: it requests the text format and reads it.
func scrapeOnce(ctx context.Context, addr, encoding string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/metrics", nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", formats[0].accept)
	r.Header.Set("Accept-Encoding", encoding)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the scrape was answered with %s", strconv.Quote(resp.Status))
	}
	return nil
}

// handler measures like hand-written middleware. It knows route and status beforehand, which
// favors it.
func (s *classicStore) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begin := time.Now()
		next.ServeHTTP(w, r)
		s.observe(routeName(0), http.StatusOK, time.Since(begin))
	})
}
