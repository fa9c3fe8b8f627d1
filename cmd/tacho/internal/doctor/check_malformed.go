package doctor

import (
	"fmt"
	"strconv"
)

var malformed = check{
	id:    "malformed",
	looks: "Prometheus cannot parse the answer and drops all of it.",
	gives: []Severity{Error},
	run:   findMalformed,
}

func findMalformed(e *examination) []Finding {
	var found []Finding
	told := map[string]bool{}
	for _, x := range []*exposition{e.main, e.proto, e.text} {
		if x == nil || x.parseError == nil || told[x.format] {
			continue
		}
		told[x.format] = true
		found = append(found, Finding{
			Severity: Error, Title: "The " + x.format + " answer is malformed: Prometheus drops all of it",
			Evidence: x.parseError.String(),
			Cure:     "Let a client library write the format. If it does, a label value, a help text or a metric name holds bytes that it should have escaped or refused.",
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
