package main

import (
	"context"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/gen/output"
	"github.com/tacho-go/tacho/gen/rules"
)

const rulesLong = `Rules writes the built-in recording and alerting rules for a Prometheus of your own,
from version 2.42 on. tacho serve has them already.

  tacho generate rules --output tacho.rules.yml
  tacho generate rules --from :8080 --latency-limit 300ms --output tacho.rules.yml`

const alertsLong = `Alerts writes the built-in alerting rules alone. They need the recording rules, with
the same flags: tacho generate rules writes both.

  tacho generate alerts --output alerts.yml`

// ruleFlags are the settings of generated rules.
type ruleFlags struct {
	source   sourceFlags
	limits   limitFlags
	interval time.Duration
	runbooks string
}

func (f *ruleFlags) register(flags *pflag.FlagSet) {
	f.registerPlain(flags)
	f.limits.register(flags)
}

// registerPlain registers the flags that do not concern limits.
func (f *ruleFlags) registerPlain(flags *pflag.FlagSet) {
	f.source.register(flags, "all of them without it")
	periodVar(flags, &f.interval, "interval", 15*time.Second, "longest scrape interval of the services; rules are evaluated as often")
	flags.StringVar(&f.runbooks, "runbook-url", "docs/alerts/", "`URL` before the names of the alerts' runbooks")
}

func (f *ruleFlags) check(flags *pflag.FlagSet) error {
	if err := scrapeInterval(f.interval); err != nil {
		return err
	}
	return f.limits.check(flags)
}

// options returns the options of the rules for what was chosen.
func (f *ruleFlags) options(ctx context.Context) (rules.Options, error) {
	from, err := f.source.read(ctx)
	if err != nil {
		return rules.Options{}, err
	}
	return f.limits.in(rules.Options{
		Schemas: from.schemas, Interval: f.interval, Intervals: map[string]time.Duration{"": f.interval}, RunbookURL: f.runbooks,
	}), nil
}

func newGenerateRules(s streams) *cobra.Command {
	return ruleGenerator(s, generator{use: "rules", short: "Recording and alerting rules for Prometheus", long: rulesLong}, "tacho.rules.yml", rules.Recording, rules.Means, rules.Alerts)
}

func newGenerateAlerts(s streams) *cobra.Command {
	return ruleGenerator(s, generator{use: "alerts", short: "Alerting rules alone", long: alertsLong}, "tacho.alerts.yml", rules.Alerts)
}

// ruleGenerator is a generator of groups of rules.
func ruleGenerator(s streams, g generator, name string, groups ...func(rules.Options) rulefmt.RuleGroup) *cobra.Command {
	f := &ruleFlags{}
	g.register, g.check = f.register, f.check
	g.files = func(ctx context.Context, c call) ([]output.File, error) {
		o, err := f.options(ctx)
		if err != nil {
			return nil, err
		}
		var all []rulefmt.RuleGroup
		for _, group := range groups {
			all = append(all, group(o))
		}
		text, err := rules.YAML(all...)
		if err != nil {
			return nil, err
		}
		return output.With(c.command, []output.File{{Name: name, Content: text}}), nil
	}
	return g.command(s)
}
