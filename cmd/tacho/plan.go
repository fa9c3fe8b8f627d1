package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/doctor"
	"github.com/tacho-go/tacho/internal/plan"
)

const planLong = `Plan estimates what the metrics of a service cost: series, samples per second, bytes
on the wire and on disk, the memory of tacho serve, Thanos, VictoriaMetrics and
Mimir, and the simplest topology that is sufficient. Each figure has its formula and
its source: measurements of tacho, or what the engine publishes.

  tacho plan --routes 40 --statuses 5 --instances 200
  tacho plan --from :8080 --instances 200 --retention 1y
  tacho plan --instances 5000 --output json

--from counts the series of a running instance instead of estimating them.`

// planFlags are the settings of tacho plan.
type planFlags struct {
	load         plan.Load
	from         string
	headers      []string
	timeout      time.Duration
	output       string
	histograms   string
	memory, disk byteSize
}

// outputs are the values of --output.
var outputs = []string{"text", "json"}

func (f *planFlags) register(flags *pflag.FlagSet) {
	l := &f.load
	f.memory, f.disk = 16<<30, 500_000_000_000
	flags.IntVar(&l.Routes, "routes", 20, "`number` of routes of the service")
	flags.IntVar(&l.Methods, "methods", 1, "`number` of methods per route")
	flags.IntVar(&l.Statuses, "statuses", 4, "`number` of statuses per route and method; 200, 400 and 500 are always there")
	flags.IntVar(&l.Own, "own-series", 0, "`number` of series per instance besides those of the library")
	flags.IntVar(&l.SeriesLimit, "series-limit", 2000, "`limit` of label sets per metric, Options.SeriesLimit")
	flags.IntVar(&l.Instances, "instances", 1, "`number` of instances")
	periodVar(flags, &l.Interval, "interval", 15*time.Second, "scrape interval")
	periodVar(flags, &l.Retention, "retention", 15*24*time.Hour, "how long samples are kept")
	flags.StringVar(&f.histograms, "histograms", string(plan.Classic), "`form` of latency histograms that is scraped: "+strings.Join(plan.AllHistograms(), ", "))
	flags.Float64Var(&l.Queries, "queries", 10, "queries per `second`, for Mimir's components")
	flags.Var(&f.memory, "memory", "memory of the largest machine for one process, in `bytes`")
	flags.Var(&f.disk, "disk", "disk of that machine, in `bytes`")
	flags.Float64Var(&l.Machine.Cores, "cores", 4, "`number` of cores of that machine")
	flags.BoolVar(&l.Available, "available", false, "the loss of any one machine must lose no samples and no alerts")
	flags.StringVar(&f.from, "from", "", "`URL` of a running instance whose series are counted")
	flags.StringArrayVar(&f.headers, "header", nil, "`'Name: value'` header to send to that instance; repeatable")
	periodVar(flags, &f.timeout, "timeout", 10*time.Second, "timeout of counting")
	flags.StringVar(&f.output, "output", "text", "`format` of the output: "+strings.Join(outputs, ", "))
}

func newPlan(s streams) *cobra.Command {
	f := &planFlags{}
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Estimate what metrics cost, and which topology is sufficient",
		Long:  planLong,
		Args:  noArguments("describe the service with flags, or name a running one with --from"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(cmd.Flags()); err != nil {
				return usage(err)
			}
			return f.print(cmd.Context(), s.out)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// check returns an error for invalid settings.
func (f *planFlags) check(flags *pflag.FlagSet) error {
	if !slices.Contains(outputs, f.output) {
		return fmt.Errorf("--output must be %s, not %q", strings.Join(outputs, " or "), f.output)
	}
	if !slices.Contains(plan.AllHistograms(), f.histograms) {
		return fmt.Errorf("--histograms must be one of %s, not %q", strings.Join(plan.AllHistograms(), ", "), f.histograms)
	}
	if err := aboveZero(flags, "routes", "methods", "statuses", "series-limit", "instances", "interval", "retention", "memory", "disk", "cores", "queries", "timeout"); err != nil {
		return err
	}
	if f.from == "" {
		return nil
	}
	for _, estimated := range []string{"own-series", "series-limit"} {
		if flags.Changed(estimated) {
			return fmt.Errorf("--%s has no effect with --from, which counts all series: leave out one of them", estimated)
		}
	}
	return nil
}

func (f *planFlags) print(ctx context.Context, out io.Writer) error {
	l := f.load
	l.Histograms = plan.Histograms(f.histograms)
	l.Machine.Memory, l.Machine.Disk = float64(f.memory), float64(f.disk)
	if f.from != "" {
		var err error
		if l.Measured, err = f.count(ctx); err != nil {
			return err
		}
	}
	p, err := plan.New(l)
	if err != nil {
		return usage(err)
	}
	if f.output == "json" {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(p)
	}
	return p.Text(out)
}

// count scrapes the instance once, as Prometheus does for native histograms, and counts series in
// both forms of a histogram.
func (f *planFlags) count(ctx context.Context) (plan.Series, error) {
	header, err := parseHeaders("header", f.headers)
	if err != nil {
		return plan.Series{}, usage(err)
	}
	scraper, err := doctor.NewScraper(doctor.Options{URL: f.from, Header: header, Timeout: f.timeout}, "tacho/"+versionText())
	if err != nil {
		return plan.Series{}, usage(fmt.Errorf("--from: %w", err))
	}
	scrape, err := scraper.Scrape(ctx)
	if err != nil {
		return plan.Series{}, fmt.Errorf("--from: %w", err)
	}
	return seriesOf(scrape), nil
}

// seriesOf counts the series of a scrape. A native histogram replaces the series of the classic one
// of its name.
func seriesOf(scrape doctor.Scrape) (s plan.Series) {
	native := map[string]bool{}
	for _, x := range scrape.Samples {
		if x.Native != nil {
			native[x.Name] = true
			s.Latency++
		}
	}
	s.Native = s.Latency
	for _, x := range scrape.Samples {
		if x.Native != nil {
			continue
		}
		s.Classic++
		if !native[histogramOf(x.Name)] {
			s.Native++
		}
	}
	return s
}

// histogramOf returns the name of the histogram that a series may belong to.
func histogramOf(name string) string {
	for _, suffix := range []string{"_bucket", "_count", "_sum"} {
		if base, is := strings.CutSuffix(name, suffix); is {
			return base
		}
	}
	return name
}
