package slo

import (
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// isRate reports whether a query is in events per second: it has rate or irate in it, and not increase.
func isRate(q Query) (bool, error) {
	expr, err := promQL.ParseExpr(q.over(time.Hour))
	if err != nil {
		return false, err
	}
	found := map[string]bool{}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if call, ok := n.(*parser.Call); ok {
			found[call.Func.Name] = true
		}
		return nil
	})
	perSecond := found["rate"] || found["irate"]
	if perSecond && (found["increase"] || found["sum_over_time"] || found["count_over_time"]) {
		return false, fmt.Errorf("it mixes rates with numbers of events")
	}
	return perSecond, nil
}

// counted is the query for a counter's increase. The text is its selector.
func counted(selector string) (Query, error) {
	if err := selects(selector); err != nil {
		return Query{}, err
	}
	if allBuckets(selector) {
		return Query{}, fmt.Errorf("%s selects every bucket, each of which counts a request again: add the label le", strings.TrimSpace(selector))
	}
	return Query{Template: "sum(increase(" + strings.TrimSpace(selector) + "[" + placeholder + "]))", selector: strings.TrimSpace(selector)}, nil
}

// allBuckets reports whether a selector is of a histogram's buckets, and of no bound in particular.
func allBuckets(selector string) bool {
	name, bound := "", false
	expr, _ := promQL.ParseExpr(selector) // it was checked before
	for _, m := range expr.(*parser.VectorSelector).LabelMatchers {
		switch m.Name {
		case model.MetricNameLabel:
			name = m.Value
		case labels.BucketLabel:
			bound = true
		}
	}
	return strings.HasSuffix(name, "_bucket") && !bound
}

// selects checks that a text is nothing but a selector.
func selects(text string) error {
	expr, err := promQL.ParseExpr(text)
	if err != nil {
		return err
	}
	v, ok := expr.(*parser.VectorSelector)
	if !ok || v.OriginalOffset != 0 || v.Timestamp != nil || v.StartOrEnd != 0 {
		return fmt.Errorf("%q must be a metric with its labels, without functions: tacho adds increase and the windows", text)
	}
	return nil
}
