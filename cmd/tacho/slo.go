package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/gen/slo"
	"github.com/tacho-go/tacho/server"
)

// sloFlags are the service level objectives.
type sloFlags struct {
	short sloList
	files []string
}

func (f *sloFlags) register(flags *pflag.FlagSet) {
	flags.Var(&f.short, "slo", "service level `objective`, such as 'shop: 99.5% available' or 'shop: 99.9% of POST /orders below 300ms over 30d'; repeatable")
	flags.StringArrayVar(&f.files, "slo-file", nil, "`file` with objectives: OpenSLO v1, Sloth prometheus/v1 or Pyrra v1alpha1, read again on reload; repeatable")
}

// any reports whether there are objectives.
func (f *sloFlags) any() bool { return len(f.short.texts)+len(f.files) > 0 }

// read returns all objectives, those of the files as they are now.
func (f *sloFlags) read() ([]slo.Objective, error) {
	all := append([]slo.Objective(nil), f.short.objectives...)
	for _, name := range f.files {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("--slo-file: %w", err)
		}
		objectives, err := slo.Read(name, text)
		if err != nil {
			return nil, fmt.Errorf("--slo-file: %w", err)
		}
		all = append(all, objectives...)
	}
	return all, nil
}

// check reads the objectives, and makes the retention long enough for their periods unless it was set.
func (f *sloFlags) check(flags *pflag.FlagSet, retention *time.Duration) error {
	all, err := f.read()
	if err != nil || len(all) == 0 {
		return err
	}
	if _, err := slo.Rules(slo.Options{}, all...); err != nil {
		return err
	}
	switch need := longestPeriod(all); {
	case *retention >= need:
	case flags.Changed("retention"):
		return fmt.Errorf("--retention %s: an SLO looks back for %s; keep samples for longer, or shorten its period", period(*retention), period(need))
	default:
		*retention = need + 24*time.Hour
	}
	return nil
}

func longestPeriod(all []slo.Objective) (longest time.Duration) {
	for _, o := range all {
		longest = max(longest, o.Period)
	}
	return longest
}

// rules are those of the objectives. Unless an engine has the samples, they are renewed for the names that
// the services use.
func (f *sloFlags) rules(o slo.Options, renew bool) ([]server.RuleFile, error) {
	all, err := f.read()
	if err != nil || len(all) == 0 {
		return nil, err
	}
	files, err := sloRules(o, all)
	if err == nil && renew {
		files[0].Renew, files[0].Every = newSLORenewal(o, all).renew, o.Interval
	}
	return files, err
}

func sloRules(o slo.Options, all []slo.Objective) ([]server.RuleFile, error) {
	text, err := sloRulesText(o, all)
	return []server.RuleFile{{Name: "service level objectives", YAML: text}}, err
}

func sloRulesText(o slo.Options, all []slo.Objective) ([]byte, error) {
	groups, err := slo.Rules(o, all...)
	if err != nil {
		return nil, err
	}
	return rules.YAML(groups...)
}

// print lists the objectives, and notes when the samples are not kept for long enough.
func (f *sloFlags) print(w io.Writer, kept time.Duration) {
	all, err := f.read()
	if err != nil || len(all) == 0 {
		return // it was checked before
	}
	label := "  SLOs    "
	for _, o := range all {
		fmt.Fprintf(w, "%s %s: %s\n", label, o.Name, o.Promise())
		label = "          "
	}
	if need := longestPeriod(all); kept > 0 && kept < need {
		fmt.Fprintf(w, "  Note     samples are kept for %s, but an SLO looks back for %s: its budget covers the samples that are there\n", period(kept), period(need))
	}
}

// sloList is a repeatable flag for objectives in the short form.
type sloList struct {
	texts      []string
	objectives []slo.Objective
}

// Set implements pflag.Value. It adds an objective.
func (l *sloList) Set(text string) error {
	o, err := slo.Parse(text)
	if err != nil {
		return err
	}
	for _, other := range l.objectives {
		if other.Name == o.Name && other.Service == o.Service {
			return fmt.Errorf("%s has an objective %s already: add 'as NAME'", o.Service, o.Name)
		}
	}
	l.texts, l.objectives = append(l.texts, text), append(l.objectives, o)
	return nil
}

// String implements pflag.Value.
func (l *sloList) String() string {
	if l == nil || len(l.texts) == 0 {
		return ""
	}
	return "[" + strings.Join(l.texts, ",") + "]"
}

// Type implements pflag.Value.
func (l *sloList) Type() string { return "objective" }

// Append implements pflag.SliceValue.
func (l *sloList) Append(text string) error { return l.Set(text) }

// Replace implements pflag.SliceValue.
func (l *sloList) Replace(all []string) error {
	*l = sloList{}
	for _, text := range all {
		if err := l.Set(text); err != nil {
			return err
		}
	}
	return nil
}

// GetSlice implements pflag.SliceValue.
func (l *sloList) GetSlice() []string { return l.texts }
