package doctor

import (
	"fmt"
	"slices"
	"strings"
)

var unboundedMethod = check{
	id:         "unbounded-method",
	summary:    "A label contains unknown HTTP methods, so clients control its values.",
	severities: []Severity{Warning, Error},
	run:        findUnboundedMethods,
}

// registeredMethods are the methods of the IANA registry.
var registeredMethods = strings.Fields(`ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK MERGE
	MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PRI PROPFIND PROPPATCH PUT QUERY
	REBIND REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL`)

// standIns are the placeholders of libraries for unknown methods, or for all methods.
var standIns = strings.Fields("OTHER _OTHER UNKNOWN INVALID UNDEFINED NONE ANY ALL * - __OVERFLOW__ <INVALID> WEBSOCKET WS PURGE")

func findUnboundedMethods(e *examination) []Finding {
	var found []Finding
	reported := map[string]bool{}
	for _, f := range e.main.families {
		label := firstOf(f.labelNames(), methodLabels)
		if label == "" || reported[label] || !hasHTTPMethod(f.values(label)) {
			continue
		}
		unknown := unknownMethods(f.values(label))
		if len(unknown) < 2 {
			continue // a single one may be the service's own
		}
		reported[label], e.blamed[label] = true, true
		severity := Warning
		if len(unknown) >= manyIDs {
			severity = Error
		}
		found = append(found, Finding{
			Severity: severity, Title: fmt.Sprintf("The label %s contains any method that a client sends", label),
			Metric: f.name, Label: label, Evidence: few(unknown) + ", in " + f.name + ".",
			Fix: "Anyone can create series by inventing methods. Keep known methods and record OTHER for the rest, as tacho does.",
		})
	}
	return found
}

func unknownMethods(values map[string]int) []string {
	var unknown []string
	for v := range values {
		upper := strings.ToUpper(v)
		if !slices.Contains(registeredMethods, upper) && !slices.Contains(standIns, upper) {
			unknown = append(unknown, v)
		}
	}
	return unknown
}
