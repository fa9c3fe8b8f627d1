package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/gen/compose"
	"github.com/tacho-go/tacho/gen/grafana"
	"github.com/tacho-go/tacho/gen/output"
	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/schema"
)

const composeLong = `Compose writes a Compose file for your service, built from the folder's Dockerfile, with
tacho serve beside it. --with adds Prometheus, Grafana and Alertmanager, with the generated
rules and dashboards. Build tacho's image first: docker build -f deploy/Dockerfile -t tacho .

  tacho generate compose --kind flask --output ./
  tacho generate compose --name shop --with prometheus --with grafana --output ./`

// composeFlags are the settings of a Compose file.
type composeFlags struct {
	rules   ruleFlags
	options compose.Options
}

func (f *composeFlags) register(flags *pflag.FlagSet) {
	f.rules.register(flags)
	flags.StringVar(&f.options.Name, "name", "app", "`name` of the service, and its job")
	flags.StringVar(&f.options.Kind, "kind", compose.Kinds[0], "`kind` of the service: "+strings.Join(compose.Kinds, " or "))
	flags.StringArrayVar(&f.options.With, "with", nil, "`program` to add: "+strings.Join(compose.Programs, ", ")+"; repeatable")
}

func newGenerateCompose(s streams) *cobra.Command {
	f := &composeFlags{}
	return generator{
		use: "compose", short: "A Compose file for a service with tacho, Prometheus and Grafana", long: composeLong,
		register: f.register, check: f.rules.check, files: f.files,
	}.command(s)
}

// serveFlagsOf are the chosen flags that tacho serve has as well: it evaluates the same rules as Prometheus.
func serveFlagsOf(flags *pflag.FlagSet) (all []string) {
	for _, name := range []string{"interval", "error-limit", "latency-limit", "min-requests", "limit"} {
		f := flags.Lookup(name)
		if !f.Changed {
			continue
		}
		for _, v := range flagValues(f) {
			all = append(all, "--"+name, v)
		}
	}
	return all
}

// kindSchemas are the names that a kind of service usually has.
var kindSchemas = map[string]schema.Schema{"go": schema.Default(), "flask": schema.Flask()}

func (f *composeFlags) files(ctx context.Context, c call) ([]output.File, error) {
	o := f.options
	from, err := f.rules.source.read(ctx)
	if err != nil {
		return nil, err
	}
	ruled, err := f.rules.options(ctx)
	if err != nil {
		return nil, err
	}
	text, err := rules.YAML(rules.Recording(ruled), rules.Means(ruled), rules.Alerts(ruled))
	if err != nil {
		return nil, err
	}
	o.Rules, o.Interval, o.ServeFlags = text, f.rules.interval, serveFlagsOf(c.flags)
	if from.schemas == nil {
		from.schemas = []schema.Schema{kindSchemas[o.Kind]}
	}
	for _, s := range from.schemas {
		files, err := grafana.Dashboards(grafana.Options{Schema: s, Live: from.live, Command: c.command})
		if err != nil {
			return nil, err
		}
		o.Dashboards = append(o.Dashboards, files...)
	}
	files, err := compose.Files(o)
	if err != nil {
		return nil, usage(fmt.Errorf("generate compose: %w", err))
	}
	return withHeaders(c.command, files), nil
}

// withHeaders puts the header before the files that can have comments; dashboards have it in their descriptions.
func withHeaders(command string, files []output.File) (all []output.File) {
	for _, f := range files {
		if strings.HasSuffix(f.Name, ".json") {
			all = append(all, f)
			continue
		}
		all = append(all, output.With(command, []output.File{f})...)
	}
	return all
}
