// Command bench compares tacho with other libraries and with the minimum cost of measuring a
// request. From the repository's root:
//
//	go run ./bench                    every experiment, as Markdown
//	go run ./bench -only requests     one of them
//	go run ./bench -only requests -filter 'tacho|slok'
//
// It needs no network and no other process. It compares CPU time, including the garbage
// collector's (see slices.go). All rows alternate every few milliseconds, so a busy machine
// affects them equally. Read the ratios of a table and their quartiles first: nanoseconds depend
// on the machine, and only ratios can be compared between runs.
//
// It is a separate module, so that users of tacho do not inherit the libraries that it is
// compared with.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
	default:
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run runs the experiments that the arguments select and writes the tables to stdout.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	l := &lab{ctx: ctx, out: stdout}
	chosen, err := l.parse(args, stderr)
	if err != nil {
		return err
	}
	l.preface()
	defer func() { _ = os.RemoveAll(sharedDir()) }()
	for _, e := range chosen {
		fmt.Fprintf(stderr, "bench: %s …\n", e.name)
		if err := e.run(l); err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
	}
	return nil
}

// parse reads the flags and returns the selected experiments.
func (l *lab) parse(args []string, stderr io.Writer) ([]experiment, error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	only := flags.String("only", "", "run only this `experiment` (several: with commas)")
	filter := flags.String("filter", "", "measure only rows whose name matches this `regexp`; the limit and the bare frameworks of these rows run, too")
	flags.IntVar(&l.rounds, "rounds", 0, "how many `times` each row alternates; 0 means each experiment's own default")
	flags.BoolVar(&l.big, "big", false, "scrapes: also with about a million lines, which takes minutes and 1 GiB")
	flags.Usage = func() { usage(flags, stderr) }
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: see -h", flags.Arg(0))
	}
	var err error
	if l.filter, err = regexp.Compile(*filter); err != nil {
		return nil, fmt.Errorf("-filter: %w", err)
	}
	return choose(*only)
}

func usage(flags *flag.FlagSet, w io.Writer) {
	fmt.Fprint(w, "Usage: go run ./bench [flags]\n\nPrints what tacho and its peers cost, as Markdown tables.\n\nExperiments:\n")
	for _, e := range experiments() {
		fmt.Fprintf(w, "  %-9s %s (%d rounds)\n", e.name, e.about, e.rounds)
	}
	fmt.Fprint(w, "\nFlags:\n")
	flags.PrintDefaults()
}

// choose returns the experiments of a comma-separated list, or all if it is empty.
func choose(list string) ([]experiment, error) {
	if list == "" {
		return experiments(), nil
	}
	var chosen []experiment
	for _, name := range strings.Split(list, ",") {
		e, ok := find(name)
		if !ok {
			return nil, fmt.Errorf("-only: there is no experiment %q: see -h", name)
		}
		chosen = append(chosen, e)
	}
	return chosen, nil
}
