package server

import (
	"fmt"
	"sync/atomic"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// A ruleLoader loads rules from memory. It implements rules.GroupLoader.
type ruleLoader struct {
	parser parser.Parser
	files  atomic.Pointer[[]RuleFile]
}

// Load parses the rules of one file.
func (l *ruleLoader) Load(name string, ignoreUnknown bool, scheme model.ValidationScheme) (*rulefmt.RuleGroups, []error) {
	for _, f := range *l.files.Load() {
		if f.Name == name {
			return rulefmt.Parse(f.YAML, ignoreUnknown, scheme, l.parser, promslog.NewNopLogger())
		}
	}
	return nil, []error{fmt.Errorf("the rules %s were not read", name)}
}

// Parse parses one expression.
func (l *ruleLoader) Parse(query string) (parser.Expr, error) { return l.parser.ParseExpr(query) }
