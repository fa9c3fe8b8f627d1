package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/target"
	"github.com/tacho-go/tacho/internal/redact"
	"github.com/tacho-go/tacho/server"
)

const agentLong = `Agent scrapes services and forwards their metrics to the receivers of --remote-write:
another tacho serve --receive, Prometheus, Thanos, Mimir or VictoriaMetrics. It is
tacho serve without queries, rules and a page, in a fraction of the memory.

  tacho agent :8080 --remote-write http://center:9464/api/v1/write
  tacho agent prometheus.yml        with its remote_write

The targets are those of tacho serve. What a receiver has not acknowledged stays on
disk for --max-backlog and is sent in order once it responds again, also if the agent
was killed meanwhile. Its state is shown at /, and as metrics at /metrics.`

// agentFlags are the settings of tacho agent.
type agentFlags struct {
	targets     []string
	options     server.Options
	interval    time.Duration
	remoteWrite []string
	minFree     byteSize
}

func (f *agentFlags) register(flags *pflag.FlagSet) {
	o := &f.options
	o.Agent = true
	f.minFree = defaultMinFree
	registerTargets(flags, &f.targets, &f.interval)
	flags.StringVar(&o.Listen, "listen", "127.0.0.1:9463", "`address` to listen on, for the agent's own metrics and state")
	flags.StringVar(&o.WebConfigFile, "web-config", "", "`file` with TLS, users and headers: the web configuration file of Prometheus exporters")
	flags.StringVar(&o.DataDir, "data-dir", "tacho-agent-data", "`directory` for the samples that are not sent yet")
	registerForwarding(flags, o, &f.remoteWrite, &f.minFree)
}

// registerTargets registers the flags of what is scraped, for serve and agent.
func registerTargets(flags *pflag.FlagSet, targets *[]string, interval *time.Duration) {
	flags.StringArrayVar(targets, "target", nil, "`target` to scrape, as in the arguments; repeatable")
	periodVar(flags, interval, "interval", 15*time.Second, "scrape interval; a prometheus.yml takes precedence")
}

// registerForwarding registers the flags of the disk and of the receivers, for serve and agent.
func registerForwarding(flags *pflag.FlagSet, o *server.Options, remoteWrite *[]string, minFree *byteSize) {
	flags.StringArrayVar(remoteWrite, "remote-write", nil, "remote write `URL` to which every sample is sent; repeatable")
	flags.Var(minFree, "min-free", "stop storing samples when fewer `bytes` of disk are free")
	periodVar(flags, &o.MaxBacklog, "max-backlog", 4*time.Hour, "how long to keep samples for a remote write receiver that does not accept them")
	periodVar(flags, &o.FlushDeadline, "flush-deadline", 5*time.Second, "how long the shutdown waits for receivers that do not respond")
}

func newAgent(s streams) *cobra.Command {
	f := &agentFlags{}
	cmd := &cobra.Command{
		Use:   "agent [TARGET…] --remote-write URL",
		Short: "Scrape services and forward their metrics",
		Long:  agentLong,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(cmd.Flags()); err != nil {
				return usage(err)
			}
			return runAgent(cmd.Context(), f, args, s.out)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// check returns an error for the first invalid setting.
func (f *agentFlags) check(flags *pflag.FlagSet) error {
	if err := notEmpty(flags, "listen", "data-dir"); err != nil {
		return err
	}
	if err := scrapeInterval(f.interval); err != nil {
		return err
	}
	return aboveZero(flags, "max-backlog", "flush-deadline")
}

func runAgent(ctx context.Context, f *agentFlags, args []string, out io.Writer) error {
	targets, probes, err := findTargets(ctx, append(args, f.targets...), true)
	if err != nil {
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
	printAgent(out, srv, o, f.remoteWrite)
	return runServer(ctx, srv, out, targets, probes)
}

// serverOptions converts the flags to the server's options.
func (f *agentFlags) serverOptions(targets []target.Target) (server.Options, error) {
	o := f.options
	o.Logger = slog.Default()
	o.Version, o.Revision = versionText(), revision()
	o.MinFree = f.minFree.orNone()
	s := target.Settings{Interval: f.interval, RemoteWrite: f.remoteWrite}
	file, err := target.ConfigFile(targets, s)
	if err != nil {
		return o, err
	}
	if o.ConfigFile = file; file != "" {
		return o, nil
	}
	if len(f.remoteWrite) == 0 {
		return o, errors.New("tacho agent only forwards samples: name a receiver with --remote-write URL, such as http://center:9464/api/v1/write, or use tacho serve")
	}
	o.Config, err = target.Config(targets, s)
	return o, err
}

func printAgent(w io.Writer, srv *server.Server, o server.Options, receivers []string) {
	fmt.Fprintf(w, "tacho %s\n", versionText())
	fmt.Fprintf(w, "  Agent    %s  (state and metrics)\n", srv.URL())
	fmt.Fprintf(w, "  Data     %s  (unsent samples, kept %v)\n", o.DataDir, period(o.MaxBacklog))
	for _, r := range receivers {
		fmt.Fprintf(w, "  Forward  %s\n", redact.URL(r))
	}
	notePublicAccess(w, srv.Addr(), o.WebConfigFile, "read its configuration and metrics")
}
