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

// ServeOptions configures a port of its own for the metrics. Address or Listener is required.
type ServeOptions struct {
	// Address is the address to listen on, such as "127.0.0.1:9464". Port 0 selects a free port.
	Address string

	// Listener is used instead of Address. Serve closes it.
	Listener net.Listener

	// TLSConfig enables HTTPS. It must have a certificate.
	TLSConfig *tls.Config

	// Access restricts who may read the metrics here; nil means Options.Endpoint.Access. It is
	// checked after the authentication of ServeFunc. Users in both, or users there and BearerTokens
	// here, deny every request, because a request has only one Authorization header.
	Access *Access

	// ServeFunc replaces http.Server's own Serve and ServeTLS. web.Config returns one that follows
	// exporter-toolkit's configuration file. ServeFunc is then responsible for access control:
	// tacho does not warn about a public endpoint.
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

// Serve serves the metrics at Options.Endpoint.Path on a port of its own, until the context ends or
// [Meter.Shutdown] is done. It returns nil after the responses in progress have been sent. Its
// requests are never recorded.
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
		server.Shut(ctx) // even before it serves: it then returns at once
	}
	defer context.AfterFunc(ctx, func() { server.Shut(context.Background()) })()
	err := o.serve(&server.Server, l)
	if errors.Is(err, http.ErrServerClosed) {
		server.Shut(context.Background()) // waits if a shutdown is in progress
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

// ownPort returns the handler of a port of its own.
func (m *Meter) ownPort(o ServeOptions) http.Handler {
	access := m.opts.Endpoint.Access
	if o.Access != nil {
		access = deepcopy.Of(*o.Access)
	}
	if o.ServeFunc != nil && !access.guarded() {
		access.Public = true // ServeFunc controls access
	}
	mux := http.NewServeMux()
	mux.Handle(m.opts.Endpoint.Path, newAccessControl(m, access, newEndpoint(m)))
	return mux
}

// portOf returns a server that a hanging scraper cannot block forever.
func (m *Meter) portOf(o ServeOptions) *drain.Server {
	p := drain.NewServer()
	p.Handler, p.TLSConfig = m.ownPort(o), o.TLSConfig
	p.ReadTimeout, p.IdleTimeout = 10*time.Second, 2*time.Minute
	p.WriteTimeout = m.opts.Endpoint.Timeout + 30*time.Second
	p.ErrorLog = slog.NewLogLogger(m.logger().Handler(), slog.LevelWarn)
	return p
}

// Shutdown keeps the metrics endpoint available until a scrape that began after the call has been
// answered completely, or the context ends; then it also stops [Meter.Serve]. Call it after the
// service has answered its last request, so that this scrape reads the final values. It returns
// ErrNotScraped if no scrape came.
//
// Later calls of Serve return at once. If the endpoint is on the service's own port, call Shutdown
// before http.Server.Shutdown.
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

// Flush makes everything that this process has counted visible to the service's other processes.
// They always see its HTTP metrics; other metrics of the registry are written once a second. Call
// it at the end of main:
//
//	defer m.Flush()
//
// Flush does nothing without Options.Multiproc.
func (m *Meter) Flush() error {
	if m.core.siblings == nil {
		return nil
	}
	_, err := m.core.siblings.publish()
	return err
}

// ErrNotScraped is returned by Meter.Shutdown if no scrape came before its context ended: nothing
// has read the last values.
var ErrNotScraped = errors.New("tacho: no scrape has read the last numbers")
