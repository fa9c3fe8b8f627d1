package tacho

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
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
	What             cellKind             `json:"what"`
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

const recipes cellKind = "recipe"

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
func (r recipe) options(more map[string]string) Options {
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
	if len(more) > 0 && o.ConstLabels == nil {
		o.ConstLabels = map[string]string{}
	}
	maps.Copy(o.ConstLabels, more)
	return o
}

// writeRecipe puts the recipe where the cells are. It stays with them in the archive.
func (s *siblings) writeRecipe(o Options) {
	text, err := json.Marshal(recipeOf(o))
	if err != nil {
		return // a schema of the user's own with values of its own: only its processes can export it
	}
	s.cells.Add(multiproc.CellKey{Text: string(text)}, 0, s.own.wall().UnixNano())
}

// Shared returns a gatherer of the HTTP metrics that processes with Options.Multiproc
// have counted in a directory, under the names and with the buckets that they say
// there. It counts nothing itself, need not know the service's Options, and may be
// made before the service begins. ConstLabels are added to every metric.
//
// Everything else that the processes have is what a [multiproc.Reader] of the
// directory gives.
func Shared(dir string, constLabels map[string]string) (prometheus.Gatherer, error) {
	reader, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: dir})
	if err != nil {
		return nil, err
	}
	return &sharedGatherer{reader: reader, labels: constLabels}, nil
}

type sharedGatherer struct {
	reader *multiproc.Reader
	labels map[string]string

	mu      sync.Mutex
	present string // the recipe
	meter   *Meter
}

// Gather implements prometheus.Gatherer.
func (g *sharedGatherer) Gather() ([]*dto.MetricFamily, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if newest := g.newest(); newest != g.present {
		g.follow(newest)
	}
	if g.meter == nil {
		return nil, nil
	}
	return g.meter.families.gather(g.meter), nil
}

// recipeStart is how recipes begin.
var recipeStart = fmt.Sprintf(`{"what":%q,`, recipes)

// newest is the newest recipe.
func (g *sharedGatherer) newest() (text string) {
	at := int64(0)
	g.reader.Cells(func(cells []*multiproc.Cell) {
		for _, c := range cells {
			if c.Seen && c.Created > at && strings.HasPrefix(c.Text, recipeStart) {
				text, at = c.Text, c.Created
			}
		}
	})
	return text
}

// follow makes a Meter by a recipe. One that cannot be followed is complained of
// once.
func (g *sharedGatherer) follow(text string) {
	g.present, g.meter = text, nil
	var r recipe
	err := json.Unmarshal([]byte(text), &r)
	if err == nil && len(r.Schemas) == 0 {
		err = errors.New("it names no schema")
	}
	if err == nil {
		g.meter, err = New(r.options(g.labels))
	}
	if err != nil {
		g.meter = nil
		slog.Warn("tacho: processes share counts in a way that is not known here; update this program", "folder", g.reader.Dir(), "reason", err)
		return
	}
	c := g.meter.core
	c.siblings = &siblings{own: c, reader: g.reader, whole: wholeOf(c), single: true}
	g.reader.Cells(func(cells []*multiproc.Cell) {
		for _, cell := range cells {
			cell.Data = nil // another Meter's
		}
	})
}
