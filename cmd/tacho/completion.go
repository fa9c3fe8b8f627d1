package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/cmd/tacho/internal/top"
	"github.com/tacho-go/tacho/internal/plan"
)

// fixedValues lists the accepted words of each flag that accepts only certain words.
var fixedValues = map[string]func() []string{
	"log-level":  func() []string { return logLevels },
	"log-format": func() []string { return logFormats },
	"output":     func() []string { return outputs },
	"histograms": plan.AllHistograms,
	"schema":     func() []string { return append(schemaNames(), "all") },
	"sort":       sortValues,
}

// sortValues returns the columns, each also in reverse order.
func sortValues() []string {
	columns := top.Columns()
	for _, c := range top.Columns() {
		columns = append(columns, "-"+c)
	}
	return columns
}

// completeValues sets how a shell completes the value of each flag and the arguments: with
// fixed words, files, directories, or nothing.
func completeValues(cmd *cobra.Command) {
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { completeFlag(cmd, f) })
	if cmd.ValidArgsFunction == nil && !takesFiles(cmd) {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, c := range cmd.Commands() {
		completeValues(c)
	}
}

// takesFiles reports whether arguments can be files, as the targets of tacho serve, tacho
// agent and tacho generate prometheus can.
func takesFiles(cmd *cobra.Command) bool {
	return slices.Contains([]string{"serve", "agent", "prometheus"}, cmd.Name())
}

func completeFlag(cmd *cobra.Command, f *pflag.Flag) {
	if values, fixed := fixedValues[f.Name]; fixed {
		must(cmd.RegisterFlagCompletionFunc(f.Name, cobra.FixedCompletions(values(), cobra.ShellCompDirectiveNoFileComp)))
		return
	}
	switch what, _ := pflag.UnquoteUsage(f); {
	case what == "file", f.Name == "target":
		must(cmd.MarkFlagFilename(f.Name, "yml", "yaml", "json"))
	case strings.HasPrefix(what, "directory"):
		must(cmd.MarkFlagDirname(f.Name))
	default:
		must(cmd.RegisterFlagCompletionFunc(f.Name, cobra.NoFileCompletions))
	}
}

// must panics on an error: a flag that does not exist, or is registered twice.
func must(err error) {
	if err != nil {
		panic("completion: " + err.Error())
	}
}
