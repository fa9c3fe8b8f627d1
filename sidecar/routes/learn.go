package routes

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// A Learner finds templates in the paths of requests that were served. Segments that look like an
// identifier become {id}: numbers, UUIDs, hashes, dates, e-mail addresses and long tokens. If a
// place of the path has too many different values, all of them become {id}.
//
// It is the last resort: a name that looks like a word, such as a user's, becomes {id} only after
// many of them were seen. It is safe for concurrent use.
type Learner struct {
	limits LearnerLimits

	mu      sync.RWMutex
	root    learned
	count   int // of templates
	changed bool
}

// LearnerLimits bound what a Learner remembers. Zero values mean the defaults.
type LearnerLimits struct {
	// Templates is the maximum number of templates, 500 by default. Further ones are recorded as
	// Overflow.
	Templates int
	// Children is how many values a place of the path may have before they become {id}: 50 by
	// default. The first place of a path may have four times as many.
	Children int
}

// Overflow stands for the templates beyond LearnerLimits.Templates.
const Overflow = "__overflow__"

const (
	defaultTemplates = 500
	defaultChildren  = 50
	rootFactor       = 4
	maxDepth         = 12   // segments beyond it become {rest...}
	maxPath          = 2048 // bytes of a path that is learned
)

// The parameters in learned templates.
const (
	idParameter   = "{id}"
	restParameter = "{rest...}"
)

// learned is a place in the learned paths.
type learned struct {
	children map[string]*learned // by text, or idParameter
	template string              // if a path that ends here was served
	merged   bool                // every text is an id here
}

// NewLearner returns a Learner without templates.
func NewLearner(limits LearnerLimits) *Learner {
	if limits.Templates <= 0 {
		limits.Templates = defaultTemplates
	}
	if limits.Children <= 0 {
		limits.Children = defaultChildren
	}
	return &Learner{limits: limits}
}

// Find returns the template of a path, and whether a request for it was served before.
func (l *Learner) Find(path string) (template string, known bool) {
	if !strings.HasPrefix(path, "/") {
		return "", false
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	n := &l.root
	for depth, text := range segmentsOf(path) {
		if n = n.children[n.key(depth, text)]; n == nil {
			return "", false
		}
		if depth == maxDepth {
			break
		}
	}
	return n.template, n.template != ""
}

// Learn returns the template of a path for which a request was served, and remembers it.
func (l *Learner) Learn(path string) string {
	if template, known := l.Find(path); known {
		return template
	}
	if !strings.HasPrefix(path, "/") || len(path) > maxPath {
		return Overflow
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count >= l.limits.Templates {
		return Overflow
	}
	l.insert(path)
	return l.templateOf(path)
}

// segmentsOf yields the segments of a path with their number from 0 on.
func segmentsOf(path string) func(func(int, string) bool) {
	return func(yield func(int, string) bool) {
		depth := 0
		for text := range strings.SplitSeq(path[1:], "/") {
			if !yield(depth, text) {
				return
			}
			depth++
		}
	}
}

// key returns the key of a text among the children of n.
func (n *learned) key(depth int, text string) string {
	switch {
	case depth >= maxDepth:
		return restParameter
	case n.children[text] != nil && !n.merged:
		return text
	case looksLikeID(text) || n.merged && text != "":
		return idParameter
	}
	return text
}

func (l *Learner) insert(path string) {
	n, template := &l.root, ""
	for depth, text := range segmentsOf(path) {
		key := n.key(depth, text)
		template += "/" + key
		n = n.grow(key)
		if depth == maxDepth {
			break
		}
	}
	if n.template == "" {
		n.template = template
		l.count++
		l.changed = true
	}
	l.mergeWide(&l.root, "", l.limits.Children*rootFactor)
}

func (n *learned) grow(key string) *learned {
	if n.children == nil {
		n.children = map[string]*learned{}
	}
	if n.children[key] == nil {
		n.children[key] = &learned{}
	}
	return n.children[key]
}

// mergeWide merges the children of every place that has too many of them.
func (l *Learner) mergeWide(n *learned, prefix string, most int) {
	if len(n.children) > most {
		n.mergeChildren(prefix)
		l.count = l.root.countTemplates()
	}
	for key, child := range n.children {
		l.mergeWide(child, prefix+"/"+key, l.limits.Children)
	}
}

// mergeChildren makes one {id} of all children. The empty text, of a path that ends in a slash,
// remains.
func (n *learned) mergeChildren(prefix string) {
	all := n.children
	n.children, n.merged = map[string]*learned{}, true
	for key, child := range all {
		if key == "" || key == restParameter {
			n.children[key] = child
			continue
		}
		n.grow(idParameter).absorb(child, prefix+"/"+idParameter)
	}
}

// absorb adds what another place has to n, whose template would be this one.
func (n *learned) absorb(from *learned, template string) {
	if from.template != "" {
		n.template = template
	}
	n.merged = n.merged || from.merged
	for key, child := range from.children {
		n.grow(key).absorb(child, template+"/"+key)
	}
}

func (n *learned) countTemplates() (count int) {
	if n.template != "" {
		count = 1
	}
	for _, child := range n.children {
		count += child.countTemplates()
	}
	return count
}

func (l *Learner) templateOf(path string) string {
	n := &l.root
	for depth, text := range segmentsOf(path) {
		n = n.children[n.key(depth, text)]
		if depth == maxDepth {
			break
		}
	}
	return n.template
}

// Templates returns the templates that were learned, in alphabetical order.
func (l *Learner) Templates() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	templates := []string{}
	l.root.walk("", func(_ string, n *learned) {
		if n.template != "" {
			templates = append(templates, n.template)
		}
	})
	slices.Sort(templates)
	return templates
}

func (n *learned) walk(prefix string, visit func(prefix string, n *learned)) {
	visit(prefix, n)
	for key, child := range n.children {
		child.walk(prefix+"/"+key, visit)
	}
}

// learnedState is what MarshalJSON writes.
type learnedState struct {
	Templates []string `json:"templates"`
	Merged    []string `json:"merged"` // places at which every text is an id
}

// MarshalJSON returns what was learned. A Learner with it gives the same templates after a restart.
func (l *Learner) MarshalJSON() ([]byte, error) {
	s := learnedState{Templates: l.Templates(), Merged: []string{}}
	l.mu.RLock()
	defer l.mu.RUnlock()
	l.root.walk("", func(prefix string, n *learned) {
		if n.merged {
			s.Merged = append(s.Merged, prefix)
		}
	})
	slices.Sort(s.Merged)
	return json.Marshal(s)
}

// UnmarshalJSON restores what MarshalJSON returned. It replaces what the Learner knew.
func (l *Learner) UnmarshalJSON(text []byte) error {
	var s learnedState
	if err := json.Unmarshal(text, &s); err != nil {
		return err
	}
	for _, template := range append(slices.Clone(s.Templates), s.Merged...) {
		if template != "" && !strings.HasPrefix(template, "/") {
			return fmt.Errorf("the template %q does not begin with /", template)
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.root, l.count, l.changed = learned{}, 0, false
	for _, template := range s.Templates[:min(len(s.Templates), l.limits.Templates)] {
		l.root.at(template).template = template
	}
	for _, place := range s.Merged {
		l.root.at(place).merged = true
	}
	l.count = l.root.countTemplates()
	return nil
}

// at returns the place of a prefix, whose keys are those of the map.
func (n *learned) at(prefix string) *learned {
	if prefix == "" {
		return n
	}
	for _, key := range segmentsOf(prefix) {
		n = n.grow(key)
	}
	return n
}

// TakeChanged reports whether templates were added since the last call.
func (l *Learner) TakeChanged() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	changed := l.changed
	l.changed = false
	return changed
}
