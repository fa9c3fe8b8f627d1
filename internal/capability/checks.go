package capability

import (
	"context"
	"net/url"
	"regexp"
	"time"

	"github.com/tacho-go/tacho/schema"
)

// A check tries one feature.
type check struct {
	feature string
	run     func(context.Context, get) answer
}

// checks are the features that pages use and that some engine lacks.
var checks = []check{
	{"query_exemplars", implements("query_exemplars", url.Values{"query": {"up"}, "start": {"0"}, "end": {"1"}}, url.Values{"query": {"("}, "start": {"0"}, "end": {"1"}})},
	{"rules", implements("rules", url.Values{"type": {"record"}, "rule_name[]": {"none"}}, url.Values{"type": {"none"}})},
	{"metadata", shows("metadata", url.Values{"limit": {"1"}}, `"data"\s*:\s*\{\s*"`)},
	{"targets", shows("targets", url.Values{"state": {"active"}}, `"activeTargets"\s*:\s*\[\s*\{`)},
	{"format_query", shows("format_query", url.Values{"query": {"1"}}, "")},
	{"parse_query", shows("parse_query", url.Values{"query": {"1"}}, "")},
	{Native, native},
}

// implements checks that an endpoint accepts a valid request and rejects an invalid one. One that accepts
// everything is a placeholder, whose answer is always empty.
func implements(endpoint string, valid, invalid url.Values) func(context.Context, get) answer {
	return func(ctx context.Context, get get) answer {
		if a := accepts(get(ctx, endpoint, valid)); a != yes {
			return a
		}
		switch r := get(ctx, endpoint, invalid); {
		case r.rejected():
			return yes
		case r.accepted():
			return no
		}
		return unknown
	}
}

func accepts(r reply) answer {
	switch {
	case r.rejected():
		return no
	case r.accepted():
		return yes
	}
	return unknown
}

// shows checks that an endpoint responds with something that matches.
func shows(endpoint string, form url.Values, what string) func(context.Context, get) answer {
	wanted := regexp.MustCompile(what)
	return func(ctx context.Context, get get) answer {
		r := get(ctx, endpoint, form)
		if a := accepts(r); a != yes {
			return a
		}
		if !wanted.MatchString(r.body) {
			return no
		}
		return yes
	}
}

// native checks that the engine has functions of native histograms, and that it has not converted or dropped
// the buckets of the requests' durations: a query for them is then an empty success. Without such a metric,
// nothing is missing.
func native(ctx context.Context, get get) answer {
	now := time.Now().Unix()
	if _, a := vector(ctx, get, "histogram_count(vector(1))", now); a != yes {
		return a
	}
	name := schema.Default().Duration.Name
	parts, a := vector(ctx, get, part("native", name)+" or "+part("count", name+"_count")+" or "+
		part("classic", name+`_bucket{le!=""}`)+" or "+part("converted", name+`_bucket{vmrange!=""}`), now)
	if a != yes {
		return unknown
	}
	found := map[string]bool{}
	for _, p := range parts {
		found[p.labels["part"]] = true
	}
	if found["converted"] || found["count"] && !found["classic"] && !found["native"] {
		return no
	}
	return yes
}

// part counts the series of a selector, with their kind as a label.
func part(kind, selector string) string {
	return `label_replace(count(` + selector + `), "part", "` + kind + `", "", "")`
}
