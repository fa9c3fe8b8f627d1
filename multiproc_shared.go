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

// The shared config defines how the processes of a service export their counts. It is stored in a
// cell, so that programs without the service's Options can export them as well. It is a JSON object
// with the shared columns of the table of options.

// sharedWhat identifies shared configs. Archives contain it, so it must not change.
const sharedWhat = "recipe"

// sharedStart is the beginning of every shared config.
var sharedStart = fmt.Sprintf(`{"what":%q,`, sharedWhat)

// sharedConfig returns the text of the shared config.
func sharedConfig(o Options) (string, error) {
	keys := []string{}
	for _, option := range optionTable {
		if option.shared.write == nil {
			continue
		}
		v := option.shared.write(&o, option.field(&o))
		if v == nil {
			continue
		}
		text, err := json.Marshal(v)
		if err != nil {
			return "", err
		}
		keys = append(keys, fmt.Sprintf("%q:%s", option.shared.key, text))
	}
	return sharedStart + strings.Join(keys, ",") + "}", nil
}

// sharedOptions returns the Options of a Meter that exports by a shared config and records nothing.
// New checks them.
func sharedOptions(text string) (Options, error) {
	o := Options{OmitRuntime: true, Multiproc: Multiproc{Off: true}, Logger: slog.New(slog.DiscardHandler)}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &keys); err != nil {
		return o, err
	}
	for _, option := range optionTable {
		written, there := keys[option.shared.key]
		if !there || option.shared.read == nil {
			continue
		}
		if err := option.shared.read(&o, option.field(&o), written); err != nil {
			return o, fmt.Errorf("%s: %w", option.shared.key, err)
		}
	}
	if o.Schema.Name == "" && len(o.Schema.Families()) == 0 {
		return o, errors.New("it names no schema")
	}
	return o, nil
}

// writeConfig stores the shared config with the cells. The archive keeps it with them.
func (s *processes) writeConfig(o Options) {
	text, err := sharedConfig(o)
	if err != nil {
		return // a user's schema with values of its own: only its processes can export it
	}
	s.cells.Add(multiproc.CellKey{Text: text}, 0, s.own.wall().UnixNano())
}

// Shared returns a gatherer of the HTTP metrics that processes with Options.Multiproc have counted
// in a directory, with the names and buckets of these processes. It records nothing itself, does
// not need the service's Options, and may be called before the service starts. ConstLabels are
// added to every metric; an existing label of the same name becomes exported_NAME, as when
// Prometheus scrapes.
//
// A [multiproc.Reader] of the directory returns all other metrics of the processes; [SharedWith]
// returns both.
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

// SharedWith returns a gatherer of a Reader's metrics and of the HTTP metrics that [Shared] returns
// for its directory. Each gathering reads the directory once.
func SharedWith(reader *multiproc.Reader) prometheus.Gatherer {
	g := &sharedGatherer{reader: reader}
	return prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		g.mu.Lock()
		defer g.mu.Unlock()
		return reader.GatherWith(g.gather)
	})
}

// A sharedGatherer makes HTTP metrics of cells with the shared config among them.
type sharedGatherer struct {
	reader *multiproc.Reader

	mu      sync.Mutex
	present string          // the shared config
	bad     map[string]bool // unusable shared configs
	meter   *Meter
	shown   *processes // shown by the meter
}

// gather returns the families of all cells.
func (g *sharedGatherer) gather(cells []*multiproc.Cell) []*dto.MetricFamily {
	g.use(cells)
	if g.meter == nil {
		return nil
	}
	s := g.shown
	s.given = cells
	defer func() { s.given = nil }()
	return g.meter.core.gather()
}

// use makes a Meter with the newest usable shared config. It logs each unusable one once.
func (g *sharedGatherer) use(cells []*multiproc.Cell) {
	for _, text := range configsIn(cells) {
		switch {
		case text == g.present && g.meter != nil:
			return
		case g.bad[text]:
			continue
		}
		m, err := meterOf(text)
		if err == nil {
			g.show(m, text, cells)
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

// configsIn returns the shared configs in the cells, newest first.
func configsIn(cells []*multiproc.Cell) (texts []string) {
	var found []*multiproc.Cell
	for _, c := range cells {
		if c.Seen && strings.HasPrefix(c.Text, sharedStart) {
			found = append(found, c)
		}
	}
	slices.SortStableFunc(found, func(a, b *multiproc.Cell) int { return cmp.Compare(b.Created, a.Created) })
	for _, c := range found {
		texts = append(texts, c.Text)
	}
	return texts
}

// show makes a Meter export the cells.
func (g *sharedGatherer) show(m *Meter, text string, cells []*multiproc.Cell) {
	g.present, g.meter = text, m
	c := m.core
	g.shown = &processes{own: c, reader: g.reader, merged: mergedState(c), single: true}
	c.siblings = g.shown
	for _, cell := range cells {
		cell.Data = nil // another Meter's
	}
}

// meterOf makes a Meter with a shared config. The text comes from a file, so New checks it.
func meterOf(text string) (*Meter, error) {
	o, err := sharedOptions(text)
	if err != nil {
		return nil, err
	}
	return New(o)
}
