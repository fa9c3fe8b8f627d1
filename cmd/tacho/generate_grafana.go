package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/gen/grafana"
	"github.com/tacho-go/tacho/gen/output"
	"github.com/tacho-go/tacho/schema"
)

const grafanaLong = `Grafana writes dashboards for Grafana: services, route, process and runtime, processes,
and with --from the service's own metrics. Import the files, or provision a folder.

  tacho generate grafana --from :8080 --output dashboards/
  tacho generate grafana overview --schema flask --output flask.json
  tacho generate grafana --schema all --output dashboards/`

// histogramForms are the values of --histograms.
var histogramForms = []string{string(grafana.Both), string(grafana.Classic), string(grafana.Native)}

// grafanaFlags are the settings of generated dashboards.
type grafanaFlags struct {
	source     sourceFlags
	histograms string
}

func (f *grafanaFlags) register(flags *pflag.FlagSet) {
	f.source.register(flags, "default without it, or all")
	flags.StringVar(&f.histograms, "histograms", string(grafana.Both), "`form` of histograms to query: both, classic (for VictoriaMetrics) or native")
}

func (f *grafanaFlags) check(*pflag.FlagSet) error {
	if !slices.Contains(histogramForms, f.histograms) {
		return fmt.Errorf("--histograms %s: write %s", f.histograms, strings.Join(histogramForms, ", "))
	}
	return nil
}

func newGenerateGrafana(s streams) *cobra.Command {
	f := &grafanaFlags{}
	return generator{
		use: "grafana [DASHBOARD…]", short: "Dashboards for Grafana", long: grafanaLong,
		args: func(cmd *cobra.Command, args []string) error {
			for _, a := range args {
				if !slices.Contains(grafana.Names(), a) {
					return misuse(cmd, fmt.Errorf("there is no dashboard %q; there are %s", a, strings.Join(grafana.Names(), ", ")))
				}
			}
			return nil
		},
		register: f.register, check: f.check, files: f.files,
	}.command(s)
}

func (f *grafanaFlags) files(ctx context.Context, c call) (all []output.File, err error) {
	from, err := f.source.read(ctx)
	if err != nil {
		return nil, err
	}
	if from.schemas == nil {
		from.schemas = []schema.Schema{schema.Default()}
	}
	for _, s := range from.schemas {
		files, err := grafana.Dashboards(grafana.Options{
			Schema: s, Live: from.live, Histograms: grafana.Histograms(f.histograms), Command: c.command,
		}, c.args...)
		if err != nil {
			return nil, err
		}
		all = append(all, files...)
	}
	if len(all) == 0 && slices.Contains(c.args, "own") && from.live == nil {
		return nil, usage(errors.New("own shows the metrics of a running service: name it, such as --from :8080"))
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("there is nothing to show on %s: choose another dashboard", strings.Join(c.args, ", "))
	}
	return all, nil
}
