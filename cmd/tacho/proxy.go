package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/proxyfile"
	"github.com/tacho-go/tacho/cmd/tacho/internal/routefile"
	"github.com/tacho-go/tacho/internal/origin"
	"github.com/tacho-go/tacho/internal/redact"
	"github.com/tacho-go/tacho/server"
	"github.com/tacho-go/tacho/sidecar"
	"github.com/tacho-go/tacho/sidecar/routes"
)

const proxyLong = `Proxy measures a service without touching it: a reverse proxy in front of it records
what tacho's library records, under the same names.

  tacho proxy --upstream http://127.0.0.1:5000              learn the routes
  tacho proxy --upstream unix:///run/app.sock --routes openapi.yml
  tacho proxy --upstream h2c://127.0.0.1:50051              gRPC, HTTP/2 without TLS
  tacho proxy --upstream :5000 --serve                      with tacho serve and its page
  tacho proxy --config proxy.yml --check                    report what is wrong in a file

--routes reads an OpenAPI 3 document, or a list as flask routes, rails routes or Django's
show_urls print it. Without it, routes are learned: ids in paths become {id}.

Metrics and readiness are on --admin-listen only. SIGHUP reloads --config and --routes
without dropping a connection. SIGTERM and Ctrl-C stop accepting connections and wait
for requests in progress.`

// proxyFlags are the settings of tacho proxy.
type proxyFlags struct {
	config         string
	check          bool
	upstreams      []string
	listen         string
	adminListen    string
	routes         string
	learn          bool
	state          string
	schema         string
	trusted        []string
	healthPath     string
	proxyProtocol  bool
	cert, key      string
	maxConcurrent  int
	maxBody        byteSize
	maxHeader      byteSize
	maxQueue       time.Duration
	connect        time.Duration
	response       time.Duration
	client         time.Duration
	idle           time.Duration
	keepAlive      time.Duration
	drain          time.Duration
	serve          bool
	service        string
	serveListen    string
	serveDirectory string
}

func (f *proxyFlags) register(flags *pflag.FlagSet) {
	f.maxHeader = 64 << 10
	flags.StringVar(&f.config, "config", "", "configuration `file`; flags take precedence")
	flags.BoolVar(&f.check, "check", false, "check the configuration and exit")
	flags.StringArrayVar(&f.upstreams, "upstream", nil, "`URL` of the service: http, https, h2c or unix; [HOST][/PATH]=URL selects requests; repeatable")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8000", "`address` to listen on for the service's clients, or unix:///PATH")
	flags.StringVar(&f.adminListen, "admin-listen", "127.0.0.1:9465", "`address` for /metrics, /-/ready and /-/healthy")
	flags.StringVar(&f.routes, "routes", "", "`file` with the service's routes: OpenAPI 3 or a list")
	flags.BoolVar(&f.learn, "learn", false, "also learn routes that --routes does not have")
	flags.StringVar(&f.state, "state", "", "`file` that keeps learned routes over restarts")
	flags.StringVar(&f.schema, "schema", "default", "`names` of the metrics: default, flask or otel")
	flags.StringArrayVar(&f.trusted, "trusted", nil, "`address` or network of a proxy in front whose forwarding headers are kept; repeatable")
	flags.StringVar(&f.healthPath, "health-path", "", "`path` to request for the upstream's health; by default, it is up if it accepts connections")
	flags.BoolVar(&f.proxyProtocol, "proxy-protocol", false, "require the PROXY protocol's header (v1 or v2) from clients")
	flags.StringVar(&f.cert, "tls-cert", "", "certificate `file` (PEM) for HTTPS; read again when it changes")
	flags.StringVar(&f.key, "tls-key", "", "key `file` (PEM) for HTTPS")
	flags.IntVar(&f.maxConcurrent, "max-concurrent", 0, "maximum `number` of requests in the service at a time; 0 is unlimited")
	flags.Var(&f.maxBody, "max-body", "maximum `bytes` of a request's body; 0 is unlimited")
	flags.Var(&f.maxHeader, "max-header", "maximum `bytes` of a request's header")
	periodVar(flags, &f.maxQueue, "max-queue", 30*time.Second, "how long a request waits because of --max-concurrent")
	periodVar(flags, &f.connect, "connect-timeout", 5*time.Second, "timeout for connecting to the service")
	periodVar(flags, &f.response, "response-timeout", 0, "timeout for the header of the service's response; 0 is unlimited")
	periodVar(flags, &f.client, "client-timeout", time.Minute, "how long a client may neither send nor accept bytes")
	periodVar(flags, &f.idle, "idle-timeout", 2*time.Minute, "how long a client's connection stays open without a request")
	periodVar(flags, &f.keepAlive, "keep-alive", time.Second, "how long a connection to the service stays open without a request; keep it below the service's own")
	periodVar(flags, &f.drain, "drain-timeout", 30*time.Second, "how long the shutdown waits for requests in progress")
	flags.BoolVar(&f.serve, "serve", false, "also start tacho serve for the proxy's metrics")
	flags.StringVar(&f.service, "service", "app", "`name` of the service on the page of --serve")
	flags.StringVar(&f.serveListen, "serve-listen", "127.0.0.1:9464", "`address` of the page of --serve")
	flags.StringVar(&f.serveDirectory, "serve-data-dir", "tacho-data", "`directory` for the samples of --serve")
}

func newProxy(s streams) *cobra.Command {
	f := &proxyFlags{}
	cmd := &cobra.Command{
		Use:   "proxy --upstream URL",
		Short: "Measure a service without touching it, as a reverse proxy",
		Long:  proxyLong,
		Args:  noArguments("use --upstream for the service"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.run(cmd.Context(), cmd.Flags(), s.out)
		},
	}
	f.register(cmd.Flags())
	cmd.AddCommand(newProxyRoutes(s))
	return cmd
}

func (f *proxyFlags) run(ctx context.Context, flags *pflag.FlagSet, out io.Writer) error {
	file, err := f.load(flags)
	if err != nil {
		return usage(err)
	}
	if f.check {
		if err := file.Check(); err != nil {
			return usage(err)
		}
		fmt.Fprintln(out, "The configuration is valid.")
		return nil
	}
	proxy, err := sidecar.New(file.Options)
	if err != nil {
		return usage(file.Locate(err))
	}
	return (&runningProxy{flags: f, set: flags, file: file, proxy: proxy, out: out}).run(ctx)
}

// load reads the configuration file, if there is one, and applies the flags to it.
func (f *proxyFlags) load(flags *pflag.FlagSet) (*proxyfile.File, error) {
	file, err := proxyfile.Parse("", nil)
	if f.config != "" {
		file, err = proxyfile.Read(f.config)
	}
	if file == nil {
		return nil, err
	}
	if err := errors.Join(err, f.apply(flags, file)); err != nil {
		return nil, errors.Join(err, file.Check())
	}
	file.Options.Logger = slog.Default()
	return file, nil
}

// apply sets what flags set, and what the file leaves at zero.
func (f *proxyFlags) apply(flags *pflag.FlagSet, file *proxyfile.File) error {
	o := &file.Options
	for _, s := range []func(){
		override(flags, "listen", &file.Listen, f.listen), override(flags, "admin-listen", &file.AdminListen, f.adminListen),
		override(flags, "state", &file.State, f.state), override(flags, "proxy-protocol", &file.ProxyProtocol, f.proxyProtocol),
		override(flags, "learn", &o.Learn, f.learn), override(flags, "tls-cert", &o.Certificate, f.cert), override(flags, "tls-key", &o.Key, f.key),
		override(flags, "max-concurrent", &o.MaxConcurrent, f.maxConcurrent),
		override(flags, "max-body", &o.MaxBodyBytes, int64(f.maxBody)), override(flags, "max-header", &o.MaxHeaderBytes, int(f.maxHeader)),
		override(flags, "max-queue", &o.MaxQueue, f.maxQueue), override(flags, "connect-timeout", &o.ConnectTimeout, f.connect),
		override(flags, "response-timeout", &o.ResponseTimeout, f.response), override(flags, "client-timeout", &o.ClientTimeout, f.client),
		override(flags, "idle-timeout", &o.IdleTimeout, f.idle), override(flags, "keep-alive", &o.KeepAlive, f.keepAlive),
		override(flags, "drain-timeout", &o.DrainTimeout, f.drain),
	} {
		s()
	}
	return errors.Join(f.applyUpstreams(o), f.applyTrusted(o), f.applyRoutes(o), f.applySchema(flags, o))
}

// override returns a function that sets a value to a flag's if the flag is set, or the value is zero.
func override[T comparable](flags *pflag.FlagSet, name string, to *T, value T) func() {
	return func() {
		var zero T
		if flags.Changed(name) || *to == zero {
			*to = value
		}
	}
}

func (f *proxyFlags) applyUpstreams(o *sidecar.Options) error {
	if len(f.upstreams) > 0 {
		o.Upstreams = nil
	}
	for _, text := range f.upstreams {
		o.Upstreams = append(o.Upstreams, parseUpstream(text))
	}
	if len(o.Upstreams) == 0 {
		return errors.New("--upstream is missing: where does the service listen, such as http://127.0.0.1:5000?")
	}
	for i := range o.Upstreams {
		o.Upstreams[i].HealthPath = cmp.Or(o.Upstreams[i].HealthPath, f.healthPath)
	}
	return nil
}

// parseUpstream parses URL, HOST=URL, /PATH=URL or HOST/PATH=URL. A URL without a scheme is http.
func parseUpstream(text string) (u sidecar.Upstream) {
	u.URL = text
	if before, after, ok := strings.Cut(text, "="); ok && !strings.Contains(before, "://") {
		u.URL = after
		u.Host, u.Path, _ = strings.Cut(before, "/")
		if strings.Contains(before, "/") {
			u.Path = "/" + u.Path
		}
	}
	switch {
	case strings.Contains(u.URL, "://"):
	case strings.HasPrefix(u.URL, ":"):
		u.URL = "http://127.0.0.1" + u.URL
	case u.URL != "":
		u.URL = "http://" + u.URL
	}
	return u
}

func (f *proxyFlags) applyTrusted(o *sidecar.Options) error {
	if len(f.trusted) > 0 {
		o.Trusted = nil
	}
	for _, text := range f.trusted {
		p, err := proxyfile.ParsePrefix(text)
		if err != nil {
			return fmt.Errorf("--trusted: %w", err)
		}
		o.Trusted = append(o.Trusted, p)
	}
	return nil
}

func (f *proxyFlags) applyRoutes(o *sidecar.Options) (err error) {
	if f.routes == "" {
		return nil
	}
	if o.Routes, err = routefile.Read(f.routes); err != nil {
		return fmt.Errorf("--routes: %w", err)
	}
	return nil
}

func (f *proxyFlags) applySchema(flags *pflag.FlagSet, o *sidecar.Options) error {
	if !flags.Changed("schema") {
		return nil
	}
	s, ok := proxyfile.Schemas[f.schema]
	if !ok {
		return fmt.Errorf("--schema %s: there are default, flask and otel", f.schema)
	}
	o.Meter.Schema = s()
	return nil
}

// newProxyRoutes returns the command tacho proxy routes.
func newProxyRoutes(s streams) *cobra.Command {
	var admin, state string
	cmd := &cobra.Command{
		Use:   "routes",
		Short: "Print the routes that a proxy has learned",
		Long: `Routes prints the routes that a running proxy has learned, or that a state file has, as
a list to correct, keep, and use with --routes.

  tacho proxy routes > routes.txt`,
		Args: noArguments("use --admin for the proxy, or --state for its file"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if state != "" {
				return printState(s.out, state)
			}
			return printLearned(cmd.Context(), s.out, admin)
		},
	}
	cmd.Flags().StringVar(&admin, "admin", "http://127.0.0.1:9465", "`URL` of the proxy's admin port")
	cmd.Flags().StringVar(&state, "state", "", "`file` that the proxy keeps")
	return cmd
}

func printState(out io.Writer, name string) error {
	learner := routes.NewLearner(routes.LearnerLimits{})
	if err := readState(name, learner); err != nil {
		return usage(fmt.Errorf("--state: %w", err))
	}
	_, err := io.WriteString(out, sidecar.FormatRoutes(learner.Templates()))
	return err
}

func printLearned(ctx context.Context, out io.Writer, admin string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(admin, "/")+"/-/routes", nil)
	if err != nil {
		return usage(fmt.Errorf("--admin %s: it is not a URL", redact.URL(admin)))
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("--admin: no proxy answers at %s; is its --admin-listen another one? %w", redact.URL(admin), err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("--admin %s: it is not a proxy's admin port (status %d)", redact.URL(admin), res.StatusCode)
	}
	_, err = io.Copy(out, res.Body)
	return err
}

// adminServer serves the admin port.
func adminServer(p *sidecar.Proxy) *http.Server {
	return &http.Server{Handler: origin.Guard(p.Admin(), nil), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)}
}

// listenOn listens on an address, or on a unix socket.
func listenOn(address string) (net.Listener, error) {
	if path, ok := strings.CutPrefix(address, "unix://"); ok {
		return listenUnix(path)
	}
	return server.Listen(address)
}
