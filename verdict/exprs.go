package verdict

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tacho-go/tacho/schema"
)

// The recorded series. Package gen/rules names them; its incidents test that the names agree.
const (
	requests  = "tacho:http_requests:rate"
	quantiles = "tacho:http_request_duration_seconds:quantile"
	buckets   = "tacho:http_request_duration_seconds_bucket:rate"
)

var failedMatcher = `{status=~"` + schema.ErrorStatus + `"}`

const byRoute = "sum by (job, schema, method, path) "

// A route is one route of a job. A job that exports two schemas has each route twice, and they are
// merged.
type route struct{ job, method, path string }

// matching is a selector's braces with equality matchers: name, value, name, value, … A matcher on
// an empty value is left out.
func matching(pairs ...string) string {
	var all []string
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			all = append(all, pairs[i]+"="+strconv.Quote(pairs[i+1]))
		}
	}
	return "{" + strings.Join(all, ",") + "}"
}

// errorQuery is the error ratio of a route. It is 0, and not empty, without a failed request.
func errorQuery(r route, recordedAs string) string {
	all := requests + matching("job", r.job, "schema", recordedAs, "method", r.method, "path", r.path)
	failed := strings.TrimSuffix(all, "}") + `,status=~"` + schema.ErrorStatus + `"}`
	return "(sum(" + failed + ") or sum(" + all + ") * 0) / sum(" + all + ")"
}

func latencyQuery(r route, recordedAs string) string {
	return quantiles + matching("quantile", "0.95", "job", r.job, "schema", recordedAs, "method", r.method, "path", r.path)
}

// lowerQuery is another percentile of a route than the recorded ones.
func lowerQuery(f *Finding, recordedAs string, q float64) string {
	selected := buckets + matching("job", f.Job, "schema", recordedAs, "method", f.Method, "path", f.Path)
	return "histogram_quantile(" + strconv.FormatFloat(q, 'g', 4, 64) + ", sum by (le) (" + selected + "))"
}

// duration is a duration in PromQL.
func duration(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }
