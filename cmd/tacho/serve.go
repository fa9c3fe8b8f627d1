package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/target"
	"github.com/tacho-go/tacho/dash"
	"github.com/tacho-go/tacho/docs"
	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/gen/slo"
	"github.com/tacho-go/tacho/internal/lazyregexp"
	"github.com/tacho-go/tacho/internal/redact"
	"github.com/tacho-go/tacho/server"
	"github.com/tacho-go/tacho/verdict"
)

const serveLong = `Serve scrapes services, stores their metrics and shows them: Prometheus and a
dashboard in one process. It listens on the loopback address by default.

  tacho serve :8080                          http://localhost:8080/metrics
  tacho serve shop=:8080 shop=:8081          two instances of one service
  tacho serve https://example.org/m          any URL
  tacho serve targets.json                   a target file (Prometheus's file_sd), watched
  tacho serve prometheus.yml                 Prometheus's configuration, unchanged
  tacho serve                                probe the usual ports of this machine

SIGHUP or POST /-/reload reloads the configuration. SIGTERM and Ctrl-C shut down
cleanly. Grafana, promtool and all other Prometheus clients work with the printed
address.`

// serveFlags are the settings of tacho serve.
type serveFlags struct {
	targets       []string
	options       server.Options
	interval      time.Duration
	alertmanagers []string
	remoteWrite   []string
	noRules       bool
	retention     time.Duration
	retentionSize byteSize
	minFree       byteSize
	traceURL      string
	limits        limitFlags
	slos          sloFlags
	engine        engineFlags
	local         localFlags
}

func (f *serveFlags) register(flags *pflag.FlagSet) {
	o := &f.options
	f.minFree = defaultMinFree
	registerTargets(flags, &f.targets, &f.interval)
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:9464", "`address` to listen on; :9464 allows other machines, see --web-config")
	flags.StringVar(&o.WebConfigFile, "web-config", "", "`file` with TLS, users and headers: the web configuration file of Prometheus exporters")
	flags.StringVar(&o.ExternalURL, "external-url", "", "public `URL` of this server; its path becomes the prefix of every page")
	flags.StringVar(&f.traceURL, "trace-url", "", "`URL` of a trace, with {trace_id} as placeholder, for the page's links from exemplars to traces")
	flags.StringVar(&o.DataDir, "data-dir", "tacho-data", "`directory` for the samples")
	periodVar(flags, &f.retention, "retention", 15*24*time.Hour, "how long to keep samples, such as 15d; prometheus.yml takes precedence")
	flags.Var(&f.retentionSize, "retention-size", "maximum `bytes` of blocks to keep, such as 10GiB; 0 is half of the disk")
	registerForwarding(flags, o, &f.remoteWrite, &f.minFree)
	flags.StringArrayVar(&f.alertmanagers, "alertmanager", nil, "`URL` of an Alertmanager; repeatable")
	f.limits.register(flags)
	f.slos.register(flags)
	f.engine.register(flags)
	f.local.register(flags)
	flags.BoolVar(&f.noRules, "no-rules", false, "turn off the built-in recording and alerting rules; the page gets slower")
	flags.BoolVar(&o.RemoteWriteReceiver, "receive", false, "accept samples pushed by remote write and OTLP")
	flags.BoolVar(&o.AdminAPI, "admin-api", false, "allow deletion and snapshots at /api/v1/admin/tsdb")
	periodVar(flags, &o.QueryTimeout, "query-timeout", 2*time.Minute, "timeout of a query")
	flags.IntVar(&o.QueryConcurrency, "query-concurrency", 20, "maximum `number` of concurrent queries")
	flags.IntVar(&o.QueryMaxSamples, "query-max-samples", 50_000_000, "maximum `number` of samples that a query may load into memory")
	periodVar(flags, &o.QueryLookback, "query-lookback", 5*time.Minute, "maximum age of the samples that a query treats as current")
}

func newServe(s streams) *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{
		Use:     "serve [TARGET…]",
		Aliases: []string{"up"},
		Short:   "Scrape services, store their metrics and show them",
		Long:    serveLong,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd.Flags()); err != nil {
				return usage(err)
			}
			return serve(cmd.Context(), f, args, cmd.Flags(), s.out)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func serve(ctx context.Context, f *serveFlags, args []string, flags *pflag.FlagSet, out io.Writer) error {
	local, err := f.local.sources()
	if err != nil {
		return usage(err)
	}
	defer closeSources(local)
	targets, probes, err := findTargets(ctx, append(args, f.targets...), !f.engine.isSet() && len(local) == 0)
	if err != nil {
		return usage(err)
	}
	for _, s := range local {
		targets = append(targets, s.target())
	}
	if err := f.slos.checkBounds(ctx, targets); err != nil {
		return usage(err)
	}
	o, err := f.serverOptions(targets)
	if err != nil {
		return usage(err)
	}
	srv, err := server.New(o)
	if err != nil {
		return err
	}
	printServe(out, srv, o, targets)
	f.printEngine(out, o.ConfigFile)
	f.slos.print(out, srv.Retention().For)
	if o.ConfigFile != "" {
		f.noteOverridden(out, srv.Retention(), o.ConfigFile, flags)
	}
	printLocal(out, local)
	return runWith(ctx, local, func() error { return runServer(ctx, srv, out, targets[:len(targets)-len(local)], probes) })
}

// runWith runs a server, and the endpoints of local sources until it has ended.
func runWith(ctx context.Context, local []localSource, run func() error) error {
	late, end := context.WithCancel(context.WithoutCancel(ctx))
	var all sync.WaitGroup
	for _, s := range local {
		all.Go(func() { s.serve(late) })
	}
	err := run()
	end()
	all.Wait()
	return err
}

// runServer runs a server until ctx is done. SIGHUP reloads its configuration.
func runServer(ctx context.Context, srv *server.Server, out io.Writer, targets []target.Target, probes []target.Probe) error {
	onReload(ctx, func() { _ = srv.Reload() }) // Reload logs its error
	runProbes(ctx, out, targets, probes)
	return srv.Run(ctx)
}

// findTargets parses the arguments. Without any, it probes the usual ports of this machine if told so.
func findTargets(ctx context.Context, args []string, probe bool) (targets []target.Target, probes []target.Probe, err error) {
	if targets, err = parseTargets(args); err != nil || len(targets) > 0 || !probe {
		return targets, nil, err
	}
	probes = target.Discover(ctx, time.Second)
	for _, a := range probes {
		targets = append(targets, a.Target)
	}
	return targets, probes, nil
}

// runProbes probes the targets in the background, unless that is done, and prints the results.
func runProbes(ctx context.Context, out io.Writer, targets []target.Target, probes []target.Probe) {
	go func() {
		if probes == nil {
			probes = target.ProbeAll(ctx, targets, 3*time.Second)
		}
		printProbes(out, targets, probes)
	}()
}

func parseTargets(args []string) ([]target.Target, error) {
	var all []target.Target
	for _, arg := range args {
		t, err := target.Parse(arg)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// serverOptions converts the flags to the server's options.
func (f *serveFlags) serverOptions(targets []target.Target) (server.Options, error) {
	o := f.options
	o.Logger = slog.Default()
	o.Version, o.Revision = versionText(), revision()
	o.Retention = f.retention
	o.RetentionBytes, o.MinFree = int64(f.retentionSize), f.minFree.orNone()
	s := target.Settings{Interval: f.interval, Alertmanagers: f.alertmanagers, RemoteWrite: f.remoteWrite}
	file, err := target.ConfigFile(targets, s)
	if err != nil {
		return o, err
	}
	if o.Engine, err = f.engine.options(); err != nil {
		return o, err
	}
	o.Page = f.page(file)
	if o.ConfigFile = file; file == "" {
		if o.Config, err = target.Config(targets, s); err != nil {
			return o, err
		}
	}
	if !f.noRules || f.slos.any() {
		o.RulesFunc = func(jobs []server.Job) ([]server.RuleFile, error) { return f.rules(jobs, file) }
	}
	if !f.noRules || f.engine.isSet() {
		o.VerdictFunc = func(jobs []server.Job) verdict.Options { return f.verdictOptions(jobs) }
	}
	return o, nil
}

// pushInterval is the default push interval of the OpenTelemetry SDKs.
const pushInterval = time.Minute

// rules returns the built-in rules for the jobs of the current configuration, from a file if there is one.
func (f *serveFlags) rules(jobs []server.Job, file string) ([]server.RuleFile, error) {
	o, recorded := f.ruleOptions(jobs), f.records(file)
	var all []server.RuleFile
	if !f.noRules {
		builtin, err := builtinRules(o, recorded)
		if err != nil {
			return nil, err
		}
		all = builtin
	}
	if !recorded {
		return all, nil
	}
	objectives, err := f.slos.rules(slo.Options{Interval: o.Interval, Intervals: o.Intervals, RunbookURL: o.RunbookURL, Routes: !f.noRules}, !f.engine.isSet())
	return append(all, objectives...), err
}

// verdictOptions are the rules' own. On an engine, the limits are read from its series.
func (f *serveFlags) verdictOptions(jobs []server.Job) verdict.Options {
	o := f.ruleOptions(jobs).Verdict()
	o.ReadLimits = f.engine.isSet()
	return o
}

func (f *serveFlags) ruleOptions(jobs []server.Job) rules.Options {
	intervals := make(map[string]time.Duration)
	if f.options.RemoteWriteReceiver {
		intervals[""] = pushInterval
	}
	for _, j := range jobs {
		intervals[j.Name] = j.Interval
	}
	return f.limits.in(rules.Options{Interval: f.interval, Intervals: intervals, RunbookURL: runbooks})
}

// check returns an error for the first invalid setting.
func (f *serveFlags) check(flags *pflag.FlagSet) error {
	if err := notEmpty(flags, "listen", "data-dir"); err != nil {
		return err
	}
	if err := scrapeInterval(f.interval); err != nil {
		return err
	}
	if err := aboveZero(flags, "retention", "max-backlog", "flush-deadline", "query-timeout", "query-concurrency", "query-max-samples", "query-lookback"); err != nil {
		return err
	}
	if err := f.limits.check(flags); err != nil {
		return err
	}
	if err := f.slos.check(flags, &f.retention); err != nil {
		return err
	}
	switch {
	case f.traceURL == "":
		return nil
	case !strings.Contains(f.traceURL, "{trace_id}"):
		return fmt.Errorf("--trace-url %s: {trace_id} is missing: put it where the trace ID goes", redact.URL(f.traceURL))
	case redact.URL(f.traceURL) != f.traceURL:
		return fmt.Errorf("--trace-url %s: remove the user: everyone who opens the page would see it", redact.URL(f.traceURL))
	case !traceURL.MatchString(f.traceURL):
		return fmt.Errorf("--trace-url %s: it must look like https://host/{trace_id} or /path/{trace_id}", redact.URL(f.traceURL))
	}
	return nil
}

// traceURL matches the URLs allowed in links on the page: no scripts.
var traceURL = lazyregexp.New(`^(?i)(https?://[^/]|/)`)

// runbooks is the URL of the alerts' runbooks, as a template that Prometheus expands
// with its external URL.
const runbooks = "{{ externalURL }}/alerts/"

// page returns the handler of the page. An engine has no batches of queries.
func (f *serveFlags) page(file string) http.Handler {
	o := dash.Options{TraceURL: f.traceURL, Arguments: file == "", BatchPath: server.BatchPath}
	if f.engine.isSet() {
		o.BatchPath = ""
	}
	return newPage(o, f.limits)
}

// newPage returns the handler of the page of this server and the alerts' runbooks.
func newPage(o dash.Options, limits limitFlags) http.Handler {
	o.VerdictPath, o.Version = server.VerdictPath, versionText()
	mux := http.NewServeMux()
	mux.Handle("/", dash.Handler(o))
	mux.Handle("GET /alerts/", http.StripPrefix("/alerts/", docs.Alerts(limits.notes())))
	return mux
}

// builtinRules returns the alerts and, if wanted, the recording rules that the page uses.
func builtinRules(o rules.Options, recorded bool) ([]server.RuleFile, error) {
	alerts, err := rules.YAML(rules.Alerts(o))
	if err != nil {
		return nil, err
	}
	files := []server.RuleFile{{Name: "built-in alerts", YAML: alerts}}
	if !recorded {
		return files, nil
	}
	recording, err := rules.YAML(rules.Recording(o), rules.Means(o))
	return append([]server.RuleFile{{Name: "built-in recording rules", YAML: recording}}, files...), err
}

func printServe(w io.Writer, srv *server.Server, o server.Options, targets []target.Target) {
	fmt.Fprintf(w, "tacho %s\n", versionText())
	fmt.Fprintf(w, "  Page     %s\n", srv.URL())
	fmt.Fprintf(w, "  API      %sapi/v1  (Prometheus %s: for Grafana, promtool and others)\n", srv.URL(), server.PrometheusVersion)
	fmt.Fprintf(w, "  Data     %s  (%s)\n", o.DataDir, retentionText(srv.Retention()))
	notePublicAccess(w, srv.Addr(), o.WebConfigFile, publicAccess(o))
	if len(targets) == 0 && o.Engine.URL == "" {
		fmt.Fprintf(w, "  Targets  none: no metrics on the usual ports %v of this machine.\n           Name a target, such as: tacho serve localhost:8080\n", target.UsualPorts())
	}
}

// retentionText describes the retention of the current configuration.
func retentionText(k server.Retention) string {
	words := []string{"kept forever"}
	if k.For > 0 {
		words[0] = "kept " + period(k.For).String()
	}
	if k.Bytes > 0 {
		words = append(words, "at most "+byteSize(k.Bytes).String())
	}
	switch k.Percent {
	case 0:
	case 50:
		words = append(words, "at most half of the disk")
	default:
		words = append(words, fmt.Sprintf("at most %g%% of the disk", k.Percent))
	}
	return strings.Join(words, ", ")
}

// publicAccess describes what everyone who can reach the port can do.
func publicAccess(o server.Options) string {
	switch {
	case o.AdminAPI && o.RemoteWriteReceiver:
		return "read, write and delete everything"
	case o.AdminAPI:
		return "read and delete everything"
	case o.RemoteWriteReceiver:
		return "read everything and write"
	}
	return "read everything"
}

// noteOverridden lists the flags that the prometheus.yml overrides.
func (f *serveFlags) noteOverridden(w io.Writer, k server.Retention, file string, flags *pflag.FlagSet) {
	for _, s := range []struct {
		flag       string
		overridden bool
	}{
		{"interval", true},
		{"retention", k.For != f.retention},
		{"retention-size", k.Bytes != int64(f.retentionSize)},
	} {
		if s.overridden && flags.Changed(s.flag) {
			fmt.Fprintf(w, "  Note     --%s %v does not apply: %s takes precedence\n", s.flag, flags.Lookup(s.flag).Value, file)
		}
	}
}

// printProbes describes each target and the result of its probe.
func printProbes(w io.Writer, targets []target.Target, probes []target.Probe) {
	label := "  Targets "
	line := func(what, words string) {
		fmt.Fprintf(w, "%s %s  %s\n", label, what, words)
		label = "          "
	}
	for _, t := range targets {
		switch {
		case t.IsConfig:
			line(t.File, "the configuration; SIGHUP or POST /-/reload reloads it")
		case t.URL == nil:
			line(t.File, "a target file, watched for changes")
		}
	}
	for _, a := range probes {
		line(a.Target.String(), a.String())
	}
}
