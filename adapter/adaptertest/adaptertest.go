// Package adaptertest is the suite that every adapter passes: each rule of what
// tacho records, as a named case with a sentence that explains it.
//
//	func TestConformance(t *testing.T) {
//		adaptertest.Run(t, adaptertest.Framework{Start: start})
//	}
//
// Start builds a service from an [App] in the adapter's framework, measured the
// way a user would do it, and serves it on loopback. The suite drives it over
// real connections and reads what was recorded.
package adaptertest

import (
	"context"
	"io"
	"net"
	"net/http"

	"github.com/tacho-go/tacho"
)

// A Framework builds services.
type Framework struct {
	// Start serves the app, measured with the options, until it is stopped.
	Start func(App, tacho.Options) (Service, error)

	// Template says how the route label shows a path of the suite, such as
	// /users/{id} or /files/{rest...}. Nil means: as it is.
	Template func(path string) string

	// Status says which status is sent and recorded where the suite expects this one, for
	// frameworks whose outcomes are not HTTP statuses. Nil means: the same.
	Status func(status int) int

	// Method says which method is recorded where the suite sends this one, for frameworks with a
	// single one. Nil means: the same.
	Method func(method string) string

	// Lacks names the features that the framework cannot have, each with the
	// reason. Cases that need them are skipped and say why. Run fails for a
	// feature that the framework turns out to have.
	Lacks map[Feature]string
}

// A Feature is something that not every framework can do.
type Feature string

// The features that cases may need.
const (
	ClientGone    Feature = "client gone"     // handlers are told when the client leaves
	Hijacking     Feature = "hijacking"       // handlers can take a connection over
	Streaming     Feature = "streaming"       // handlers can flush
	Informational Feature = "informational"   // handlers can send a 1xx status
	Groups        Feature = "groups"          // routers have groups, mounts or sub-routers
	ListsRoutes   Feature = "lists routes"    // the router can list its routes
	Handlers      Feature = "http.Handler"    // the service is an http.Handler
	Deadlines     Feature = "deadlines"       // http.ResponseController reaches the connection
	RecoverInside Feature = "recovery inside" // there is a recovery middleware, and it may stand inside
	Guards        Feature = "guards"          // middlewares can answer in a route's place
	Tracking      Feature = "tracking"        // metrics can be put on single routes
	Requests      Feature = "http.Request"    // handlers see the server's http.Request; see Requester
	Redispatching Feature = "redispatching"   // handlers can dispatch their request again; see Redispatcher
	EarlyStatus   Feature = "early status"    // the status is sent before the body
	EventStreams  Feature = "event streams"   // the content type tells a stream from its first byte on
	HalfClosing   Feature = "half-closing"    // a client that has closed its own side only gets the response
	NoBody        Feature = "no body"         // there are statuses and methods without a body
	PathValues    Feature = "path values"     // routes have parameters
	PanicsEnd     Feature = "panics end"      // a panic without recovery ends its request only
	ServesEnded   Feature = "serves ended"    // a handler is called although its context has ended
	PlainBodies   Feature = "plain bodies"    // bodies are what handlers read and write, without framing
	Uploads       Feature = "uploads"         // handlers get a body while it arrives
)

// An App is a service described without a framework.
type App struct {
	Routes   []Route
	Recovery Recovery
	Guard    func(Call) bool // a middleware inside the measurement; false: it has answered

	// Wrap is a middleware of net/http around the measured service, such as
	// http.TimeoutHandler. It needs the feature Handlers.
	Wrap func(http.Handler) http.Handler
	// Around says that Meter.Handler is put around the whole service as well,
	// outside of Wrap.
	Around bool
	// Twice says that the measurement stands twice, one inside the other, with a
	// middleware in between whose writer hides the first; see Blind.
	Twice bool
	// Plain says that nothing is measured: what the service does without us.
	Plain bool
}

// A Route is one route of an App.
type Route struct {
	Method string // GET if empty
	Path   string // /users/{id}, /files/{rest...}
	Group  string // the part of Path that a group or sub-router carries
	Late   bool   // registered when the measurement is set up already
	Early  bool   // registered before the measurement, where that makes a difference
	Do     func(Call)

	// What is put on the route, in this order, outermost first: ExcludeAll,
	// DoNotTrack, and the metrics that Track makes of the service's Meter.
	ExcludeAll bool
	DoNotTrack bool
	Track      func(*tacho.Meter) []*tacho.Metric
}

// Recovery says where the framework's recovery stands.
type Recovery int

// The places for a recovery middleware.
const (
	NoRecovery Recovery = iota
	RecoveryOutside
	RecoveryInside
)

// A Call is a request in a handler, and the means to answer it.
type Call interface {
	Context() context.Context
	Body() io.Reader
	SetHeader(key, value string)
	WriteHeader(status int)
	io.Writer
	Flush()
	Hijack() (net.Conn, error)
}

// A Service is a started App.
type Service struct {
	URL   string // http://127.0.0.1:port
	Meter *tacho.Meter
	Stop  func()
}

// A Case is one rule.
type Case struct {
	Name  string
	Rule  string
	Needs []Feature
	Check func(*Lab) error
}

// HTTPCall is the Call of frameworks that are built on net/http.
type HTTPCall struct {
	W http.ResponseWriter
	R *http.Request
}

// Context implements Call.
func (c HTTPCall) Context() context.Context { return c.R.Context() }

// Body implements Call.
func (c HTTPCall) Body() io.Reader { return c.R.Body }

// SetHeader implements Call.
func (c HTTPCall) SetHeader(key, value string) { c.W.Header().Set(key, value) }

// WriteHeader implements Call.
func (c HTTPCall) WriteHeader(status int) { c.W.WriteHeader(status) }

func (c HTTPCall) Write(p []byte) (int, error) { return c.W.Write(p) }

// Flush implements Call.
func (c HTTPCall) Flush() { c.W.(http.Flusher).Flush() }

// Hijack implements Call.
func (c HTTPCall) Hijack() (net.Conn, error) {
	conn, _, err := c.W.(http.Hijacker).Hijack()
	return conn, err
}

// Request implements Requester.
func (c HTTPCall) Request() *http.Request { return c.R }

// Redispatch implements Redispatcher for services that Serve has started.
func (c HTTPCall) Redispatch(path string) {
	again, to := *c.R, *c.R.URL
	to.Path, to.RawPath = path, ""
	again.URL = &to
	c.R.Context().Value(serviceKey{}).(http.Handler).ServeHTTP(c.W, &again)
}

// serviceKey is where a request's context has the service's own handler.
type serviceKey struct{}

// Controller reaches the connection's deadlines.
func (c HTTPCall) Controller() *http.ResponseController { return http.NewResponseController(c.W) }
