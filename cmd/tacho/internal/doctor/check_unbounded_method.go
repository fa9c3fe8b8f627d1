package doctor

import (
	"fmt"
	"slices"
	"strings"
)

var unboundedMethod = check{
	id:    "unbounded-method",
	looks: "A label holds HTTP methods that do not exist, hence anything that a client sends.",
	gives: []Severity{Warning, Error},
	run:   findUnboundedMethods,
}

// registeredMethods are those of the IANA registry.
var registeredMethods = strings.Fields(`ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK MERGE
	MKACTIVITY MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PRI PROPFIND PROPPATCH PUT QUERY
	REBIND REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL`)

// standIns are what libraries write for a method that they do not know, or for
// all of them.
var standIns = strings.Fields("OTHER _OTHER UNKNOWN INVALID UNDEFINED NONE ANY ALL * - __OVERFLOW__ <INVALID> WEBSOCKET WS PURGE")

func findUnboundedMethods(e *examination) []Finding {
	var found []Finding
	told := map[string]bool{}
	for _, f := range e.main.families {
		label := firstOf(f.labelNames(), methodLabels)
		if label == "" || told[label] || !hasHTTPMethod(f.values(label)) {
			continue
		}
		strange := strangeMethods(f.values(label))
		if len(strange) < 2 {
			continue // one may be a method of the service's own
		}
		told[label], e.blamed[label] = true, true
		severity := Warning
		if len(strange) >= manyIDs {
			severity = Error
		}
		found = append(found, Finding{
			Severity: severity, Title: fmt.Sprintf("The label %s holds whatever method a client sends", label),
			Metric: f.name, Label: label, Evidence: few(strange) + ", in " + f.name + ".",
			Cure: "Anybody can make series by inventing methods. Keep the known ones and write OTHER for the rest, as tacho does.",
		})
	}
	return found
}

func strangeMethods(values map[string]int) []string {
	var strange []string
	for v := range values {
		upper := strings.ToUpper(v)
		if !slices.Contains(registeredMethods, upper) && !slices.Contains(standIns, upper) {
			strange = append(strange, v)
		}
	}
	return strange
}
