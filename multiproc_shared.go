package tacho

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/multiproc"
)

// The config that the processes of a service share is how they export what they
// count: it stands in a cell, so that programs which do not have the service's
// Options can export it as well. It is an object in JSON, with what the table of
// options shares.

const recipes = "recipe"

// recipeStart is how shared configs begin.
var recipeStart = fmt.Sprintf(`{"what":%q,`, recipes)

// sharedConfig is the text of the shared config.
func sharedConfig(o Options) (string, error) {
	keys := []string{}
	for _, row := range optionTable {
		if row.shared.write == nil {
			continue
		}
		v := row.shared.write(&o, row.field(&o))
		if v == nil {
			continue
		}
		text, err := json.Marshal(v)
		if err != nil {
			return "", err
		}
		keys = append(keys, fmt.Sprintf("%q:%s", row.shared.key, text))
	}
	return recipeStart + strings.Join(keys, ",") + "}", nil
}

// sharedOptions are those of a Meter that exports by a shared config, and counts
// nothing. New checks them.
func sharedOptions(text string) (Options, error) {
	o := Options{OmitRuntime: true, Multiproc: Multiproc{Off: true}, Logger: slog.New(slog.DiscardHandler)}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &keys); err != nil {
		return o, err
	}
	for _, row := range optionTable {
		written, there := keys[row.shared.key]
		if !there || row.shared.read == nil {
			continue
		}
		if err := row.shared.read(&o, row.field(&o), written); err != nil {
			return o, fmt.Errorf("%s: %w", row.shared.key, err)
		}
	}
	if o.Schema.Name == "" && len(o.Schema.Families()) == 0 {
		return o, errors.New("it names no schema")
	}
	return o, nil
}

// writeRecipe puts the recipe where the cells are. It stays with them in the archive.
func (s *processes) writeRecipe(o Options) {
	text, err := sharedConfig(o)
	if err != nil {
		return // a schema of the user's own with values of its own: only its processes can export it
	}
	s.cells.Add(multiproc.CellKey{Text: text}, 0, s.own.wall().UnixNano())
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
	o, err := sharedOptions(text)
	if err != nil {
		return nil, err
	}
	return New(o)
}
