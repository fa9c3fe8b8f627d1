package main

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"
)

// run executes the command line and returns the exit code.
func run(ctx context.Context, args []string, s streams) int {
	root := newRoot(s)
	root.SetArgs(args)
	return report(root.ExecuteContext(ctx), s.err)
}

const rootLong = `tacho is a tachometer for web services.

  tacho demo                  try it: a sample shop with simulated traffic
  tacho serve :8080           monitor your own service
  tacho agent :8080           forward its metrics to a server elsewhere
  tacho doctor :8080          find problems in a service's metrics
  tacho top :8080             show its routes live in the terminal
  tacho multiproc --dir DIR   serve the combined metrics of Gunicorn workers
  tacho proxy --upstream URL  measure a service without touching it
  tacho gunicorn              print a configuration that measures a service under Gunicorn
  tacho plan                  estimate what metrics cost
  tacho generate grafana      write dashboards, rules and configuration

Every flag can also be set by an environment variable, shown in brackets, or in
a file given with --settings. Precedence: flag, environment variable, settings
file. A repeatable flag takes one value per line in its variable, and is a list
in the file.

Exit codes: 0 ok, 1 failed, 64 invalid flags, environment or configuration;
tacho doctor has its own, see tacho doctor --help.`

func newRoot(s streams) *cobra.Command {
	logs := &logFlags{}
	var settings string
	root := &cobra.Command{
		Use:           "tacho",
		Short:         "A tachometer for web services",
		Long:          rootLong,
		Version:       versionLine(),
		SilenceUsage:  true,
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if err := fillFlags(cmd, settings); err != nil {
				return usage(err)
			}
			log, err := logs.logger(s.err)
			if err != nil {
				return usage(err)
			}
			slog.SetDefault(log)
			return nil
		},
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetVersionTemplate("{{.Version}}\n")
	root.PersistentFlags().StringVar(&settings, "settings", "", "settings `file`: YAML with flag names as keys; the flags of one command go below its name")
	logs.register(root.PersistentFlags())
	root.AddCommand(newDemo(s), newServe(s), newAgent(s), newDoctor(s), newTop(s), newWhy(s), newPlan(s), newMultiproc(s), newGenerate(s), newProxy(s), newGunicorn(s), newVersion(s))
	root.SetFlagErrorFunc(wrongFlag)
	strictTopics(root)
	describeEnvironment(root)
	completeValues(root)
	return root
}
