package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/gen/grafana"
	"github.com/tacho-go/tacho/gen/output"
	"github.com/tacho-go/tacho/gen/slo"
	"github.com/tacho-go/tacho/schema"
)

const sloLong = `Slo writes the rules of service level objectives for a Prometheus of your own: error
budgets, burn rates, and alerts on several windows. tacho serve has them with --slo.

  tacho generate slo --slo 'shop: 99.9% of POST /orders below 250ms over 30d' --output slo.rules.yml
  tacho generate slo --slo-file openslo.yml --output slo.rules.yml
  tacho generate slo --slo-file openslo.yml --as tests --output slo.test.yml     for promtool
  tacho generate slo --slo 'shop: 99.5% available' --schema default --as sloth
  tacho generate slo --as grafana --output dashboards/slo.json                  for all objectives

--as openslo, sloth or pyrra writes the objectives in that format, for the names of one
library (--schema), or of a running service (--from).`

// sloRulesFile is the name under which tests expect the rules.
const sloRulesFile = "slo.rules.yml"

// sloGenerator are the settings of tacho generate slo.
type sloGenerator struct {
	rules ruleFlags
	slos  sloFlags
	as    string
}

// sloForms are the values of --as, besides those of slo.Formats.
var sloForms = []string{"rules", "tests", "grafana"}

func allSLOForms() []string {
	return append(slices.Clone(sloForms), slices.Sorted(maps.Keys(slo.Formats))...)
}

func newGenerateSLO(s streams) *cobra.Command {
	f := &sloGenerator{}
	return generator{
		use: "slo", short: "Rules of service level objectives, and other formats", long: sloLong,
		register: func(flags *pflag.FlagSet) {
			f.rules.registerPlain(flags)
			f.slos.register(flags)
			flags.StringVar(&f.as, "as", "rules", "`form` to write: "+strings.Join(allSLOForms(), ", "))
		},
		check: func(*pflag.FlagSet) error { return f.check() },
		files: f.files,
	}.command(s)
}

func (f *sloGenerator) check() error {
	switch {
	case !f.slos.any() && f.as != "grafana":
		return errors.New("there is no objective: name one with --slo, such as 'shop: 99.5% available', or a file with --slo-file")
	case !slices.Contains(allSLOForms(), f.as):
		return fmt.Errorf("--as %s: write %s", f.as, strings.Join(allSLOForms(), ", "))
	}
	if from := f.rules.source; slo.Formats[f.as] != nil && len(f.slos.short.texts) > 0 && from.from == "" && (len(from.schemas) != 1 || from.schemas[0] == "all") {
		return fmt.Errorf("--as %s writes the names of one library: choose it with --schema, such as --schema default, or with --from", f.as)
	}
	return scrapeInterval(f.rules.interval)
}

// checkBounds rejects latency objectives whose limit is no bucket bound of the service of --from.
func (f *sloGenerator) checkBounds(ctx context.Context, schemas []schema.Schema, objectives []slo.Objective) error {
	if f.rules.source.from == "" {
		return nil
	}
	scrape, err := f.rules.source.scrape(ctx)
	if err != nil {
		return err
	}
	for _, o := range objectives {
		if o.HTTP == nil || o.HTTP.Below == 0 {
			continue
		}
		bounds, native := boundsIn(scrape, schemas, *o.HTTP)
		if err := o.CheckBounds(bounds, native); err != nil {
			return usage(err)
		}
	}
	return nil
}

func (f *sloGenerator) files(ctx context.Context, c call) ([]output.File, error) {
	objectives, err := f.slos.read()
	if err != nil {
		return nil, usage(err)
	}
	from, err := f.rules.options(ctx)
	if err != nil {
		return nil, err
	}
	if err := f.checkBounds(ctx, from.Schemas, objectives); err != nil {
		return nil, err
	}
	o := slo.Options{Schemas: from.Schemas, Interval: f.rules.interval, Intervals: from.Intervals, RunbookURL: f.rules.runbooks}
	name, text := "slo."+f.as+".yml", []byte(nil)
	switch write := slo.Formats[f.as]; {
	case write != nil:
		text, err = write(o, objectives...)
	case f.as == "grafana":
		file, err := grafana.Objectives(c.command)
		return []output.File{file}, err
	case f.as == "tests":
		text, err = slo.UnitTests(o, sloRulesFile, objectives...)
	default:
		name = sloRulesFile
		text, err = sloRulesText(o, objectives)
	}
	if err != nil {
		return nil, usage(err)
	}
	return output.With(c.command, []output.File{{Name: name, Content: text}}), nil
}
