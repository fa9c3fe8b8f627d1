package tacho

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/tacho-go/tacho/internal/deepcopy"
	"github.com/tacho-go/tacho/internal/drain"
)

// ServeOptions describe a port of its own for the metrics. Address or Listener
// is needed.
type ServeOptions struct {
	// Address is where to listen, such as "127.0.0.1:9464". Port 0 takes any.
	Address string

	// Listener is used instead of Address, and closed in the end.
	Listener net.Listener

	// TLSConfig makes it HTTPS. It must have a certificate.
	TLSConfig *tls.Config

	// Access says who may read the metrics here; nil stands for
	// Options.Endpoint.Access. It is asked after what ServeFunc asks for, so that users in
	// both, or users there and BearerTokens here, let nobody in: a request has
	// one Authorization header.
	Access *Access

	// ServeFunc serves in the place of http.Server's own Serve and ServeTLS.
	// web.Config makes one that follows exporter-toolkit's configuration file.
	// Whether strangers are kept out is then its business: nothing warns of them.
	ServeFunc func(*http.Server, net.Listener) error
}

func (o ServeOptions) check() error {
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("tacho: ServeOptions.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	if (o.Address == "") == (o.Listener == nil) {
		wrong("Address", "set it, or Listener, and not both")
	}
	if t := o.TLSConfig; t != nil && len(t.Certificates) == 0 && t.GetCertificate == nil && t.GetConfigForClient == nil {
		wrong("TLSConfig", "has no certificate")
	}
	if o.TLSConfig != nil && o.ServeFunc != nil {
		wrong("ServeFunc", "decides on TLS itself; leave TLSConfig out")
	}
	if o.Access != nil {
		o.Access.check(complaint(wrong).of("Access"))
	}
	return errors.Join(errs...)
}

// Serve serves the metrics at Options.Endpoint.Path on a port of its own, until
// the context ends or [Meter.Shutdown] is done; then it returns nil, when the
// scrapes that are under way have been answered. Its requests are never
// recorded.
func (m *Meter) Serve(ctx context.Context, o ServeOptions) error {
	if err := o.check(); err != nil {
		return err
	}
	l := o.Listener
	if l == nil {
		var err error
		if l, err = new(net.ListenConfig).Listen(ctx, "tcp", o.Address); err != nil {
			return fmt.Errorf("tacho: ServeOptions.Address: %w", err)
		}
	}
	defer func() { _ = l.Close() }() // Serve closes it, except on error
	server := m.portOf(o)
	m.core.ports.Add(server)
	defer m.core.ports.Remove(server)
	if m.core.down.Load() {
		server.Shut(ctx) // before it has begun: it then ends at once
	}
	defer context.AfterFunc(ctx, func() { server.Shut(context.Background()) })()
	err := o.serve(&server.Server, l)
	if errors.Is(err, http.ErrServerClosed) {
		server.Shut(context.Background()) // or wait for whoever has begun to
		return nil
	}
	return err
}

func (o ServeOptions) serve(server *http.Server, l net.Listener) error {
	switch {
	case o.ServeFunc != nil:
		return o.ServeFunc(server, l)
	case o.TLSConfig != nil:
		return server.ServeTLS(l, "", "")
	}
	return server.Serve(l)
}

// ownPort is what a port of its own answers.
func (m *Meter) ownPort(o ServeOptions) http.Handler {
	access := m.opts.Endpoint.Access
	if o.Access != nil {
		access = deepcopy.Of(*o.Access)
	}
	if o.ServeFunc != nil && !access.guarded() {
		access.Public = true // whether it is, that function decides
	}
	mux := http.NewServeMux()
	mux.Handle(m.opts.Endpoint.Path, newGate(m, access, newEndpoint(m)))
	return mux
}

// portOf makes a server that a scraper which hangs cannot hold for ever.
func (m *Meter) portOf(o ServeOptions) *drain.Server {
	p := drain.NewServer()
	p.Handler, p.TLSConfig = m.ownPort(o), o.TLSConfig
	p.ReadTimeout, p.IdleTimeout = 10*time.Second, 2*time.Minute
	p.WriteTimeout = m.opts.Endpoint.Timeout + 30*time.Second
	p.ErrorLog = slog.NewLogLogger(m.logger().Handler(), slog.LevelWarn)
	return p
}

// Shutdown keeps the metrics endpoint up until a scrape that began after the
// call has been answered in full, or the context ends; then it also ends what
// [Meter.Serve] serves. It is called when the service has answered its last
// request: that scrape reads the last numbers. It returns ErrNotScraped if none
// came.
//
// What Serve is called for afterwards ends at once. Where the endpoint is on the
// service's own port, call Shutdown before
// http.Server's.
func (m *Meter) Shutdown(ctx context.Context) error {
	w := drain.NewWaiter()
	m.core.waiters.Add(w)
	defer m.core.waiters.Remove(w)
	var err error
	select {
	case <-w.Done:
	case <-ctx.Done():
		err = fmt.Errorf("%w: %w", ErrNotScraped, ctx.Err())
	}
	m.core.down.Store(true)
	var ports sync.WaitGroup
	for _, port := range m.core.ports.All() {
		ports.Go(func() { port.Shut(ctx) })
	}
	ports.Wait()
	if m.core.siblings != nil {
		m.core.siblings.leave()
	}
	return err
}

// Flush lets the service's other processes see everything that this one has
// counted until now. The HTTP metrics they see anyway; other metrics of the
// registry are written once a second. So it is for the end of main:
//
//	defer m.Flush()
//
// Without Options.Multiproc it does nothing.
func (m *Meter) Flush() error {
	if m.core.siblings == nil {
		return nil
	}
	_, err := m.core.siblings.publish()
	return err
}
