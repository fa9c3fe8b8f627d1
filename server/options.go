package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/exporter-toolkit/web"

	"github.com/tacho-go/tacho/internal/redact"
)

// Options configure a [Server]. The zero value of every field but DataDir is
// right for one machine.
type Options struct {
	// ConfigFile is a prometheus.yml; it is read again by [Server.Reload].
	ConfigFile string
	// Config is used when there is no ConfigFile: the same YAML as text.
	Config string

	// DataDir keeps the samples. It is made when missing, locked while the
	// server runs, and must be a local disk.
	DataDir string

	// Listen is the address of the HTTP server. Default 127.0.0.1:9464.
	Listen string
	// Listener is used instead of Listen by those who have bound a port
	// already. The server closes it.
	Listener net.Listener
	// WebConfigFile is exporter-toolkit's file for TLS, basic
	// authentication and headers
	// (https://prometheus.io/docs/prometheus/latest/configuration/https/).
	WebConfigFile string
	// ExternalURL is the address under which people reach the server: links
	// in alerts begin with it, and its path is the prefix of every page.
	// Default: the address it listens on.
	ExternalURL string

	// Page answers every path that is not the server's own. Default: none.
	Page http.Handler
	// Rules are loaded besides the rule_files of the configuration.
	Rules []RuleFile
	// RulesFunc makes more rules for the jobs of the configuration, at the
	// start and at each reload. An error rejects the configuration. Default:
	// none.
	RulesFunc func([]Job) ([]RuleFile, error)
	// Version is what /api/v1/status/buildinfo and tacho_build_info say of
	// the program around the server; Revision is its commit.
	Version, Revision string

	// Retention is how long samples are kept where the configuration does
	// not say it. Default 15 days.
	Retention time.Duration
	// RetentionBytes limits the size of the blocks where the configuration
	// does not say it. Default: half of the file system.
	RetentionBytes int64

	// MinFree is how many bytes of the file system are left alone: with
	// less free space nothing is ingested, because a write that fails in the
	// middle damages the log. Default 64 MiB; negative for none.
	MinFree int64

	// RemoteWriteReceiver lets others push samples to /api/v1/write (remote
	// write 1.0 and 2.0) and /api/v1/otlp/v1/metrics.
	RemoteWriteReceiver bool
	// AdminAPI opens /api/v1/admin/tsdb: deletion and snapshots.
	AdminAPI bool
	// FlushDeadline is how long the end waits for receivers of remote write
	// and for an Alertmanager. Default 5 s (Prometheus: 1 min, for which it
	// keeps its port).
	FlushDeadline time.Duration

	QueryTimeout     time.Duration // of one query. Default 2 min
	QueryConcurrency int           // queries at once. Default 20
	QueryMaxSamples  int           // in memory for one query. Default 50,000,000
	QueryLookback    time.Duration // how far back a sample counts as current. Default 5 min

	// DiscoveryInterval is how often changes of discovered targets are
	// applied. Default 5 s.
	DiscoveryInterval time.Duration

	// Logger gets what the server has to say. Default slog.Default().
	Logger *slog.Logger
}

// A RuleFile is a file of rules that needs no place on disk.
type RuleFile struct {
	Name string // what the API calls the file
	YAML []byte
}

// A Job is what rules need to know of a job that is scraped.
type Job struct {
	Name     string
	Interval time.Duration // between two scrapes
}

// Errors that Run and New return, for callers that decide by them.
var (
	// ErrConfig is returned for a configuration that cannot be used.
	ErrConfig = errors.New("configuration")
	// ErrInUse is returned when the port or the data folder belongs to
	// another process.
	ErrInUse = errors.New("in use")
)

const (
	defaultListen    = "127.0.0.1:9464" // the Prometheus exporters' default of OpenTelemetry: free on most machines
	defaultRetention = 15 * 24 * time.Hour
	defaultMinFree   = 64 << 20
	maxBlock         = 31 * 24 * time.Hour
)

// withDefaults returns a copy with every unset field filled.
func (o Options) withDefaults() Options {
	setDefault(&o.Listen, defaultListen)
	setDefault(&o.Retention, defaultRetention)
	setDefault(&o.MinFree, defaultMinFree)
	setDefault(&o.FlushDeadline, 5*time.Second)
	setDefault(&o.QueryTimeout, 2*time.Minute)
	setDefault(&o.QueryConcurrency, 20)
	setDefault(&o.QueryMaxSamples, 50_000_000)
	setDefault(&o.QueryLookback, 5*time.Minute)
	setDefault(&o.DiscoveryInterval, 5*time.Second)
	setDefault(&o.Version, "dev")
	setDefault(&o.Logger, slog.Default())
	o.Logger = slog.New(quiet{newRepeats(o.Logger.Handler())})
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check names the first field that cannot be used, and why.
func (o Options) check() error {
	switch {
	case o.DataDir == "":
		return fmt.Errorf("%w: DataDir is empty: name a folder for the samples", ErrConfig)
	case o.Retention < 0:
		return fmt.Errorf("%w: Retention is %v: it must not be negative", ErrConfig, o.Retention)
	case o.RetentionBytes < 0:
		return fmt.Errorf("%w: RetentionBytes is %d: it must not be negative", ErrConfig, o.RetentionBytes)
	case o.FlushDeadline < 0:
		return fmt.Errorf("%w: FlushDeadline is %v: it must not be negative", ErrConfig, o.FlushDeadline)
	case o.DiscoveryInterval < 0:
		return fmt.Errorf("%w: DiscoveryInterval is %v: it must not be negative", ErrConfig, o.DiscoveryInterval)
	}
	if err := o.checkQueries(); err != nil {
		return err
	}
	if _, err := ParseExternalURL(o.ExternalURL); err != nil {
		return err
	}
	if err := web.Validate(o.WebConfigFile); err != nil {
		return fmt.Errorf("%w: the web configuration %s (TLS, users) cannot be used: %w", ErrConfig, o.WebConfigFile, err)
	}
	return writable(o.DataDir)
}

// checkQueries names a limit of queries that is negative: with it each query would fail, or
// the engine panic.
func (o Options) checkQueries() error {
	for _, limit := range []struct {
		name     string
		value    any
		negative bool
	}{
		{"QueryTimeout", o.QueryTimeout, o.QueryTimeout < 0},
		{"QueryConcurrency", o.QueryConcurrency, o.QueryConcurrency < 0},
		{"QueryMaxSamples", o.QueryMaxSamples, o.QueryMaxSamples < 0},
		{"QueryLookback", o.QueryLookback, o.QueryLookback < 0},
	} {
		if limit.negative {
			return fmt.Errorf("%w: %s is %v: it must not be negative", ErrConfig, limit.name, limit.value)
		}
	}
	return nil
}

// writable makes the folder and tries a file in it, so that a read-only disk
// is found before anything is opened.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("%w: the data folder cannot be made: %w; choose another folder", ErrConfig, err)
	}
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("%w: the data folder %s cannot be written: %w; choose another folder or mend its rights", ErrConfig, dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// listen binds the port, before the TSDB is opened: a taken port is known at
// once and not after minutes of replay.
func (o Options) listen() (net.Listener, error) {
	if o.Listener != nil {
		return o.Listener, nil
	}
	return Listen(o.Listen)
}

// Listen binds an address as [New] does. The error is [ErrInUse] if somebody else has it,
// and [ErrConfig] if nobody can have it on this machine.
func Listen(address string) (net.Listener, error) {
	ln, err := listenTCP(address)
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, windowsInUse):
		return nil, fmt.Errorf("%w: %w; choose another address", ErrInUse, err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%w: %w; choose a port above 1023, or give the process the right to it", ErrConfig, err)
	}
	return nil, fmt.Errorf("%w: cannot listen on %q: %w; write host:port ([::1]:port for IPv6) with an address of this machine, or :port for all of them", ErrConfig, redact.URL(address), err)
}

// listenTCP takes no address without a port: the system would choose one, and a variable
// that is empty by mistake would open it to other machines.
func listenTCP(address string) (net.Listener, error) {
	switch _, port, err := net.SplitHostPort(address); {
	case strings.Contains(address, "@"):
		return nil, errors.New("an address to listen on has no user")
	case err == nil && port == "":
		return nil, errors.New("there is no port in it")
	case address == "":
		return nil, errors.New("it is empty")
	}
	return net.Listen("tcp", address)
}

// windowsInUse is WSAEADDRINUSE. Other systems have no error of this number.
const windowsInUse = syscall.Errno(10048)

// externalURL returns ExternalURL, or the address of ln.
func (o Options) externalURL(ln net.Listener) (*url.URL, error) {
	if o.ExternalURL == "" {
		return ReachableURL(ln.Addr(), o.WebConfigFile), nil
	}
	return ParseExternalURL(o.ExternalURL)
}

// ReachableURL is where people of this machine reach what listens on an address, with that
// web configuration ("" for none).
func ReachableURL(a net.Addr, webConfigFile string) *url.URL {
	scheme := "http"
	if usesTLS(webConfigFile) {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: reachable(a)}
}

// ParseExternalURL reads an [Options].ExternalURL, and returns nil where none is given. The
// error is [ErrConfig].
func ParseExternalURL(text string) (*url.URL, error) {
	if text == "" {
		return nil, nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "" || strings.Contains(u.Host, ",") || (u.Scheme != "http" && u.Scheme != "https"):
		return nil, fmt.Errorf("%w: the external URL is %q: it must look like https://host/path", ErrConfig, redact.URL(text))
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, fmt.Errorf("%w: the external URL is %q: it is what all links begin with, so it has no user, no ? and no #: write it as https://host/path", ErrConfig, redact.URL(text))
	}
	if _, err := net.LookupPort("tcp", u.Port()); err != nil {
		return nil, fmt.Errorf("%w: the external URL is %q: %s is no port", ErrConfig, text, u.Port())
	}
	u.RawPath = ""
	u.Path = filepath.ToSlash(filepath.Clean("/" + u.Path))
	if u.Path == "/" {
		u.Path = ""
	}
	return u, nil
}

// reachable turns an address to listen on into one to connect to.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, port)
}
