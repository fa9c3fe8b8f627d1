package server

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// A ruleLoader loads the rules that came with Options from memory and
// everything else from disk. It implements rules.GroupLoader.
type ruleLoader struct {
	builtin []RuleFile
	parser  parser.Parser
}

// Load parses the rules of one name.
func (l ruleLoader) Load(name string, ignoreUnknown bool, scheme model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	for _, f := range l.builtin {
		if f.Name == name {
			return rulefmt.Parse(f.YAML, ignoreUnknown, scheme, l.parser, promslog.NewNopLogger())
		}
	}
	return rulefmt.ParseFile(name, ignoreUnknown, scheme, l.parser, promslog.NewNopLogger())
}

// Parse parses one expression.
func (l ruleLoader) Parse(query string) (parser.Expr, error) { return l.parser.ParseExpr(query) }

// check finds mistakes in the rules that came with Options.
func (l ruleLoader) check() error {
	for _, f := range l.builtin {
		if _, errs := l.Load(f.Name, false, model.UTF8Validation); len(errs) > 0 {
			return fmt.Errorf("%w: the rules %s: %w", ErrConfig, f.Name, errs[0])
		}
	}
	return nil
}

// applyRules loads all rules anew; alerts that stay keep their state.
func (s *Server) applyRules(c *config.Config) error {
	var files []string
	for _, f := range s.opts.Rules {
		files = append(files, f.Name)
	}
	for _, pattern := range c.RuleFiles {
		matches, err := filepath.Glob(pattern)
		if err != nil {
			return fmt.Errorf("rule_files: %s: %w", pattern, err)
		}
		files = append(files, matches...)
	}
	slices.Sort(files)
	return s.rules.Update(time.Duration(c.GlobalConfig.EvaluationInterval), slices.Compact(files),
		c.GlobalConfig.ExternalLabels, s.url.String(), nil)
}
