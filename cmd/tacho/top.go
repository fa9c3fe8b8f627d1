package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/top"
)

const topLong = `Top shows the routes of a service in the terminal: rate, errors, latency and
share of the total time, from its /metrics alone. It stores nothing and starts no
server. It supports the same metric names as tacho serve.

  tacho top :8080
  tacho top :8080 :8081 :8082          instances of one service, combined
  tacho top :8080 --once --sort p95    print one table and exit, for scripts

The first screen shows the totals since the process started. From the second
scrape on, it covers the time between the last two scrapes, or --window.

If a tacho serve or tacho demo scrapes the service, its verdict is shown at the top, and
the states use its limits. --server names it. Without it there is no verdict: since when,
where and after what are found in stored samples, and top has only what it has scraped.
The states then use --error-limit and --latency-limit, as tacho serve does, and need two
requests.

Keys: arrows or j k move, s < > change the sort column, r reverses the order,
/ filters, enter shows the statuses of a route, p pauses, ? helps, q quits.
NO_COLOR=1 turns colors off. Without a terminal, --once is the default.

Exit codes: 0 ok, 1 no URL has HTTP metrics (with --once), 64 invalid flags
or URLs.`

// topFlags are the settings of tacho top.
type topFlags struct {
	options top.Options
	headers []string
	server  string
	limits  limitFlags // only those of states
	sort    string
	once    bool
}

func (f *topFlags) register(flags *pflag.FlagSet) {
	o := &f.options
	periodVar(flags, &o.Interval, "interval", 2*time.Second, "scrape interval")
	periodVar(flags, &o.Window, "window", 0, "time range of rates and latencies; 0 is the time between the last two scrapes")
	periodVar(flags, &o.Timeout, "timeout", 5*time.Second, "timeout of one scrape")
	flags.StringVar(&f.server, "server", defaultServer, "`URL` of a tacho serve whose verdict to show at the top, if it scrapes the service; empty for none")
	f.limits.registerStates(flags)
	flags.StringVar(&f.sort, "sort", top.FirstOrder.Column, "`column` to sort by: "+strings.Join(top.Columns(), ", ")+"; -column reverses the order")
	flags.BoolVar(&f.once, "once", false, "scrape twice, an interval apart, print the table and exit")
	flags.IntVar(&o.Limit, "limit", 0, "maximum `number` of routes that --once prints; 0 prints all")
	flags.StringArrayVar(&f.headers, "header", nil, "`'Name: value'` header to send with each scrape; repeatable")
}

func newTop(s streams) *cobra.Command {
	f := &topFlags{}
	cmd := &cobra.Command{
		Use:   "top URL…",
		Short: "Show the routes of a service in the terminal",
		Long:  topLong,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse(cmd, errors.New("top needs the URL of a service's metrics, such as: tacho top :8080"))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := aboveZero(cmd.Flags(), "interval", "timeout", "latency-limit"); err != nil {
				return usage(err)
			}
			f.options.URLs = args
			return watch(cmd.Context(), f, s, cmd.Flags().Changed("server"))
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func watch(ctx context.Context, f *topFlags, s streams, serverWanted bool) error {
	header, err := parseHeaders("header", f.headers)
	if err != nil {
		return usage(err)
	}
	f.options.Header, f.options.ErrorRatio, f.options.Latency = header, float64(f.limits.errors), f.limits.latency
	column, reversed := strings.CutPrefix(f.sort, "-")
	f.options.Order = top.Order{Column: cmp.Or(column, f.sort), Reversed: reversed} // "-" is not a column
	t, err := top.New(f.options)
	if err != nil {
		return usage(err)
	}
	if f.server != "" {
		api, err := parseServer(f.server, nil)
		if err != nil {
			return usage(err)
		}
		t.UseVerdict(topVerdict{api, t.URLs(), serverWanted}.ask)
	}
	in, isFile := s.in.(*os.File)
	out, isOut := s.out.(*os.File)
	if f.once || !isFile || !isOut || !top.IsTerminal(in, out) {
		return t.Once(ctx, s.out)
	}
	return t.Live(ctx, in, out)
}
