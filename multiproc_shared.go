package tacho

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/multiproc"
	"github.com/tacho-go/tacho/schema"
)

// A recipe is how a process exports what it counts: it stands in a cell, so that
// programs which do not have the service's Options can export it as well.
type recipe struct {
	What             string               `json:"what"`
	Schemas          []schema.Schema      `json:"schemas"`
	Namespace        string               `json:"namespace,omitempty"`
	ConstLabels      map[string]string    `json:"const_labels,omitempty"`
	Labels           []string             `json:"labels,omitempty"` // computed ones
	GroupBy          string               `json:"group_by,omitempty"`
	GroupStatus      bool                 `json:"group_status,omitempty"`
	StatusText       bool                 `json:"status_text,omitempty"`
	Buckets          []float64            `json:"buckets,omitempty"`
	RouteBuckets     map[string][]float64 `json:"route_buckets,omitempty"`
	SizeBuckets      []float64            `json:"size_buckets"`
	StreamBuckets    []float64            `json:"stream_buckets"`
	NativeHistograms bool                 `json:"native_histograms,omitempty"`
	Minimal          bool                 `json:"minimal,omitempty"`
	OmitHTTP         bool                 `json:"omit_http,omitempty"`
	Methods          []string             `json:"methods,omitempty"`
	SeriesLimit      int                  `json:"series_limit"`
	Wrapping         wrapping             `json:"wrapping,omitzero"` // by the registry
}

const recipes = "recipe"

func recipeOf(o Options) recipe {
	r := recipe{
		What: recipes, Schemas: o.allSchemas(), Namespace: o.Namespace, ConstLabels: o.constLabels(), GroupBy: o.GroupBy.Name,
		GroupStatus: o.GroupStatus, StatusText: o.StatusText, Buckets: o.Buckets, RouteBuckets: o.RouteBuckets,
		SizeBuckets: o.SizeBuckets, StreamBuckets: o.StreamBuckets, NativeHistograms: o.NativeHistograms,
		Minimal: o.Minimal, OmitHTTP: o.OmitHTTP, Methods: o.Methods, SeriesLimit: o.SeriesLimit,
		Wrapping: o.wrapped,
	}
	for _, l := range o.dynamicLabels() {
		r.Labels = append(r.Labels, l.Name)
	}
	return r
}

// options are those of a Meter that exports by the recipe, and counts nothing.
func (r recipe) options() Options {
	o := Options{
		Schema: r.Schemas[0], AlsoSchemas: r.Schemas[1:], Namespace: r.Namespace, ConstLabels: maps.Clone(r.ConstLabels),
		GroupStatus: r.GroupStatus, StatusText: r.StatusText, Buckets: r.Buckets, RouteBuckets: r.RouteBuckets,
		SizeBuckets: r.SizeBuckets, StreamBuckets: r.StreamBuckets, NativeHistograms: r.NativeHistograms,
		Minimal: r.Minimal, OmitHTTP: r.OmitHTTP, Methods: r.Methods, SeriesLimit: r.SeriesLimit,
		OmitRuntime: true, Multiproc: Multiproc{Off: true}, Logger: slog.New(slog.DiscardHandler), wrapped: r.Wrapping,
	}
	nothing := func(Request) string { return "" }
	for _, name := range r.Labels {
		o.Labels = append(o.Labels, Label{Name: name, Func: nothing})
	}
	if r.GroupBy != "" {
		o.GroupBy = Label{Name: r.GroupBy, Func: nothing}
	}
	return o
}

// writeRecipe puts the recipe where the cells are. It stays with them in the archive.
func (s *processes) writeRecipe(o Options) {
	text, err := json.Marshal(recipeOf(o))
	if err != nil {
		return // a schema of the user's own with values of its own: only its processes can export it
	}
	s.cells.Add(multiproc.CellKey{Text: string(text)}, 0, s.own.wall().UnixNano())
}

// Shared returns a gatherer of the HTTP metrics that processes with Options.Multiproc
// have counted in a directory, under the names and with the buckets that they say
// there. It counts nothing itself, need not know the service's Options, and may be
// made before the service begins. ConstLabels are added to every metric; a label of the
// same name that it has becomes exported_NAME, as when Prometheus scrapes.
//
// Everything else that the processes have is what a [multiproc.Reader] of the
// directory gives; [SharedWith] gives both.
func Shared(dir string, constLabels map[string]string) (prometheus.Gatherer, error) {
	reader, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: dir, ConstLabels: constLabels})
	if err != nil {
		return nil, err
	}
	g := &sharedGatherer{reader: reader}
	return prometheus.GathererFunc(func() (families []*dto.MetricFamily, _ error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		reader.Cells(func(cells []*multiproc.Cell) { families = g.gather(cells) })
		multiproc.AddLabels(families, constLabels)
		return families, nil
	}), nil
}

// SharedWith returns a gatherer of everything that a Reader gives and of the HTTP metrics
// that [Shared] gives of its directory. Each gathering reads the directory once.
func SharedWith(reader *multiproc.Reader) prometheus.Gatherer {
	g := &sharedGatherer{reader: reader}
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		return reader.GatherWith(g.gather)
	})
}

// A sharedGatherer makes HTTP metrics of cells by the recipe that stands among them.
type sharedGatherer struct {
	reader *multiproc.Reader

	mu      sync.Mutex
	present string          // the recipe
	bad     map[string]bool // those that cannot be followed
	meter   *Meter
	shown   *processes // which the meter shows
}

// gather makes the families of all cells.
func (g *sharedGatherer) gather(cells []*multiproc.Cell) []*dto.MetricFamily {
	g.follow(cells)
	if g.meter == nil {
		return nil
	}
	s := g.shown
	s.given = cells
	defer func() { s.given = nil }()
	return g.meter.core.gather()
}

// recipeStart is how recipes begin.
var recipeStart = fmt.Sprintf(`{"what":%q,`, recipes)

// follow makes a Meter by the newest recipe that can be followed. One that cannot is
// complained of once.
func (g *sharedGatherer) follow(cells []*multiproc.Cell) {
	for _, text := range recipesIn(cells) {
		switch {
		case text == g.present && g.meter != nil:
			return
		case g.bad[text]:
			continue
		}
		m, err := meterOf(text)
		if err == nil {
			g.use(m, text, cells)
			return
		}
		if g.bad == nil {
			g.bad = map[string]bool{}
		}
		g.bad[text] = true
		slog.Warn("tacho: processes share counts in a way that is not known here; update this program", "folder", g.reader.Dir(), "reason", err)
	}
	g.present, g.meter = "", nil
}

// recipesIn are the recipes that are there, the newest first.
func recipesIn(cells []*multiproc.Cell) (texts []string) {
	var found []*multiproc.Cell
	for _, c := range cells {
		if c.Seen && strings.HasPrefix(c.Text, recipeStart) {
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b *multiproc.Cell) int { return cmp.Compare(b.Created, a.Created) })
	for _, c := range found {
		texts = append(texts, c.Text)
	}
	return texts
}

// use makes a Meter show what the cells hold.
func (g *sharedGatherer) use(m *Meter, text string, cells []*multiproc.Cell) {
	g.present, g.meter = text, m
	c := m.core
	g.shown = &processes{own: c, reader: g.reader, whole: wholeOf(c), single: true}
	c.siblings = g.shown
	for _, cell := range cells {
		cell.Data = nil // another Meter's
	}
}

// meterOf makes a Meter by a recipe. The recipe comes from a file: what it says is checked.
func meterOf(text string) (*Meter, error) {
	var r recipe
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return nil, err
	}
	if len(r.Schemas) == 0 {
		return nil, errors.New("it names no schema")
	}
	return New(r.options())
}
