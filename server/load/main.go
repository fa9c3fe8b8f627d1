// Load compares the resource usage of this server with that of a real Prometheus of
// the same version. Both scrape the same targets at the same time, so that other load
// on the machine affects both. It prints Markdown.
//
//	go run ./server/load                    10 targets × 5,000 series every 5 s, for 10 minutes
//	go run ./server/load --for 1m           the same, shorter
//	go run ./server/load --start            the start with 1 GB of data
//	go run ./server/load --agent            tacho agent and Prometheus's agent mode
//	go run ./server/load --agent --instances 1,10,100,1000 --series 100 --interval 10s --for 1m
//	                                        the cost per sample of these and vmagent, by instances
//
// Half of the targets export protobuf with native and classic histograms, and half
// export text. The programs are tacho serve --no-rules, tacho serve with its built-in
// rules, and Prometheus. Each also scrapes itself, and has its exemplar storage and
// admin API enabled. With --instances, all targets export text, because vmagent reads
// nothing else, and no agent scrapes itself. Load reads /proc, so it needs Linux.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var s settings
	flag.DurationVar(&s.span, "for", 10*time.Minute, "how long to measure")
	flag.DurationVar(&s.warmUp, "warm-up", 20*time.Second, "how long to scrape before the measurement")
	flag.IntVar(&s.targets, "targets", 10, "how many targets")
	flag.IntVar(&s.series, "series", 5000, "how many series each has")
	flag.IntVar(&s.routes, "routes", 0, "make each target a service measured by tacho's library, with so many routes and four statuses, instead of --series")
	flag.DurationVar(&s.interval, "interval", 5*time.Second, "how often they are scraped")
	flag.BoolVar(&s.rules, "rules", true, "also measure tacho with its built-in rules")
	flag.BoolVar(&s.start, "start", false, "measure the start with data instead")
	flag.BoolVar(&s.agent, "agent", false, "measure tacho agent and Prometheus's agent mode instead")
	flag.StringVar(&s.tacho, "tacho", "", "the `program` to measure, such as bin/tacho after scripts/build; by default that of the tests")
	flag.Func("instances", "with --agent: measure with each of these numbers of targets in turn, such as 1,10,100,1000", s.setCounts)
	flag.Int64Var(&s.size, "size", 1<<30, "how many bytes of data to start with")
	flag.IntVar(&s.rounds, "rounds", 5, "how often to start each program")
	flag.StringVar(&s.dir, "dir", "", "directory for the data (default: a temporary one)")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, s, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, out io.Writer) error {
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "load")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		s.dir = dir
	}
	switch {
	case s.start:
		return measureStart(ctx, s, out)
	case len(s.counts) > 0 && !s.agent:
		return errors.New("--instances needs --agent")
	case len(s.counts) > 0:
		return measureCurve(ctx, s, out)
	case s.agent:
		return measureAgents(ctx, s, out)
	}
	return measureLoad(ctx, s, out)
}
