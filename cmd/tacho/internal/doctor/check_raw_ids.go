package doctor

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

var rawIDs = check{
	id:    "raw-ids",
	looks: "A label holds ids: numbers, UUIDs, hex, tokens, timestamps or e-mail addresses, each a series of its own for ever.",
	gives: []Severity{Warning, Error},
	run:   findRawIDs,
}

// manyIDs is where ids in a label are no beginning any more.
const manyIDs = 20

func findRawIDs(e *examination) []Finding {
	byLabel := map[string]*idSighting{}
	for _, f := range e.main.families {
		for _, label := range f.labelNames() {
			if kind, values := f.ids(label); len(values) > 0 {
				s := byLabel[label]
				if s == nil {
					s = &idSighting{label: label}
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

// An idSighting is a label with ids in it, over all metrics that have it.
type idSighting struct {
	label   string
	kind    idKind
	metrics []string
	values  []string // of the metric with most
}

func (s *idSighting) add(f *family, kind idKind, values []string) {
	s.metrics = append(s.metrics, f.name)
	if len(values) > len(s.values) {
		s.values, s.kind = values, kind
	}
}

func (s *idSighting) finding() Finding {
	severity := Warning
	if len(s.values) >= manyIDs || s.kind == addressID {
		severity = Error
	}
	return Finding{
		Severity: severity, Title: fmt.Sprintf("Raw ids in the label %s (%s)", s.label, s.kind),
		Metric: s.metrics[0], Label: s.label,
		Evidence: fmt.Sprintf("%s, in %s.", few(s.values), names(s.metrics)),
		Cure:     s.cure(),
	}
}

func (s *idSighting) cure() string {
	if slices.Contains(routeLabels, strings.ToLower(s.label)) {
		return "Every new id is a new series for ever. Label by the route's template, never by the URL: c.FullPath() in Gin, " +
			"r.Pattern in net/http, request.url_rule in Flask. tacho does so by itself."
	}
	return "Every new id is a new series for ever. Leave the label out; an id belongs in a log line, a trace or an exemplar."
}

// ids returns the values of a label that are ids, if there are enough of them
// to be sure.
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

// surest returns the largest group of values that differ in their ids alone
// and that are enough for their kind.
func surest(groups map[string][]string, kinds map[string]idKind, label string) (kind idKind, values []string) {
	for _, shape := range slices.Sorted(maps.Keys(groups)) {
		group := groups[shape]
		if len(group) >= enough(kinds[shape], label, group) && len(group) > len(values) {
			kind, values = kinds[shape], group
		}
	}
	return kind, values
}

// boundedNames are labels whose values look like ids and are few: parts of the
// machine or of the build, and codes.
var boundedNames = regexp.MustCompile(`^(.*version|revision|commit|.*sha(1|256)?|.*hash|.*digest|image|image_id|` +
	`status|.*code|.*status|cpu|core|.*port|.*shard.*|partition|generation|slot|index|level|size.*|mountpoint|device|disk|chip|` +
	`interval|duration|.*timeout|quantile|le|year)$`)

// personNames are labels that name one of endlessly many people or events.
var personNames = regexp.MustCompile(`(^|_)(user|uid|customer|account|order|session|token|trace|span|request|transaction|tx|email|mail|invoice|ticket|message|msg)(_?(id|uuid|no|number|key|address))?$`)

const never = 1 << 30

// enough says how many ids it takes to be sure. Numbers count many things that
// are few, hence the most is asked of them.
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

// enoughInPath: versions of an API (one digit) and pages for errors (a status)
// are numbers, too.
func enoughInPath(group []string) int {
	if slices.ContainsFunc(group, otherNumber.MatchString) {
		return 3
	}
	return 5
}

var otherNumber = regexp.MustCompile(`/(\d{2}|[06-9]\d{2}|\d{4,})(/|$)`)
