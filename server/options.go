package server

import (
	"context"
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
	"github.com/prometheus/prometheus/model/labels"
	"go.yaml.in/yaml/v2" // which package web reads its file with

	"github.com/tacho-go/tacho/internal/redact"
	"github.com/tacho-go/tacho/verdict"
)

// Options configure a [Server]. Only DataDir is required: the zero value of every
// other field suits a single machine.
type Options struct {
	// ConfigFile is a prometheus.yml. [Server.Reload] reads it again.
	ConfigFile string
	// Config is the YAML text of the configuration, used if ConfigFile is empty.
	Config string

	// Agent scrapes and forwards only: samples are stored until the receivers of
	// remote_write have accepted them, and cannot be queried. There are no rules,
	// alerts and verdict. The configuration must have a remote_write.
	Agent bool

	// DataDir is the directory of the samples, on a local disk. It is created if
	// it does not exist, and locked while the server runs.
	DataDir string

	// Listen is the address of the HTTP server. Default 127.0.0.1:9464.
	Listen string
	// Listener is used instead of Listen if it is not nil. The server closes it.
	Listener net.Listener
	// WebConfigFile is exporter-toolkit's file for TLS, basic
	// authentication and headers
	// (https://prometheus.io/docs/prometheus/latest/configuration/https/).
	WebConfigFile string
	// ExternalURL is the public URL of the server. Links in alerts begin with
	// it, and its path is the prefix of every page. Default: the listen address.
	ExternalURL string

	// Page serves all other paths. Default: none.
	Page http.Handler
	// Rules are loaded in addition to the rule_files of the configuration.
	Rules []RuleFile
	// RulesFunc returns more rules for the jobs of the configuration, on startup
	// and on each reload. An error rejects the configuration. Default: none.
	RulesFunc func([]Job) ([]RuleFile, error)
	// VerdictFunc returns the limits and windows of the rules for the jobs of the
	// configuration; the verdict of what is wrong is computed with them. Default:
	// none, and no verdict.
	VerdictFunc func([]Job) verdict.Options
	// Version and Revision (the commit) of the program, for
	// /api/v1/status/buildinfo and tacho_build_info.
	Version, Revision string

	// Retention is how long samples are kept. The configuration takes
	// precedence. Default 15 days.
	Retention time.Duration
	// RetentionBytes limits the size of the blocks. The configuration takes
	// precedence. Default: half of the file system.
	RetentionBytes int64

	// MinFree is the minimum free space of the file system, in bytes. Below it,
	// no samples are ingested, because a partial write damages the WAL. Default
	// 64 MiB; negative for none.
	MinFree int64

	// MaxBacklog is how long samples are kept for a receiver of remote_write that does not
	// accept them. Default 4 h.
	MaxBacklog time.Duration

	// RemoteWriteReceiver accepts samples pushed to /api/v1/write (remote write
	// 1.0 and 2.0) and /api/v1/otlp/v1/metrics.
	RemoteWriteReceiver bool
	// AdminAPI enables /api/v1/admin/tsdb: deletion and snapshots.
	AdminAPI bool
	// FlushDeadline is how long the shutdown waits for remote write receivers
	// and for an Alertmanager. Default 5 s (Prometheus: 1 min, during which its
	// port stays open).
	FlushDeadline time.Duration

	// Engine is queried instead of the server's own samples: by the API, the rules and the
	// verdict. Default: none.
	Engine Engine

	QueryTimeout     time.Duration // per query. Default 2 min
	QueryConcurrency int           // concurrent queries. Default 20
	QueryMaxSamples  int           // in memory, per query. Default 50,000,000
	QueryLookback    time.Duration // maximum age of current samples. Default 5 min

	// DiscoveryInterval is how often changes of discovered targets are
	// applied. Default 5 s.
	DiscoveryInterval time.Duration

	// Logger is the server's log. Default slog.Default().
	Logger *slog.Logger
}

// An Engine is an existing engine that has the samples: Prometheus, Thanos, Mimir, Cortex,
// VictoriaMetrics. Its address is that of Prometheus's HTTP API, without /api/v1.
type Engine struct {
	// URL is the address, such as http://thanos-query:9090 or
	// https://mimir/prometheus. Default: none, the server queries its own samples.
	URL string
	// Header is sent with each request, such as X-Scope-OrgID.
	Header http.Header
	// HTTPConfigFile has users, tokens, TLS and proxies for the requests, in the format of
	// Prometheus's HTTP client configuration
	// (https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config).
	HTTPConfigFile string
}

// A RuleFile is a rule file in memory.
type RuleFile struct {
	Name string // file name in the API
	YAML []byte
	// Renew returns the text for the series that there are now, instead of YAML. It is called when the
	// samples have been opened, on each reload, and every Every afterwards. Only groups whose text changes
	// are replaced, with the state of their alerts. After an error, the text stays as it is. Default: none.
	Renew func(context.Context, SeriesFunc) ([]byte, error)
	Every time.Duration // Default 15 s
}

// A SeriesFunc returns the labels of series that had samples since a time, at most as many as the limit;
// 0 is all of them.
type SeriesFunc func(ctx context.Context, since time.Time, limit int, matching ...*labels.Matcher) ([]labels.Labels, error)

// A Job describes a scrape job, for rules.
type Job struct {
	Name     string
	Interval time.Duration // between two scrapes
}

// Errors of New and Run.
var (
	// ErrConfig is returned for an invalid configuration.
	ErrConfig = errors.New("configuration")
	// ErrInUse is returned if another process uses the port or the data
	// directory.
	ErrInUse = errors.New("in use")
)

const (
	defaultListen    = "127.0.0.1:9464" // the default of OpenTelemetry's Prometheus exporters: free on most machines
	defaultRetention = 15 * 24 * time.Hour
	defaultMinFree   = 64 << 20
	maxBlock         = 31 * 24 * time.Hour
)

// withDefaults returns a copy with every unset field filled.
func (o Options) withDefaults() Options {
	setDefault(&o.Listen, defaultListen)
	setDefault(&o.Retention, defaultRetention)
	setDefault(&o.MinFree, defaultMinFree)
	setDefault(&o.MaxBacklog, 4*time.Hour)
	setDefault(&o.FlushDeadline, 5*time.Second)
	setDefault(&o.QueryTimeout, 2*time.Minute)
	setDefault(&o.QueryConcurrency, 20)
	setDefault(&o.QueryMaxSamples, 50_000_000)
	setDefault(&o.QueryLookback, 5*time.Minute)
	setDefault(&o.DiscoveryInterval, 5*time.Second)
	setDefault(&o.Version, "dev")
	setDefault(&o.Logger, slog.Default())
	o.Logger = slog.New(fullDiskFilter{newRepeatFilter(o.Logger.Handler())})
	return o
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// check returns an error for the first invalid field.
func (o Options) check() error {
	switch {
	case o.DataDir == "":
		return fmt.Errorf("%w: DataDir is empty: set the directory for the samples", ErrConfig)
	case o.Retention < 0:
		return fmt.Errorf("%w: Retention is %v: it must not be negative", ErrConfig, o.Retention)
	case o.RetentionBytes < 0:
		return fmt.Errorf("%w: RetentionBytes is %d: it must not be negative", ErrConfig, o.RetentionBytes)
	case o.MaxBacklog < 0:
		return fmt.Errorf("%w: MaxBacklog is %v: it must not be negative", ErrConfig, o.MaxBacklog)
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
		return fmt.Errorf("%w: the web configuration %s (TLS, users) is invalid: %w", ErrConfig, o.WebConfigFile, err)
	}
	if err := writable(o.DataDir); err != nil || !o.Agent {
		return err
	}
	return notTSDB(o.DataDir)
}

// checkQueries rejects negative query limits: every query would fail, or the engine
// would panic.
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

// writable creates the directory and a temporary file in it, to detect a read-only
// disk before anything is opened.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("%w: cannot create the data directory: %w; choose another directory", ErrConfig, err)
	}
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("%w: the data directory %s is not writable: %w; choose another directory or fix its permissions", ErrConfig, dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// notTSDB rejects the directory of a server: an agent would continue its log.
func notTSDB(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "chunks_head")); err == nil {
		return fmt.Errorf("%w: the data directory %s has the samples of a server: choose another directory for the agent", ErrConfig, dir)
	}
	return nil
}

// listen binds the port before the TSDB is opened, so that a port in use is an error
// at once and not after minutes of WAL replay.
func (o Options) listen() (net.Listener, error) {
	if o.Listener != nil {
		return o.Listener, nil
	}
	return Listen(o.Listen)
}

// Listen binds an address as [New] does. The error is [ErrInUse] if another process uses
// it, and [ErrConfig] if it is invalid on this machine.
func Listen(address string) (net.Listener, error) {
	ln, err := listenTCP(address)
	switch {
	case err == nil:
		return ln, nil
	case errors.Is(err, syscall.EADDRINUSE), errors.Is(err, windowsInUse):
		return nil, fmt.Errorf("%w: %w; choose another address", ErrInUse, err)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%w: %w; choose a port above 1023, or grant the process the permission", ErrConfig, err)
	}
	return nil, fmt.Errorf("%w: cannot listen on %q: %w; write host:port ([::1]:port for IPv6) with an address of this machine, or :port for all of them", ErrConfig, redact.URL(address), err)
}

// listenTCP rejects an address without a port: the system would choose a random one, and
// an empty variable would expose it to other machines.
func listenTCP(address string) (net.Listener, error) {
	switch _, port, err := net.SplitHostPort(address); {
	case strings.Contains(address, "@"):
		return nil, errors.New("a listen address has no user")
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

// ReachableURL returns the URL of a listener for clients on this machine. webConfigFile is
// the listener's web configuration, or "".
func ReachableURL(a net.Addr, webConfigFile string) *url.URL {
	scheme := "http"
	if usesTLS(webConfigFile) {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: reachable(a)}
}

// ParseExternalURL parses [Options].ExternalURL. It returns nil if text is empty. The
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
		return nil, fmt.Errorf("%w: the external URL is %q: all links begin with it, so it has no user, no ? and no #: write it as https://host/path", ErrConfig, redact.URL(text))
	}
	if _, err := net.LookupPort("tcp", u.Port()); err != nil {
		return nil, fmt.Errorf("%w: the external URL is %q: %s is not a valid port", ErrConfig, text, u.Port())
	}
	u.RawPath = ""
	u.Path = filepath.ToSlash(filepath.Clean("/" + u.Path))
	if u.Path == "/" {
		u.Path = ""
	}
	return u, nil
}

// reachable converts a listen address to an address to connect to.
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

// usesTLS reports whether the web configuration enables TLS.
func usesTLS(file string) bool {
	text, err := os.ReadFile(file)
	if file == "" || err != nil {
		return false
	}
	var c web.Config
	return yaml.Unmarshal(text, &c) == nil && c.TLSConfig.IsEnabled()
}
