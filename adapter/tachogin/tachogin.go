// Package tachogin measures a Gin service with tacho.
//
//	r := gin.Default()
//	m := tachogin.Use(r, tacho.Options{})
//
// That line adds the middleware and the /metrics endpoint, and counts every
// route of the engine from zero. The route label is Gin's own template
// (/users/:id); requests that Gin could not route are "unmatched".
//
// Gin answers the redirects of RedirectTrailingSlash and RedirectFixedPath
// before any middleware runs, so no middleware can see them. To count these
// too, serve m.Handler(r) instead of r: a request is still counted once.
//
// Metrics of single routes stand before the handler:
//
//	orders := m.Counter(tacho.MetricOptions{Name: "shop_orders", Help: "Orders placed."})
//	r.POST("/orders", tachogin.Track(orders), placeOrder)
package tachogin

import (
	"github.com/gin-gonic/gin"

	"github.com/tacho-go/tacho"
)

// Middleware returns a middleware that records into m, for engines and groups
// whose set-up is written by hand. It is right before and behind any other
// middleware, Recovery included.
func Middleware(m *tacho.Meter) gin.HandlerFunc {
	m.Join()
	ends, shows := new(ending), !m.Minimal() // else no writer of ours stands in a Context
	return func(c *gin.Context) {
		under := stackOf(c)
		if w := under.find(m, measuring|excluded); w != nil {
			w.again(m, c)
			return
		}
		if m.Nested() || shows && !ends.at(c.Writer) {
			if x := m.Enclosing(c.Writer, c.Request.Context()); x != nil {
				enclosed(x, c)
				return
			}
		}
		w := under.writer()
		if !m.Begin(&w.exchange, c.Request.Method, c.Request.URL.Path) {
			w.exclude(m, c, under)
			return
		}
		w.watch(m, c, under, measuring)
		defer w.finish(m, c)
		c.Next()
	}
}

// enclosed names the route of an exchange that began outside of Gin: at once,
// since behind http.TimeoutHandler it may be over when the handler returns, and
// at the end, if the request was dispatched again where we do not stand.
func enclosed(x *tacho.Exchange, c *gin.Context) {
	x.SetRoute(route(c))
	path := c.FullPath()
	defer func() {
		if c.FullPath() != path {
			x.SetRoute(route(c))
		}
	}()
	c.Next()
}

// Track records the requests of a route in these metrics, too. They all must
// belong to one Meter. Its Middleware need not be there: the metrics are recorded
// all the same.
func Track(metrics ...*tacho.Metric) gin.HandlerFunc {
	if len(metrics) == 0 {
		return func(*gin.Context) {}
	}
	m := metrics[0].Meter()
	m.MustOwn(metrics...)
	return func(c *gin.Context) {
		under := stackOf(c)
		if x := current(m, c, under); x != nil {
			defer x.Tracked(x.Track(metrics...))
			c.Next()
			return
		}
		if w := under.find(m, marked); w != nil && w.exchange.ExcludedAll() {
			c.Next()
			return
		}
		w := under.writer()
		if !m.BeginTracked(&w.exchange, c.Request.Method, c.Request.URL.Path, metrics...) {
			under.takeBack(w)
			return
		}
		w.watch(m, c, under, tracking)
		defer w.finish(m, c)
		defer w.exchange.Tracked(w.exchange.Track(metrics...))
		c.Next()
	}
}

// current is the exchange that metrics on a route belong to, if there is one. The
// request's context is not asked: behind http.TimeoutHandler its exchange is
// another goroutine's.
func current(m *tacho.Meter, c *gin.Context, under *stack) *tacho.Exchange {
	if w := under.find(m, measuring|tracking); w != nil {
		return &w.exchange
	}
	return m.Current(c.Writer)
}

// DoNotTrack leaves the requests of a route out of the HTTP metrics; what Track
// has put on it is still recorded.
func DoNotTrack(m *tacho.Meter) gin.HandlerFunc { return marking(m, (*tacho.Exchange).DoNotTrack) }

// ExcludeAll leaves the requests of a route out of everything, what Track has put
// on it included, whichever of them stands first.
func ExcludeAll(m *tacho.Meter) gin.HandlerFunc { return marking(m, (*tacho.Exchange).ExcludeAll) }

func marking(m *tacho.Meter, mark func(*tacho.Exchange)) gin.HandlerFunc {
	m.Join()
	return func(c *gin.Context) {
		under := stackOf(c)
		found := false
		for _, x := range []*tacho.Exchange{current(m, c, under), m.Current(c.Writer), m.Enclosing(c.Writer, c.Request.Context())} {
			if x != nil {
				mark(x)
				found = true
			}
		}
		if found {
			return
		}
		w := &writer{use: marked} // metrics further inside need to know all the same
		m.BeginTracked(&w.exchange, c.Request.Method, c.Request.URL.Path)
		mark(&w.exchange)
		under.push(w)
		defer w.pop()
		c.Next()
	}
}

// route is the template that Gin has matched, or the last one where a handler has
// dispatched the request again.
func route(c *gin.Context) string {
	if path := c.FullPath(); path != "" {
		return path
	}
	return tacho.Unmatched
}
