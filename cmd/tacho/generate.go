package main

import (
	"errors"

	"github.com/spf13/cobra"
)

const generateLong = `Generate writes configuration for Prometheus, Grafana and others from the names of
the metrics: of a known library (--schema), or of a running service (--from).

  tacho generate grafana --from :8080 --output dashboards/
  tacho generate rules --output tacho.rules.yml
  tacho generate rules --output tacho.rules.yml --check

Output is deterministic, and its header is the command that regenerates it. With
--check nothing is written: the exit code is 1, with a diff, if a file is stale.`

// generators are the commands below tacho generate.
var generators = []func(streams) *cobra.Command{
	newGenerateInit, newGenerateGrafana, newGenerateRules, newGenerateAlerts, newGenerateSLO, newGeneratePrometheus, newGenerateKubernetes, newGenerateCompose, newGenerateDocs,
}

func newGenerate(s streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Write dashboards, rules and configuration from the metrics' names",
		Long:  generateLong,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownTopic(cmd, args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return misuse(cmd, errors.New("generate needs what to generate, such as: tacho generate grafana"))
		},
	}
	for _, sub := range generators {
		cmd.AddCommand(sub(s))
	}
	return cmd
}
