package engine

import (
	"strings"
	"sync/atomic"
)

// A Detached is the exchange of a call whose handlers have returned, while its response is still
// being sent. Package adapter documents it.
type Detached struct {
	exchange *Exchange
	status   int // that the framework sends unless another one was reported
	ended    atomic.Bool
}

// Detach ends a call as Leave does, but not its exchange, and returns that. It returns nil if the
// call has no exchange of its own. Metrics that an inner call put on the exchange of an outer one
// end with that exchange. The strings and the carrier of the request are replaced, because the
// framework may reuse them from now on.
func (c *Call) Detach(route string, status int, in, out int64, carrier Carrier) *Detached {
	c.tracks = nil
	if c.use == passing {
		c.passed(route)
		return nil
	}
	c.pop()
	if c.use&(measuring|trackingUse) == 0 {
		c.done(false)
		return nil
	}
	x := &c.exchange
	x.method, x.path = strings.Clone(x.method), strings.Clone(x.path)
	if carrier != nil {
		x.carrier = carrier
	}
	c.report(strings.Clone(route), in, out)
	return &Detached{exchange: x, status: status}
}

// Exchange returns the exchange.
func (d *Detached) Exchange() *Exchange { return d.exchange }

// Claim reports whether the caller is the one to end the exchange: the first one is.
func (d *Detached) Claim() bool { return !d.ended.Swap(true) }

// End records the exchange. panicked is the value of a panic while the response was sent.
func (d *Detached) End(panicked any) {
	x := d.exchange
	x.Settle(x.watch.ctx, d.status, panicked)
	x.engine.End(x)
}

// Sends reports that the response has begun to be sent.
func (d *Detached) Sends() { d.exchange.WroteHeader(d.exchange.watch.ctx, d.status) }

// SendsNoBody reports whether HTTP sends no body with the response.
func (d *Detached) SendsNoBody() bool { return d.exchange.sendsNoBody(d.status) }
