package doctor

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/tacho-go/tacho/internal/lazyregexp"
)

var unmatchedPaths = check{
	id:         "unmatched-paths",
	summary:    "Requests without a matching route create series: scanner paths, paths with a query, paths that only return 404.",
	severities: []Severity{Warning, Error},
	run:        findUnmatchedPaths,
}

// scannerPaths are paths that scanners request from every public address.
var scannerPaths = lazyregexp.New(`(?i)(\.php|\.env|/\.git|/wp-|\.aspx?|/cgi-bin|/phpmyadmin|/\.aws|/etc/passwd|\.\./|/actuator/env|/solr/admin|/boaform)`)

// manyNotFound is the number of 404-only paths required for a finding.
const manyNotFound = 5

func findUnmatchedPaths(e *examination) []Finding {
	var found []Finding
	reported := map[string]bool{}
	for _, f := range e.main.families {
		label := firstOf(f.labelNames(), routeLabels)
		if label == "" || reported[label] || !f.aboutHTTP() {
			continue
		}
		paths, why := f.unmatched(label)
		if len(paths) == 0 {
			continue
		}
		reported[label], e.blamed[label] = true, true
		found = append(found, unmatchedFinding(f.name, label, paths, why))
	}
	return found
}

func unmatchedFinding(metric, label string, paths []string, why string) Finding {
	severity := Warning
	if len(paths) >= manyIDs {
		severity = Error
	}
	return Finding{
		Severity: severity, Title: fmt.Sprintf("The label %s contains paths without a route", label),
		Metric: metric, Label: label,
		Evidence: fmt.Sprintf("%s: %s, in %s.", why, few(paths), metric),
		Fix: "Every scanner on the internet creates series. Label unmatched requests with one constant, such as \"unmatched\", and " +
			"count them; tacho does this automatically.",
	}
}

// unmatched returns the paths that cannot be routes, and the reason.
func (f *family) unmatched(label string) (paths []string, why string) {
	served := f.served(label)
	for v := range f.values(label) {
		scanned := scannerPaths.MatchString(v) && !served[v]
		if scanned || strings.HasPrefix(v, "/") && strings.Contains(v, "?") {
			paths = append(paths, v)
		}
	}
	if len(paths) > 0 {
		return paths, "not a route"
	}
	if paths := f.onlyNotFound(label); len(paths) >= manyNotFound {
		return paths, "only 404 responses"
	}
	return nil, ""
}

// served returns the paths with a response other than 4xx: routes of a PHP service look
// like scanner paths.
func (f *family) served(label string) map[string]bool {
	served := map[string]bool{}
	status := firstOf(f.labelNames(), statusLabels)
	for _, set := range f.sets() {
		code := set.Get(status)
		if status != "" && !strings.HasPrefix(code, "4") && !strings.EqualFold(code, http.StatusText(http.StatusNotFound)) {
			served[set.Get(label)] = true
		}
	}
	return served
}

// onlyNotFound returns the paths without placeholders that have no other status than
// 404. A template with placeholders is a route, whatever its statuses.
func (f *family) onlyNotFound(label string) []string {
	status := firstOf(f.labelNames(), statusLabels)
	if status == "" {
		return nil
	}
	other, missing := map[string]bool{}, map[string]bool{}
	for _, set := range f.sets() {
		path := set.Get(label)
		if set.Get(status) == "404" {
			missing[path] = true
		} else {
			other[path] = true
		}
	}
	var paths []string
	for path := range missing {
		if strings.HasPrefix(path, "/") && !other[path] && !strings.ContainsAny(path, "{}<>*:") {
			paths = append(paths, path)
		}
	}
	return paths
}
