package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
)

const doctorLong = `Doctor scrapes a service a few times and explains the problems of its metrics in
plain words, with the evidence and the fix. docs/doctor.md describes each check.

  tacho doctor :8080
  tacho doctor https://example.org/metrics --header 'Authorization: Bearer …'
  tacho doctor localhost:5000 --json

Exit codes: 0 nothing above info, 1 warnings, 2 errors, 3 no scrape possible,
64 invalid flags or URL.`

// doctorFlags are the settings of tacho doctor.
type doctorFlags struct {
	options doctor.Options
	json    bool
	headers []string
}

func (f *doctorFlags) register(flags *pflag.FlagSet) {
	o := &f.options
	flags.BoolVar(&f.json, "json", false, "write the report as JSON")
	flags.IntVar(&o.Scrapes, "scrapes", 3, "`number` of scrapes to compare")
	periodVar(flags, &o.Interval, "pause", time.Second, "time between scrapes")
	periodVar(flags, &o.Timeout, "timeout", 10*time.Second, "timeout of one scrape")
	periodVar(flags, &o.ScrapeInterval, "scrape-interval", 15*time.Second, "scrape interval for the cost estimate")
	flags.IntVar(&o.Instances, "instances", 1, "`number` of instances for the cost estimate")
	flags.StringArrayVar(&f.headers, "header", nil, "`'Name: value'` header to send with each scrape; repeatable")
}

func newDoctor(s streams) *cobra.Command {
	f := &doctorFlags{}
	cmd := &cobra.Command{
		Use:   "doctor URL",
		Short: "Find problems in a service's metrics",
		Long:  doctorLong,
		Args: func(cmd *cobra.Command, args []string) error {
			switch len(args) {
			case 0:
				return misuse(cmd, errors.New("doctor needs the URL of a service's metrics, such as: tacho doctor :8080"))
			case 1:
				return nil
			}
			return misuse(cmd, fmt.Errorf("doctor examines one URL at a time, got %d", len(args)))
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := aboveZero(cmd.Flags(), "scrapes", "pause", "timeout", "scrape-interval", "instances"); err != nil {
				return usage(err)
			}
			f.options.URL = args[0]
			return examine(cmd.Context(), f, s.out)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func examine(ctx context.Context, f *doctorFlags, out io.Writer) error {
	header, err := parseHeaders("header", f.headers)
	if err != nil {
		return usage(err)
	}
	f.options.Header = header
	r, err := doctor.Examine(ctx, f.options)
	if errors.Is(err, doctor.ErrURL) {
		return usage(err)
	}
	if err != nil {
		return coded{err, doctor.ExitNoScrape}
	}
	if f.json {
		err = r.JSON(out)
	} else {
		err = r.Text(out)
	}
	if err != nil {
		return err
	}
	return exit(r.ExitCode())
}
