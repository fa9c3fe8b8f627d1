package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/target"
	"github.com/tacho-go/tacho/dash"
	"github.com/tacho-go/tacho/docs"
	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/internal/redact"
	"github.com/tacho-go/tacho/server"
)

const serveLong = `Serve scrapes services, keeps what they say and shows it: Prometheus and a page
in one process, on the loopback address unless --listen says otherwise.

  tacho serve :8080                          http://localhost:8080/metrics
  tacho serve shop=:8080 shop=:8081          two instances of one service
  tacho serve https://example.org/m          any URL
  tacho serve targets.json                   a file of targets (Prometheus's file_sd), watched
  tacho serve prometheus.yml                 Prometheus's configuration, unchanged
  tacho serve                                asks the usual ports of this machine

SIGHUP or POST /-/reload reads the configuration again. SIGTERM and Ctrl-C end
in order. Grafana, promtool and every other client of Prometheus work with the
address that is printed.`

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
}

func (f *serveFlags) register(flags *pflag.FlagSet) {
	o := &f.options
	f.minFree = 64 << 20
	flags.StringArrayVar(&f.targets, "target", nil, "what to scrape, as the arguments; may be repeated")
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:9464", "`address` to listen on; :9464 lets other machines in, see --web-config")
	flags.StringVar(&o.WebConfigFile, "web-config", "", "`file` with TLS, users and headers, as every Prometheus exporter has it")
	flags.StringVar(&o.ExternalURL, "external-url", "", "`URL` under which people reach this server; its path becomes the prefix of every page")
	flags.StringVar(&f.traceURL, "trace-url", "", "`URL` of a trace, with {trace_id} in it, for the page's links to the requests that exemplars point to")
	flags.StringVar(&o.DataDir, "data-dir", "tacho-data", "`folder` for the samples")
	periodVar(flags, &f.interval, "interval", 15*time.Second, "how often to scrape; not with a prometheus.yml, which says it itself")
	periodVar(flags, &f.retention, "retention", 15*24*time.Hour, "how long to keep samples, such as 15d; the prometheus.yml goes first")
	flags.Var(&f.retentionSize, "retention-size", "how many `bytes` of blocks to keep, such as 10GiB; 0 is half of the disk")
	flags.Var(&f.minFree, "min-free", "stop storing when fewer `bytes` of the disk are free")
	flags.StringArrayVar(&f.alertmanagers, "alertmanager", nil, "`URL` of an Alertmanager; may be repeated")
	flags.StringArrayVar(&f.remoteWrite, "remote-write", nil, "`URL` that every sample is sent to as well; may be repeated")
	flags.BoolVar(&f.noRules, "no-rules", false, "leave out the built-in recording and alerting rules; the page is slower then")
	flags.BoolVar(&o.RemoteWriteReceiver, "receive", false, "accept samples pushed by remote write and OTLP")
	flags.BoolVar(&o.AdminAPI, "admin-api", false, "allow deletion and snapshots at /api/v1/admin/tsdb")
	periodVar(flags, &o.FlushDeadline, "flush-deadline", 5*time.Second, "how long the end waits for receivers that do not answer")
	periodVar(flags, &o.QueryTimeout, "query-timeout", 2*time.Minute, "how long a query may take")
	flags.IntVar(&o.QueryConcurrency, "query-concurrency", 20, "how many queries run at once")
	flags.IntVar(&o.QueryMaxSamples, "query-max-samples", 50_000_000, "how many samples one query may hold in memory")
	periodVar(flags, &o.QueryLookback, "query-lookback", 5*time.Minute, "how far back a sample counts as current")
}

func newServe(s streams) *cobra.Command {
	f := &serveFlags{}
	cmd := &cobra.Command{
		Use:     "serve [TARGET…]",
		Aliases: []string{"up"},
		Short:   "Scrape services, keep their metrics and show them",
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
	targets, err := parseTargets(append(args, f.targets...))
	if err != nil {
		return usage(err)
	}
	var answers []target.Answer
	if len(targets) == 0 {
		answers = target.Look(ctx, time.Second)
		for _, a := range answers {
			targets = append(targets, a.Target)
		}
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
	if o.ConfigFile != "" {
		f.noteOverridden(out, srv.Kept(), o.ConfigFile, flags)
	}
	onReload(ctx, func() { _ = srv.Reload() }) // Reload logs its error
	go func() {
		if answers == nil {
			answers = target.Ask(ctx, targets, 3*time.Second)
		}
		printAnswers(out, targets, answers)
	}()
	return srv.Run(ctx)
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

// serverOptions turns the settings into the server's.
func (f *serveFlags) serverOptions(targets []target.Target) (server.Options, error) {
	o := f.options
	o.Logger = slog.Default()
	o.Version, o.Revision = versionText(), revision()
	o.Retention = f.retention
	o.RetentionBytes, o.MinFree = int64(f.retentionSize), int64(f.minFree)
	if o.MinFree == 0 {
		o.MinFree = -1
	}
	s := target.Settings{Interval: f.interval, Alertmanagers: f.alertmanagers, RemoteWrite: f.remoteWrite}
	file, err := target.Whole(targets, s)
	if err != nil {
		return o, err
	}
	o.Page = newPage(dash.Options{BatchPath: server.BatchPath, TraceURL: f.traceURL, Arguments: file == ""})
	if o.ConfigFile = file; file == "" {
		if o.Config, err = target.Config(targets, s); err != nil {
			return o, err
		}
	}
	if !f.noRules {
		o.RulesFunc = f.rules
	}
	return o, nil
}

// pushInterval is how often OpenTelemetry's SDKs push unless told otherwise.
const pushInterval = time.Minute

// rules are the built-in ones for the jobs of the configuration in use.
func (f *serveFlags) rules(jobs []server.Job) ([]server.RuleFile, error) {
	intervals := make(map[string]time.Duration)
	if f.options.RemoteWriteReceiver {
		intervals[""] = pushInterval
	}
	for _, j := range jobs {
		intervals[j.Name] = j.Interval
	}
	return builtinRules(rules.Options{Interval: f.interval, Intervals: intervals, RunbookURL: runbooks})
}

// check names the first setting that cannot be used.
func (f *serveFlags) check(flags *pflag.FlagSet) error {
	if err := notEmpty(flags, "listen", "data-dir"); err != nil {
		return err
	}
	if err := scrapeInterval(f.interval); err != nil {
		return err
	}
	if err := aboveZero(flags, "retention", "flush-deadline", "query-timeout", "query-concurrency", "query-max-samples", "query-lookback"); err != nil {
		return err
	}
	switch {
	case f.traceURL == "":
		return nil
	case !strings.Contains(f.traceURL, "{trace_id}"):
		return fmt.Errorf("--trace-url %s: it has no {trace_id}, where the trace belongs", redact.URL(f.traceURL))
	case redact.URL(f.traceURL) != f.traceURL:
		return fmt.Errorf("--trace-url %s: leave the user out: everybody who opens the page would see it", redact.URL(f.traceURL))
	case !traceURL.MatchString(f.traceURL):
		return fmt.Errorf("--trace-url %s: it must look like https://host/{trace_id} or /path/{trace_id}", redact.URL(f.traceURL))
	}
	return nil
}

// traceURL is what a link on the page may be: nothing that a browser runs.
var traceURL = regexp.MustCompile(`^(?i)(https?://[^/]|/)`)

// runbooks is where the pages of the alerts are reached: a template of
// Prometheus, which knows its external URL.
const runbooks = "{{ externalURL }}/alerts/"

// newPage is everything that people look at: the dashboard and the pages of
// the alerts.
func newPage(o dash.Options) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", dash.Handler(o))
	mux.Handle("GET /alerts/", http.StripPrefix("/alerts/", docs.Alerts()))
	return mux
}

// builtinRules are the recorded metrics that the page sits on and the alerts.
func builtinRules(o rules.Options) ([]server.RuleFile, error) {
	recording, err := rules.YAML(rules.Recording(o))
	if err != nil {
		return nil, err
	}
	alerts, err := rules.YAML(rules.Alerts(o))
	if err != nil {
		return nil, err
	}
	return []server.RuleFile{
		{Name: "built-in recording rules", YAML: recording},
		{Name: "built-in alerts", YAML: alerts},
	}, nil
}

func printServe(w io.Writer, srv *server.Server, o server.Options, targets []target.Target) {
	fmt.Fprintf(w, "tacho %s\n", versionText())
	fmt.Fprintf(w, "  Page     %s\n", srv.URL())
	fmt.Fprintf(w, "  API      %sapi/v1  (Prometheus %s: for Grafana, promtool and others)\n", srv.URL(), server.PrometheusVersion)
	fmt.Fprintf(w, "  Data     %s  (%s)\n", o.DataDir, keptWords(srv.Kept()))
	noteStrangers(w, srv.Addr(), o.WebConfigFile, strangersCan(o))
	if len(targets) == 0 {
		fmt.Fprintf(w, "  Targets  none: no metrics at the usual ports %v of this machine.\n           Name one, such as: tacho serve localhost:8080\n", target.UsualPorts())
	}
}

// keptWords says what is kept, as the configuration in use has it.
func keptWords(k server.Kept) string {
	words := []string{"kept for ever"}
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
		words = append(words, fmt.Sprintf("at most %g %% of the disk", k.Percent))
	}
	return strings.Join(words, ", ")
}

// strangersCan is what everybody who reaches the port can do.
func strangersCan(o server.Options) string {
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

// noteOverridden names the settings that a prometheus.yml takes precedence over.
func (f *serveFlags) noteOverridden(w io.Writer, k server.Kept, file string, flags *pflag.FlagSet) {
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

// printAnswers says what was learnt about each target.
func printAnswers(w io.Writer, targets []target.Target, answers []target.Answer) {
	label := "  Targets "
	line := func(what, words string) {
		fmt.Fprintf(w, "%s %s  %s\n", label, what, words)
		label = "          "
	}
	for _, t := range targets {
		switch {
		case t.Whole:
			line(t.File, "the configuration; SIGHUP or POST /-/reload reads it again")
		case t.URL == nil:
			line(t.File, "a file of targets, watched")
		}
	}
	for _, a := range answers {
		line(a.Target.String(), a.Words())
	}
}
