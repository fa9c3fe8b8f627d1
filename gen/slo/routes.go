package slo

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/tacho-go/tacho/gen/rules"
	"github.com/tacho-go/tacho/schema"
)

// byRoute are the bad events of each route, from the rates that package rules records. It is "" for
// objectives of one route, and for those with labels that the rates do not have.
func (m measured) byRoute() string {
	h := m.HTTP
	if h == nil || h.Route != "" || len(h.Matchers) > 0 {
		return ""
	}
	w := windowText(m.coarse())
	sum := func(name string, more ...string) string {
		all := append([]string{"job=" + strconv.Quote(m.Service)}, more...)
		if h.Method != "" {
			all = append(all, "method="+strconv.Quote(h.Method))
		}
		return fmt.Sprintf("sum by (job, method, path) (avg_over_time(%s{%s}[%s]))", name, strings.Join(all, ","), w)
	}
	bad := sum(rules.Requests, `status=~"`+schema.ErrorStatus+`"`)
	if h.Below > 0 {
		bad = "(" + sum(rules.Buckets, `le="+Inf"`) + " - " + sum(rules.Buckets, le(big.NewRat(int64(h.Below), 1e9))) + ")"
	}
	return fmt.Sprintf("%s * %s > 0", bad, seconds(m.coarse()))
}
