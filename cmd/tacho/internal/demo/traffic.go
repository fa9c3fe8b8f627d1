package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tacho-go/tacho"
)

// A crowd is a group of customers. It sends requests at random times, independent of
// previous responses: a slow service does not slow it down.
type crowd struct {
	world *world
	job   string
	menu  []route
	rate  float64 // requests a second, before the wave
	pool  *pool
	dice  *dice // used by one goroutine, so that a seed is reproducible

	busy atomic.Int64 // requests in progress
}

// maxBusy limits the concurrent requests to a hanging service.
const maxBusy = 2000

// sendTraffic sends requests to the shop until ctx is done.
func (d *Demo) sendTraffic(ctx context.Context) {
	if !d.opts.NoTraffic {
		d.customers().send(ctx)
	}
}

// sendFlaskTraffic sends requests to the Flask service until ctx is done.
func (d *Demo) sendFlaskTraffic(ctx context.Context, url string) {
	if !d.opts.NoTraffic {
		d.flaskCustomers(url).send(ctx)
	}
}

func (d *Demo) customers() *crowd {
	return &crowd{world: &d.world, job: ShopJob, menu: routes, rate: d.opts.Rate, pool: d.pool, dice: d.dice(1)}
}

func (d *Demo) flaskCustomers(url string) *crowd {
	all := &pool{members: []*backend{newBackend("flask", url)}}
	return &crowd{world: &d.world, job: FlaskJob, menu: flaskRoutes, rate: d.opts.Rate / 8, pool: all, dice: d.dice(3)}
}

func (c *crowd) send(ctx context.Context) {
	defer c.pool.hangUp()
	var under sync.WaitGroup
	defer under.Wait()
	for next := time.Now(); ; {
		next = next.Add(time.Duration(c.dice.wait() / c.rate / wave(c.world.elapsed()) * float64(time.Second)))
		if !until(ctx, next) {
			return
		}
		r, e := c.choose()
		if c.busy.Load() >= maxBusy {
			continue
		}
		if b := c.pool.pick(); b != nil {
			c.busy.Add(1)
			under.Go(func() {
				defer c.busy.Add(-1)
				defer b.release()
				c.ask(ctx, b, r, e)
			})
		}
	}
}

// until waits until moment, and returns false if ctx is done before. It returns
// immediately if moment is in the past.
func until(ctx context.Context, moment time.Time) bool {
	if left := time.Until(moment); left > 0 {
		return rest(ctx, left)
	}
	return ctx.Err() == nil
}

// An errand is one planned request.
type errand struct {
	path  string
	trace string
	gone  time.Duration // client timeout; 0: never
}

func (c *crowd) choose() (route, errand) {
	r := pickRoute(c.menu, c.dice.float())
	e := errand{path: c.path(r), trace: formatTraceparent(c.dice.bits(), c.dice.bits(), c.dice.bits())}
	if c.dice.float() < r.gone {
		e.gone = r.takes.median / 3
	}
	return r, e
}

// pickRoute chooses a route by weight; at is from 0 to 1.
func pickRoute(menu []route, at float64) route {
	total := 0.0
	for _, r := range menu {
		total += r.weight
	}
	for _, r := range menu {
		if at -= r.weight / total; at < 0 {
			return r
		}
	}
	return menu[len(menu)-1]
}

// scans are paths that scanners request.
var scans = []string{
	"/wp-login.php", "/.env", "/.git/config", "/phpmyadmin/", "/xmlrpc.php", "/admin.php",
	"/cgi-bin/luci", "/actuator/env", "/backup.sql", "/server-status", "/vendor/phpunit/phpunit.xml",
}

// path returns a path for the route's template.
func (c *crowd) path(r route) string {
	switch r.path {
	case tacho.Unmatched:
		scan := scans[c.dice.below(len(scans))]
		return fmt.Sprintf("%s?%x", scan, c.dice.bits()&0xffff)
	case ordersPath:
		return r.path + "?kind=" + kinds[c.dice.below(len(kinds))]
	case orderPath:
		return fmt.Sprintf("%s/%d", ordersPath, c.orderID(r))
	}
	return r.path
}

func (c *crowd) orderID(r route) int {
	if c.dice.float() < r.missing {
		return 1e9 + c.dice.below(1e6)
	}
	return 1 + c.dice.below(orderPaid)
}

// ask sends one request and records the result.
func (c *crowd) ask(ctx context.Context, b *backend, r route, e errand) {
	key := Route{c.job, r.method, r.path}
	c.world.ledger.write(key, func(n *Count) { n.Started++ })
	status, err := b.do(ctx, r.method, e)
	switch {
	case err == nil:
		c.world.ledger.write(key, func(n *Count) { n.Finished[status]++ })
	case ctx.Err() != nil: // the end of the demo
	case errors.Is(err, context.DeadlineExceeded) && e.gone > 0:
		c.world.ledger.write(key, func(n *Count) { n.Finished[tacho.StatusClientClosedRequest]++ })
	default:
		c.world.ledger.write(key, func(n *Count) { n.Failed++ })
		c.world.opts.Logger.Warn("demo: a request failed", "route", r.method+" "+r.path, "err", err)
	}
}

// do sends an errand and returns the response status.
func (b *backend) do(ctx context.Context, method string, e errand) (int, error) {
	if e.gone > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, e.gone)
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, method, b.url+e.path, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Traceparent", e.trace)
	resp, err := b.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}
