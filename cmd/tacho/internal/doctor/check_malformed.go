package doctor

import (
	"fmt"
	"strconv"
)

var malformed = check{
	id:         "malformed",
	summary:    "Prometheus cannot parse the response and drops all of it.",
	severities: []Severity{Error},
	run:        findMalformed,
}

func findMalformed(e *examination) []Finding {
	var found []Finding
	reported := map[string]bool{}
	for _, x := range []*exposition{e.main, e.proto, e.text} {
		if x == nil || x.parseError == nil || reported[x.format] {
			continue
		}
		reported[x.format] = true
		found = append(found, Finding{
			Severity: Error, Title: "The " + x.format + " response is malformed: Prometheus drops all of it",
			Evidence: x.parseError.String(),
			Fix:      "Use a client library to write the format. If you already do, a label value, a help text or a metric name contains bytes that should have been escaped or rejected.",
		})
	}
	return found
}

func (e *lineError) String() string {
	cause := shorten(e.Err.Error(), 200)
	if e.Line == 0 {
		return cause + "."
	}
	if e.Text == "" {
		return fmt.Sprintf("line %d: %s.", e.Line, cause)
	}
	return fmt.Sprintf("line %d, %s: %s.", e.Line, strconv.Quote(shorten(e.Text, 80)), cause)
}
