package rules

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// YAML formats groups as a rule file. It parses the result as Prometheus does, so that rules
// which Prometheus would reject because of an invalid option return an error here.
func YAML(groups ...rulefmt.RuleGroup) ([]byte, error) {
	var file bytes.Buffer
	out := yaml.NewEncoder(&file)
	out.SetIndent(2)
	if err := out.Encode(rulefmt.RuleGroups{Groups: groups}); err != nil {
		return nil, fmt.Errorf("write rules: %w", err)
	}
	_, errs := rulefmt.Parse(file.Bytes(), false, model.LegacyValidation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("check the options of the rules: %w", err)
	}
	return file.Bytes(), nil
}
