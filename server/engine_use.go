package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"

	"github.com/tacho-go/tacho/internal/capability"
	"github.com/tacho-go/tacho/internal/relay"
	"github.com/tacho-go/tacho/verdict"
)

// Endpoints whose answers the engine has: of samples always, of rules and targets if the server has none
// of its own.
var (
	ofSamples = []string{"query", "query_range", "query_exemplars", "series", "labels", "metadata"}
	ofRules   = []string{"rules", "alerts", "alertmanagers"}
	ofTargets = []string{"targets", "targets/metadata"}
)

// isFar reports whether the engine has the answers of an endpoint.
func (s *Server) isFar(endpoint string) bool {
	switch {
	case slices.Contains(ofSamples, endpoint), strings.HasPrefix(endpoint, "label/"):
		return true
	case slices.Contains(ofRules, endpoint):
		c := s.current.Load()
		return len(c.builtin)+len(c.rules) == 0
	case slices.Contains(ofTargets, endpoint):
		jobs := s.current.Load().expanded.ScrapeConfigs
		return !slices.ContainsFunc(jobs, func(j *config.ScrapeConfig) bool { return j.JobName != selfJob })
	}
	return false
}

// source returns what the engine lacks of what this server leaves to it; nil without an engine.
func (s *Server) source() *verdict.Source {
	if s.far == nil {
		return nil
	}
	found := s.far.probe.Source()
	found.Lacks = slices.DeleteFunc(found.Lacks, func(feature string) bool { return feature != capability.Native && !s.isFar(feature) })
	return &found
}

// api serves Prometheus's API: the engine's answers where it has them, the server's own for the rest.
func (s *Server) api() http.Handler {
	own := http.StripPrefix("/api/v1", s.newAPI())
	if s.far == nil {
		return own
	}
	forward := s.far.relay.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := strings.TrimPrefix(r.URL.Path, "/")
		if !relay.Reads(path) || !relay.Takes(r.Method, path) || !s.isFar(strings.TrimPrefix(path, "api/v1/")) {
			own.ServeHTTP(w, r)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.far.timeout)
		defer cancel()
		forward.ServeHTTP(w, r.WithContext(ctx))
	})
}

// ruleQueries returns what evaluates the rules' expressions. With an engine, expressions that read only
// what rules of this server record are evaluated here: in the engine, these series are seconds late, and
// more so with each rule that reads another one's.
func (s *Server) ruleQueries() rules.QueryFunc {
	here := rules.EngineQueryFunc(s.engine, s.fanout)
	if s.far == nil {
		return here
	}
	return func(ctx context.Context, expr string, at time.Time) (promql.Vector, error) {
		if s.readsRecorded(expr) {
			return here(ctx, expr, at)
		}
		return s.far.queryFunc(ctx, expr, at)
	}
}

// readsRecorded reports whether an expression reads nothing but series that rules of this server record.
func (s *Server) readsRecorded(expr string) bool {
	e, err := s.parser.ParseExpr(expr)
	if err != nil {
		return false // the engine explains it
	}
	recorded := *s.recorded.Load()
	reads, only := false, true
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			reads, only = true, only && recorded[v.Name]
		}
		return nil
	})
	return reads && only
}

// recordedBy returns the names that rules record.
func recordedBy(groups []*rules.Group) map[string]bool {
	names := map[string]bool{}
	for _, g := range groups {
		for _, r := range g.Rules() {
			if r, ok := r.(*rules.RecordingRule); ok {
				names[r.Name()] = true
			}
		}
	}
	return names
}

// batches serves batches of queries, which an engine does not have.
func (s *Server) batches() http.HandlerFunc {
	if s.far == nil {
		return s.batch
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusNotFound, errors.New("the queries are answered by an engine, which has no batches: send each to /api/v1/query or /api/v1/query_range"))
	}
}
