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
share of the time, from its /metrics alone. Nothing is kept and no server runs;
it knows the metric names that tacho serve knows.

  tacho top :8080
  tacho top :8080 :8081 :8082          instances of one service, added up
  tacho top :8080 --once --sort p95    a table for a script, then it ends

The first picture is of all that was counted since the process began; from the
second scrape on it is what was counted between the last two, or in --window.

Keys: arrows or j k move, s < > sort by another column, r the other way round,
/ filters, enter shows the statuses of a route, p pauses, ? helps, q quits.
NO_COLOR=1 leaves the colours out. Without a terminal it is as with --once.

Exit codes: 0 well, 1 no URL has HTTP metrics (with --once), 64 wrong
flags or URLs.`

// topFlags are the settings of tacho top.
type topFlags struct {
	options top.Options
	headers []string
	sort    string
	once    bool
}

func (f *topFlags) register(flags *pflag.FlagSet) {
	o := &f.options
	periodVar(flags, &o.Interval, "interval", 2*time.Second, "how often to scrape")
	periodVar(flags, &o.Window, "window", 0, "the time that rates and latencies are of; 0 is between the last two scrapes")
	periodVar(flags, &o.Timeout, "timeout", 5*time.Second, "how long one scrape may take")
	flags.StringVar(&f.sort, "sort", top.FirstOrder.Column, "`column` to sort by: "+strings.Join(top.Columns(), ", ")+"; -column is the other way round")
	flags.BoolVar(&f.once, "once", false, "scrape twice, an interval apart, print the table and end")
	flags.IntVar(&o.Limit, "limit", 0, "how many routes --once prints; 0 is all")
	flags.StringArrayVar(&f.headers, "header", nil, "`'Name: value'` to send with each scrape; may be repeated")
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
			if err := aboveZero(cmd.Flags(), "interval", "timeout"); err != nil {
				return usage(err)
			}
			f.options.URLs = args
			return watch(cmd.Context(), f, s)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func watch(ctx context.Context, f *topFlags, s streams) error {
	header, err := parseHeaders(f.headers)
	if err != nil {
		return usage(err)
	}
	f.options.Header = header
	column, reversed := strings.CutPrefix(f.sort, "-")
	f.options.Order = top.Order{Column: cmp.Or(column, f.sort), Reversed: reversed} // "-" is no column
	t, err := top.New(f.options)
	if err != nil {
		return usage(err)
	}
	in, isFile := s.in.(*os.File)
	out, isOut := s.out.(*os.File)
	if f.once || !isFile || !isOut || !top.IsTerminal(in, out) {
		return t.Once(ctx, s.out)
	}
	return t.Live(ctx, in, out)
}
