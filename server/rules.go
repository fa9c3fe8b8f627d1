package server

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/rulefmt"
)

// readRules reads and validates all rules. Names must be valid in the scheme of the file
// and in the scheme of the rule manager.
func (s *Server) readRules(to *settings) (err error) {
	c := to.expanded
	if to.builtin, err = s.builtinRules(c); err != nil {
		return err
	}
	for _, f := range to.builtin {
		if err := s.checkRules(f, model.UTF8Validation); err != nil {
			return fmt.Errorf("the rules %w", err)
		}
	}
	for _, name := range slices.Compact(slices.Sorted(ruleNames(c.RuleFiles))) {
		text, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("rule_files: %w", err)
		}
		f := RuleFile{Name: name, YAML: text}
		err = errors.Join(s.checkRules(f, c.GlobalConfig.MetricNameValidationScheme), s.checkRules(f, s.scheme(c)))
		if err != nil {
			return fmt.Errorf("rule_files: %w", err)
		}
		to.rules = append(to.rules, f)
	}
	return nil
}

// jobsOf lists the scrape jobs of a configuration.
func jobsOf(c *config.Config) []Job {
	jobs := make([]Job, 0, len(c.ScrapeConfigs))
	for _, j := range c.ScrapeConfigs {
		jobs = append(jobs, Job{j.JobName, time.Duration(j.ScrapeInterval)})
	}
	return jobs
}

// builtinRules returns the rules of Options.
func (s *Server) builtinRules(c *config.Config) ([]RuleFile, error) {
	files := slices.Clone(s.opts.Rules)
	if s.opts.RulesFunc == nil {
		return files, nil
	}
	made, err := s.opts.RulesFunc(jobsOf(c))
	if err != nil {
		return nil, fmt.Errorf("the built-in rules: %w", err)
	}
	return append(files, made...), nil
}

// ruleNames returns the files that match the patterns. Prometheus's configuration has
// validated the patterns.
func ruleNames(patterns []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, pattern := range patterns {
			matches, _ := filepath.Glob(pattern)
			for _, m := range matches {
				if !yield(m) {
					return
				}
			}
		}
	}
}

func (s *Server) checkRules(f RuleFile, scheme model.ValidationScheme) error {
	_, errs := rulefmt.Parse(f.YAML, false, scheme, s.parser, promslog.NewNopLogger())
	if len(errs) > 0 {
		return fmt.Errorf("%s: %w", f.Name, errors.Join(errs...))
	}
	return nil
}

// scheme returns the name validation scheme of the rule manager: that of the
// configuration when the server was created.
func (s *Server) scheme(c *config.Config) model.ValidationScheme {
	if first := s.current.Load(); first != nil {
		return s.ruleScheme
	}
	return c.GlobalConfig.MetricNameValidationScheme
}

// applyRules reloads all rules. Unchanged alerts keep their state.
func (s *Server) applyRules(c *settings) error {
	files := slices.Concat(c.builtin, c.rules)
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.Name
	}
	slices.Sort(names)
	before := s.ruleLoader.files.Swap(&files)
	err := s.rules.Update(time.Duration(c.file.GlobalConfig.EvaluationInterval), slices.Compact(names),
		c.file.GlobalConfig.ExternalLabels, s.url.String(), nil)
	if err != nil {
		s.ruleLoader.files.Store(before)
		return err
	}
	recorded := recordedBy(s.rules.RuleGroups())
	s.recorded.Store(&recorded)
	return nil
}
