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
)

// payments is the slow dependency: a service of somebody else's, over real
// HTTP, of which the shop sees nothing but how long it takes and that it fails.
type payments struct {
	listener net.Listener
	server   *http.Server
	client   *http.Client
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
		listener: ln, faults: f, dice: by,
		client: &http.Client{Transport: transport(), Timeout: 5 * time.Second},
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
	p.client.CloseIdleConnections()
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

// pay returns the id of the order that is paid.
func (p *payments) pay(ctx context.Context) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.listener.Addr().String(), nil)
	if err != nil {
		return 0, err
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("asking the payment service: %w", err)
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		return 0, errUnpaid
	}
	return p.last.Add(1), nil
}
