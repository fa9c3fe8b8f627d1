package routes

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// A Route is an entry of a list of routes.
type Route struct {
	Template string   // such as /users/{id}, /users/<int:id> or /users/:id
	Methods  []string // that the list names; none means any
	Line     int      // in the list, 0 if it has no lines
}

// A Table finds the templates of paths. It is immutable, and safe for concurrent use.
type Table struct {
	root   node
	routes []Route
}

// A node is what can follow a part of a path.
type node struct {
	literals map[string]*node
	edges    []edge // by kind, the most specific one first
	rest     []leaf // templates whose last parameter matches the rest of the path
	ends     []leaf // templates that end here
}

type edge struct {
	segment
	to *node
}

// A leaf is a template, for its methods.
type leaf struct {
	template string
	methods  []string
}

// A Match is what a Table finds for a request.
type Match struct {
	Template string
	// Method reports whether the list names the method for the template. Many lists omit OPTIONS,
	// so that only the response tells whether the service serves it.
	Method bool
}

// NewTable returns the table of a list of routes. The error names every route that is not valid.
func NewTable(list []Route) (*Table, error) {
	t := &Table{routes: slices.Clone(list)}
	var wrong []string
	for _, r := range list {
		segments, err := parse(r.Template)
		if err != nil {
			wrong = append(wrong, describe(r, err))
			continue
		}
		t.root.add(segments, leaf{r.Template, r.Methods})
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(wrong, "\n"))
	}
	return t, nil
}

func describe(r Route, err error) string {
	if r.Line == 0 {
		return fmt.Sprintf("route %q: %v", r.Template, err)
	}
	return fmt.Sprintf("line %d: route %q: %v", r.Line, r.Template, err)
}

// Routes returns the list.
func (t *Table) Routes() []Route { return slices.Clone(t.routes) }

func (n *node) add(segments []segment, l leaf) {
	switch {
	case len(segments) == 0:
		n.ends = append(n.ends, l)
	case segments[0].kind == rest:
		n.rest = append(n.rest, l)
	default:
		n.child(segments[0]).add(segments[1:], l)
	}
}

func (n *node) child(s segment) *node {
	if s.kind == literal {
		if n.literals == nil {
			n.literals = map[string]*node{}
		}
		if n.literals[s.text] == nil {
			n.literals[s.text] = &node{}
		}
		return n.literals[s.text]
	}
	for _, e := range n.edges {
		if e.kind == s.kind && e.text == s.text {
			return e.to
		}
	}
	to := &node{}
	n.edges = append(n.edges, edge{s, to})
	slices.SortStableFunc(n.edges, func(a, b edge) int { return int(a.kind - b.kind) })
	return to
}

// Match returns the template of a path, decoded as in URL.Path, and whether there is one. Literals
// take precedence over parameters, and narrow parameters over wide ones. A template for the method
// takes precedence over one for other methods. It allocates nothing.
func (t *Table) Match(method, path string) (Match, bool) {
	if !strings.HasPrefix(path, "/") {
		return Match{}, false
	}
	var m Match
	t.root.match(method, path[1:], &m)
	return m, m.Template != ""
}

// match looks for the rest of a path below n, and reports whether the search is over.
func (n *node) match(method, path string, m *Match) bool {
	text, after, more := strings.Cut(path, "/")
	if to := n.literals[text]; to != nil && to.follow(method, after, more, m) {
		return true
	}
	for _, e := range n.edges {
		if e.matches(text) && e.to.follow(method, after, more, m) {
			return true
		}
	}
	return path != "" && take(n.rest, method, m)
}

func (n *node) follow(method, after string, more bool, m *Match) bool {
	if more {
		return n.match(method, after, m)
	}
	return take(n.ends, method, m)
}

// take puts a leaf in m, and reports whether it is for the method. One that is not is the answer
// only if there is no other.
func take(leaves []leaf, method string, m *Match) bool {
	for _, l := range leaves {
		if l.serves(method) {
			*m = Match{l.template, true}
			return true
		}
		if m.Template == "" {
			*m = Match{Template: l.template}
		}
	}
	return false
}

// serves reports whether a leaf is for a method. Lists name GET for GET and HEAD.
func (l leaf) serves(method string) bool {
	if method == http.MethodHead {
		return len(l.methods) == 0 || slices.Contains(l.methods, method) || slices.Contains(l.methods, http.MethodGet)
	}
	return len(l.methods) == 0 || slices.Contains(l.methods, method)
}
