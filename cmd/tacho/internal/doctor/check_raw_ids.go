package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tacho-go/tacho/internal/lazyregexp"
)

var rawIDs = check{
	id:         "raw-ids",
	summary:    "Label values are IDs: numbers, UUIDs, hex, tokens, timestamps or e-mail addresses. Each creates a new series.",
	severities: []Severity{Warning, Error},
	run:        findRawIDs,
}

// manyIDs is the number of IDs in a label above which it is an error.
const manyIDs = 20

func findRawIDs(e *examination) []Finding {
	byLabel := map[string]*idLabel{}
	for _, f := range e.main.families {
		for _, label := range f.labelNames() {
			if kind, values := f.ids(label); len(values) > 0 {
				s := byLabel[label]
				if s == nil {
					s = &idLabel{label: label}
					byLabel[label] = s
				}
				s.add(f, kind, values)
			}
		}
	}
	var found []Finding
	for _, label := range slices.Sorted(maps.Keys(byLabel)) {
		e.blamed[label] = true
		found = append(found, byLabel[label].finding())
	}
	return found
}

// An idLabel is a label with IDs, over all its metrics.
type idLabel struct {
	label   string
	kind    idKind
	metrics []string
	values  []string // of the metric with the most values
}

func (s *idLabel) add(f *family, kind idKind, values []string) {
	s.metrics = append(s.metrics, f.name)
	if len(values) > len(s.values) {
		s.values, s.kind = values, kind
	}
}

func (s *idLabel) finding() Finding {
	severity := Warning
	if len(s.values) >= manyIDs || s.kind == addressID {
		severity = Error
	}
	return Finding{
		Severity: severity, Title: fmt.Sprintf("Raw IDs in the label %s (%s)", s.label, s.kind),
		Metric: s.metrics[0], Label: s.label,
		Evidence: fmt.Sprintf("%s, in %s.", few(s.values), names(s.metrics)),
		Fix:      s.fix(),
	}
}

func (s *idLabel) fix() string {
	if slices.Contains(routeLabels, strings.ToLower(s.label)) {
		return "Every new ID creates a new series. Label by the route template, never by the URL: c.FullPath() in Gin, " +
			"r.Pattern in net/http, request.url_rule in Flask. tacho does this automatically."
	}
	return "Every new ID creates a new series. Remove the label; IDs belong in log lines, traces or exemplars."
}

// ids returns the values of a label that are IDs, if there are enough of them.
func (f *family) ids(label string) (idKind, []string) {
	if f.isInfo() || boundedNames.MatchString(strings.ToLower(label)) {
		return noID, nil
	}
	groups := map[string][]string{}
	kinds := map[string]idKind{}
	for v := range f.values(label) {
		if shape, kind := pathShape(v); kind != noID {
			groups[shape] = append(groups[shape], v)
			kinds[shape] = kind
		}
	}
	return surest(groups, kinds, label)
}

// surest returns the largest sufficient group of values that differ only in their IDs.
func surest(groups map[string][]string, kinds map[string]idKind, label string) (kind idKind, values []string) {
	for _, shape := range slices.Sorted(maps.Keys(groups)) {
		group := groups[shape]
		if len(group) >= enough(kinds[shape], label, group) && len(group) > len(values) {
			kind, values = kinds[shape], group
		}
	}
	return kind, values
}

// boundedNames are labels with few values that look like IDs: parts of the machine or the
// build, and codes.
var boundedNames = lazyregexp.New(`^(.*version|revision|commit|.*sha(1|256)?|.*hash|.*digest|image|image_id|` +
	`status|.*code|.*status|cpu|core|.*port|.*shard.*|partition|generation|slot|index|level|size.*|mountpoint|device|disk|chip|` +
	`interval|duration|.*timeout|quantile|le|year)$`)

// personNames are labels that identify people or events.
var personNames = lazyregexp.New(`(^|_)(user|uid|customer|account|order|session|token|trace|span|request|transaction|tx|email|mail|invoice|ticket|message|msg)(_?(id|uuid|no|number|key|address))?$`)

const never = 1 << 30

// enough returns the number of IDs required for a finding. It is highest for numbers,
// because many bounded labels are numeric.
func enough(kind idKind, label string, group []string) int {
	label = strings.ToLower(label)
	inPath := strings.Contains(group[0], "/")
	switch {
	case kind == addressID:
		return 1
	case kind == uuidID || kind == tokenID:
		return 2
	case kind == numberID && inPath && slices.Contains(routeLabels, label):
		return enoughInPath(group)
	case kind == numberID && inPath:
		return never
	case kind == numberID && personNames.MatchString(label):
		return 3
	case kind == numberID && len(group[0]) >= 5:
		return 10
	case kind == numberID && (label == "id" || strings.HasSuffix(label, "_id")):
		return manyIDs
	case kind == numberID:
		return never
	}
	return 3
}

// enoughInPath requires more numbers if they may be API versions (one digit) or error
// pages (a status).
func enoughInPath(group []string) int {
	if slices.ContainsFunc(group, otherNumber.MatchString) {
		return 3
	}
	return 5
}

var otherNumber = lazyregexp.New(`/(\d{2}|[06-9]\d{2}|\d{4,})(/|$)`)
