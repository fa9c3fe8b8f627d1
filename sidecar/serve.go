package sidecar

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Serve serves the proxy until the context ends. Then it stops to accept connections, and waits for
// requests and tunnels in progress, at most Options.DrainTimeout. It closes the listener.
func (p *Proxy) Serve(ctx context.Context, l net.Listener) error {
	server := p.server()
	defer server.Close()
	var ended sync.WaitGroup
	watch, stop := context.WithCancel(ctx)
	defer func() { stop(); ended.Wait() }()
	ended.Go(func() { p.watchUpstreams(watch) })
	drained := make(chan struct{})
	defer context.AfterFunc(ctx, func() { p.drain(server); close(drained) })()
	err := p.serve(server, l)
	if errors.Is(err, http.ErrServerClosed) {
		<-drained
		return nil
	}
	return err
}

func (p *Proxy) serve(server *http.Server, l net.Listener) error {
	if o := p.current.Load().options; o.Certificate != "" {
		c, err := newCertificate(o.Certificate, o.Key, o.Logger)
		if err != nil {
			_ = l.Close()
			return err
		}
		server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
		return server.ServeTLS(l, "", "")
	}
	return server.Serve(l)
}

// server returns the server of the proxy. It accepts HTTP/1.1, and HTTP/2 with and without TLS.
func (p *Proxy) server() *http.Server {
	o := p.current.Load().options
	s := &http.Server{
		Handler:                      p,
		ReadHeaderTimeout:            o.HeaderTimeout,
		IdleTimeout:                  o.IdleTimeout,
		MaxHeaderBytes:               o.MaxHeaderBytes,
		DisableGeneralOptionsHandler: true, // OPTIONS * is the service's
		ErrorLog:                     slog.NewLogLogger(o.Logger.Handler(), slog.LevelDebug),
		Protocols:                    new(http.Protocols),
	}
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetHTTP2(true)
	s.Protocols.SetUnencryptedHTTP2(true)
	return s
}

// drain shuts the server down.
func (p *Proxy) drain(server *http.Server) {
	p.draining.Store(true)
	limit := p.current.Load().options.DrainTimeout
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
	p.tunnels.drain(ctx)
}

// watchUpstreams checks the upstreams until the context ends.
func (p *Proxy) watchUpstreams(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	due := map[string]time.Time{}
	for {
		c := p.current.Load()
		for _, u := range c.upstreams {
			if now := time.Now(); !now.Before(due[u.label()]) {
				due[u.label()] = now.Add(u.HealthInterval)
				go u.check(ctx, c.options)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// watchEvery is the resolution of the health checks' intervals.
const watchEvery = 200 * time.Millisecond
