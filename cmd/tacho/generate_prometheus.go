package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/target"
	"github.com/tacho-go/tacho/gen/output"
	"github.com/tacho-go/tacho/gen/scrape"
)

const prometheusLong = `Prometheus writes a prometheus.yml for the targets, as tacho serve takes them, or
divides an existing one. With --shards N it writes N files for N servers or agents,
which together scrape each target exactly once: a target's address decides.

  tacho generate prometheus shop=:8080 shop=:8081 --output prometheus.yml
  tacho generate prometheus prometheus.yml --shards 3 --output shards/
  tacho agent shards/prometheus-0.yml --data-dir agent-0`

// prometheusFlags are the settings of a generated prometheus.yml.
type prometheusFlags struct {
	settings target.Settings
	native   bool
	shards   int
}

func (f *prometheusFlags) register(flags *pflag.FlagSet) {
	s := &f.settings
	periodVar(flags, &s.Interval, "interval", 15*time.Second, "time between scrapes, and between evaluations of rules")
	flags.StringArrayVar(&s.Alertmanagers, "alertmanager", nil, "`URL` of an Alertmanager; repeatable")
	flags.StringArrayVar(&s.RemoteWrite, "remote-write", nil, "`URL` to which all samples are sent; repeatable")
	flags.StringArrayVar(&s.RuleFiles, "rules", nil, "`file` with rules, such as tacho.rules.yml; repeatable")
	flags.BoolVar(&f.native, "native-histograms", false, "scrape native histograms beside classic ones, which Prometheus can from 3.8 on")
	flags.IntVar(&f.shards, "shards", 1, "`number` of servers among which the targets are divided")
}

func (f *prometheusFlags) check(flags *pflag.FlagSet) error {
	if err := scrapeInterval(f.settings.Interval); err != nil {
		return err
	}
	return aboveZero(flags, "shards")
}

func newGeneratePrometheus(s streams) *cobra.Command {
	f := &prometheusFlags{}
	return generator{
		use: "prometheus TARGET…", short: "Scrape configuration, also for several servers", long: prometheusLong,
		args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse(cmd, errors.New("prometheus needs targets, such as: tacho generate prometheus shop=:8080"))
			}
			return nil
		},
		register: f.register, check: f.check,
		files: func(_ context.Context, c call) ([]output.File, error) {
			files, err := f.files(c)
			if err != nil {
				return nil, usage(err)
			}
			return output.With(c.command, files), nil
		},
	}.command(s)
}

// files returns the configuration, or its shards.
func (f *prometheusFlags) files(c call) ([]output.File, error) {
	text, err := f.config(c)
	if err != nil {
		return nil, err
	}
	if f.shards == 1 {
		return []output.File{{Name: "prometheus.yml", Content: text}}, nil
	}
	parts, err := scrape.Shard(text, f.shards)
	if err != nil {
		return nil, fmt.Errorf("--shards: %w", err)
	}
	var all []output.File
	for i, part := range parts {
		all = append(all, output.File{Name: fmt.Sprintf("prometheus-%d.yml", i), Content: part})
	}
	return all, nil
}

// config returns the configuration of the targets, or that of the file.
func (f *prometheusFlags) config(c call) ([]byte, error) {
	targets, err := parseTargets(c.args)
	if err != nil {
		return nil, err
	}
	s := f.settings
	file, err := target.ConfigFile(targets, s)
	if err != nil {
		return nil, err
	}
	if file == "" {
		s.Portable = !f.native
		text, err := target.Config(targets, s)
		return []byte(text), err
	}
	switch {
	case f.shards == 1:
		return nil, fmt.Errorf("%s is complete: --shards N divides its targets", file)
	case len(s.RuleFiles) > 0 || f.native || c.flags.Changed("interval"):
		return nil, fmt.Errorf("%w: put the rules, the interval and the histograms in %s", target.ErrConfigFile, file)
	}
	return os.ReadFile(file)
}
