package doctor

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
)

var unmatchedPaths = check{
	id:    "unmatched-paths",
	looks: "Requests that no route matched have series of their own: paths of scanners, paths with a query, paths that only ever answer 404.",
	gives: []Severity{Warning, Error},
	run:   findUnmatchedPaths,
}

// scannerPaths are what every public address is asked for.
var scannerPaths = regexp.MustCompile(`(?i)(\.php|\.env|/\.git|/wp-|\.aspx?|/cgi-bin|/phpmyadmin|/\.aws|/etc/passwd|\.\./|/actuator/env|/solr/admin|/boaform)`)

// manyNotFound is how many paths that never existed show that they all come in.
const manyNotFound = 5

func findUnmatchedPaths(e *examination) []Finding {
	var found []Finding
	told := map[string]bool{}
	for _, f := range e.main.families {
		label := firstOf(f.labelNames(), routeLabels)
		if label == "" || told[label] || !f.aboutHTTP() {
			continue
		}
		paths, why := f.unmatched(label)
		if len(paths) == 0 {
			continue
		}
		told[label], e.blamed[label] = true, true
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
		Severity: severity, Title: fmt.Sprintf("Paths that match no route are in the label %s", label),
		Metric: metric, Label: label,
		Evidence: fmt.Sprintf("%s: %s, in %s.", why, few(paths), metric),
		Cure: "Every scanner on the internet makes series. Label requests that the router did not match with one constant, " +
			"such as \"unmatched\", and count them: tacho does so by itself.",
	}
}

// unmatched returns the paths that cannot be routes, and how that is known.
func (f *family) unmatched(label string) (paths []string, why string) {
	served := f.served(label)
	for v := range f.values(label) {
		scanned := scannerPaths.MatchString(v) && !served[v]
		if scanned || strings.HasPrefix(v, "/") && strings.Contains(v, "?") {
			paths = append(paths, v)
		}
	}
	if len(paths) > 0 {
		return paths, "no route of a service"
	}
	if paths := f.onlyNotFound(label); len(paths) >= manyNotFound {
		return paths, "never anything but 404"
	}
	return nil, ""
}

// served are the paths that had an answer other than 4xx: a service in PHP has
// routes that look like a scanner's.
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

// onlyNotFound returns the plain paths that have no other status than 404. A
// template with placeholders is a route, whatever it answers.
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
