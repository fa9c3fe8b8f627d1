package sidecar

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/sidecar/routes"
)

// Options configures a Proxy. Upstreams is required; the zero value of every other field is right
// for a service on the same machine. New checks every field, and its error names each wrong one.
type Options struct {
	// Upstreams are the services behind the proxy. A request goes to the first one with the longest
	// matching Path among those that match its host.
	Upstreams []Upstream

	// Meter has the library's options. RouteFunc and GroupBy are the proxy's own.
	Meter tacho.Options

	// Routes are the templates of the service's routes. Without any, templates are learned.
	Routes []routes.Route

	// Learn also learns templates for served paths that are not in Routes.
	Learn bool

	// LearnerLimits bound what is learned.
	LearnerLimits routes.LearnerLimits

	// Trusted are the addresses of proxies in front of this one. The forwarding headers of other
	// clients are removed: Forwarded, X-Forwarded-* and X-Real-IP.
	Trusted []netip.Prefix

	// MaxConcurrent is the maximum number of requests that the upstreams handle at a time; 0 is
	// unlimited. Further ones wait for MaxQueue, 30 s by default, and then get a 503. Tunnels, such
	// as WebSockets, do not count.
	MaxConcurrent int
	MaxQueue      time.Duration

	// ConnectTimeout limits connecting to an upstream: 5 s by default. Then the response is 504.
	ConnectTimeout time.Duration

	// ResponseTimeout limits the time from a request's last byte to the response's header, and the time in which the
	// upstream accepts a piece of a request's body; 0 is unlimited, and 10 minutes for a piece. Then the response is
	// 504.
	ResponseTimeout time.Duration

	// ClientTimeout is how long a client may neither send the next bytes of its request nor accept
	// the next bytes of its response: 60 s by default.
	ClientTimeout time.Duration

	// HeaderTimeout limits reading a request's header: 10 s by default.
	HeaderTimeout time.Duration

	// IdleTimeout is how long a client's connection stays open without a request: 2 min by default.
	IdleTimeout time.Duration

	// KeepAlive is how long a connection to an upstream stays open without a request: 1 s by
	// default. It must be shorter than the upstream's own (Gunicorn's gthread 2 s, Node.js 5 s): a
	// request that meets an upstream closing its connection would fail without any fault.
	KeepAlive time.Duration

	// MaxHeaderBytes limits a request's header: 64 KiB by default. Then the response is 431.
	MaxHeaderBytes int

	// MaxBodyBytes limits a request's body; 0 is unlimited. Then the response is 413.
	MaxBodyBytes int64

	// DrainTimeout limits the time for requests and tunnels in progress at shutdown: 30 s by
	// default.
	DrainTimeout time.Duration

	// Certificate and Key are PEM files. With them, the proxy serves HTTPS and HTTP/2. They are
	// read again when they change.
	Certificate, Key string

	// Logger receives messages. The default is slog.Default().
	Logger *slog.Logger
}

// An Upstream is a service behind the proxy.
type Upstream struct {
	// Name is the value of the label upstream. The default is the URL without its user.
	Name string

	// URL is where the service listens: http://127.0.0.1:5000, https://…, h2c://127.0.0.1:50051
	// (HTTP/2 without TLS for every request), or unix:///run/app.sock. With http, gRPC requests use
	// HTTP/2 without TLS, and all others HTTP/1.1. A path in it is put before the request's.
	URL string

	// Host and Path select requests: by their Host header without its port, and by the beginning of
	// their path, in whole segments. Empty means any.
	Host, Path string

	// HealthPath is requested every HealthInterval (5 s by default); the upstream is up if the
	// status is below 500. Without it, the upstream is up if it accepts connections.
	HealthPath     string
	HealthInterval time.Duration
}

// Defaults of Options.
const (
	defaultMaxQueue       = 30 * time.Second
	defaultConnect        = 5 * time.Second
	defaultClient         = time.Minute
	defaultHeader         = 10 * time.Second
	defaultIdle           = 2 * time.Minute
	defaultKeepAlive      = time.Second
	defaultMaxHeaderBytes = 64 << 10
	defaultDrain          = 30 * time.Second
	defaultHealthInterval = 5 * time.Second
)

// withDefaults returns a copy with the defaults filled in.
func (o Options) withDefaults() Options {
	o.Upstreams, o.Routes, o.Trusted = slices.Clone(o.Upstreams), slices.Clone(o.Routes), slices.Clone(o.Trusted)
	o.MaxQueue = cmp.Or(o.MaxQueue, defaultMaxQueue)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, defaultConnect)
	o.ClientTimeout = cmp.Or(o.ClientTimeout, defaultClient)
	o.HeaderTimeout = cmp.Or(o.HeaderTimeout, defaultHeader)
	o.IdleTimeout = cmp.Or(o.IdleTimeout, defaultIdle)
	o.KeepAlive = cmp.Or(o.KeepAlive, defaultKeepAlive)
	o.MaxHeaderBytes = cmp.Or(o.MaxHeaderBytes, defaultMaxHeaderBytes)
	o.DrainTimeout = cmp.Or(o.DrainTimeout, defaultDrain)
	o.Logger = cmp.Or(o.Logger, slog.Default())
	for i := range o.Upstreams {
		o.Upstreams[i].HealthInterval = cmp.Or(o.Upstreams[i].HealthInterval, defaultHealthInterval)
	}
	return o
}

// check returns an error that names each wrong field.
func (o Options) check() error {
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("sidecar: Options.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	if len(o.Upstreams) == 0 {
		wrong("Upstreams", "set the service behind the proxy, such as http://127.0.0.1:5000")
	}
	names := map[string]bool{}
	for i, u := range o.Upstreams {
		u.check(func(field, format string, args ...any) {
			wrong(fmt.Sprintf("Upstreams[%d].%s", i, field), format, args...)
		})
		if names[u.label()] {
			wrong(fmt.Sprintf("Upstreams[%d].Name", i), "%q is the name of another upstream as well: give each a Name of its own", u.label())
		}
		names[u.label()] = true
	}
	for name, d := range map[string]time.Duration{
		"MaxQueue": o.MaxQueue, "ConnectTimeout": o.ConnectTimeout, "ResponseTimeout": o.ResponseTimeout, "ClientTimeout": o.ClientTimeout,
		"HeaderTimeout": o.HeaderTimeout, "IdleTimeout": o.IdleTimeout, "KeepAlive": o.KeepAlive, "DrainTimeout": o.DrainTimeout,
	} {
		if d < 0 {
			wrong(name, "%v is negative", d)
		}
	}
	if o.MaxConcurrent < 0 || o.MaxHeaderBytes < 0 || o.MaxBodyBytes < 0 {
		wrong("MaxConcurrent", "it, MaxHeaderBytes and MaxBodyBytes must not be negative")
	}
	if (o.Certificate == "") != (o.Key == "") {
		wrong("Certificate", "set both Certificate and Key, or neither")
	}
	if o.Meter.RouteFunc != nil || o.Meter.GroupBy.Name != "" {
		wrong("Meter", "RouteFunc and GroupBy are the proxy's own: use Routes")
	}
	return errors.Join(errs...)
}

// schemes are those of Upstream.URL.
var schemes = []string{"http", "https", "h2c", "unix"}

func (u Upstream) check(wrong func(field, format string, args ...any)) {
	to, err := url.Parse(u.URL)
	switch {
	case u.URL == "":
		wrong("URL", "is missing: where does the service listen, such as http://127.0.0.1:5000?")
	case err != nil:
		wrong("URL", "is not a URL: write it as http://127.0.0.1:5000")
	case !slices.Contains(schemes, to.Scheme):
		wrong("URL", "%q does not begin with http://, https://, h2c:// or unix:///path", to.Redacted())
	case to.User != nil:
		wrong("URL", "remove the user from %s: the proxy passes on the client's Authorization header", to.Redacted())
	case to.Scheme == "unix" && (to.Host != "" || to.Path == ""):
		wrong("URL", "%q has no path: write unix:///run/app.sock, with three slashes", u.URL)
	case to.Scheme != "unix" && to.Hostname() == "":
		wrong("URL", "%q has no host: write it as http://127.0.0.1:5000", u.URL)
	case to.RawQuery != "" || to.Fragment != "":
		wrong("URL", "%q must not have a query or fragment", u.URL)
	}
	if u.Path != "" && !strings.HasPrefix(u.Path, "/") {
		wrong("Path", "%q does not begin with /", u.Path)
	}
	if u.HealthPath != "" && !strings.HasPrefix(u.HealthPath, "/") {
		wrong("HealthPath", "%q does not begin with /", u.HealthPath)
	}
	if u.HealthInterval < 0 {
		wrong("HealthInterval", "%v is negative", u.HealthInterval)
	}
}

// label returns the value of the label upstream.
func (u Upstream) label() string { return cmp.Or(u.Name, u.URL) }
