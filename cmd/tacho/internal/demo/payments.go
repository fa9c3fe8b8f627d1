package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tacho-go/tacho"
)

// payments is a slow external dependency, called over HTTP. The shop sees only its latency
// and its failures.
type payments struct {
	listener net.Listener
	server   *http.Server
	base     *http.Transport // of the shop's clients
	faults   *faults
	dice     *dice
	last     atomic.Int64 // the id of the newest order
}

// orderPaid is the newest order at the start.
const orderPaid = 4200

func newPayments(f *faults, by *dice) (*payments, error) {
	ln, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return nil, err
	}
	p := &payments{
		listener: ln, faults: f, dice: by, base: transport(),
	}
	// The shop calls it by its name, which does not change with the port.
	p.base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, ln.Addr().String())
	}
	p.last.Store(orderPaid)
	p.server = &http.Server{Handler: http.HandlerFunc(p.serve), ReadHeaderTimeout: 10 * time.Second}
	return p, nil
}

// transport is for many requests to few hosts, all on this machine: no proxy.
func transport() *http.Transport {
	return &http.Transport{MaxIdleConnsPerHost: 256, IdleConnTimeout: 30 * time.Second}
}

func (p *payments) start() { go p.server.Serve(p.listener) }

func (p *payments) stop(ctx context.Context) {
	p.base.CloseIdleConnections()
	if p.server.Shutdown(ctx) != nil {
		p.server.Close()
	}
}

func (p *payments) serve(w http.ResponseWriter, r *http.Request) {
	order := routeOf(http.MethodPost, ordersPath)
	fault := p.faults.on("", order)
	if !rest(r.Context(), order.takes.draw(p.dice)+fault.Slower) {
		return
	}
	if p.dice.float() < order.fails+fault.Fails {
		w.WriteHeader(http.StatusInternalServerError)
	}
}

var errUnpaid = errors.New("the payment service failed")

// paymentsHost is its host name.
const paymentsHost = "payments"

// client returns an instrumented HTTP client for a shop.
func (p *payments) client(m *tacho.Meter) *http.Client {
	return &http.Client{Transport: m.Transport(p.base, paymentsHost), Timeout: 5 * time.Second}
}

// pay returns the id of the order that is paid.
func (p *payments) pay(ctx context.Context, client *http.Client) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+paymentsHost, nil)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("calling the payment service: %w", err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		return 0, errUnpaid
	}
	return p.last.Add(1), nil
}
