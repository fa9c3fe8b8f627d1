package demo

import (
	"fmt"
	"math"
	"net/http"
	"os"
	"time"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/server"
)

const (
	historySpan = 6 * time.Hour
	historyStep = 30 * time.Second

	// Towards its end the past grows as dense as the present's scrapes: a step
	// is at most this part of what is left. Where steps change abruptly, rate()
	// sees too little for as long as its window.
	denser = 30

	// seededMetric is 1 exactly as long as the past is made up, so that a page
	// can mark it on every chart.
	seededMetric = "tacho_demo_seeded"
)

// WriteHistory writes the six hours before now into a TSDB's folder, as a block
// that ends just before now: what the shop's instances would have exported, and
// what the recording rules would have made of it. Call it before the TSDB opens
// the folder. A folder that holds data already is refused, since samples that
// overlap others would be nonsense.
//
// The counters begin anew when the live instances do, as after a restart.
func (d *Demo) WriteHistory(dir string) error {
	if err := expectNoData(dir); err != nil {
		return err
	}
	// In the past, whatever the clock does in the milliseconds to the first
	// scrape: a TSDB takes no sample that is older than its newest block.
	end := d.opts.Now().Add(-time.Second)
	p := newPast(d.opts.Rate, d.dice(4), end)
	p.fill()
	p.derive()
	if err := server.WriteBlock(dir, p.blocks()); err != nil {
		return fmt.Errorf("demo: the history: %w", err)
	}
	return nil
}

func expectNoData(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			return fmt.Errorf("demo: %s holds data already (%s); give the history an empty folder, or leave it out", dir, e.Name())
		}
	}
	return nil
}

// pastIncident is what the heatmap and the error budget have to tell: a small
// incident that was over two and a half hours ago.
var pastIncident = struct {
	began, ended time.Duration // ago
	faults       []Fault
}{
	began: 156 * time.Minute, ended: 150 * time.Minute,
	faults: []Fault{
		{Instance: "b", Method: http.MethodGet, Path: apiPath, Slower: 250 * time.Millisecond},
		{Method: http.MethodGet, Path: secondPath, Fails: .3},
		{Method: http.MethodPost, Path: ordersPath, Slower: 200 * time.Millisecond, Fails: .1},
	},
}

func faultsAgo(ago time.Duration) []Fault {
	if ago <= pastIncident.began && ago > pastIncident.ended {
		return pastIncident.faults
	}
	return nil
}

// A past is six hours in the making, step by step.
type past struct {
	rate float64
	dice *dice
	end  time.Time

	// The slow part of chance, around 0, and what of it is felt.
	wander, drift float64

	series []*series
	times  []int64 // of the raw series' samples, in milliseconds
	ruled  []int64 // of the recorded series', every historyStep or a little more

	cells    []*cell
	inFlight map[string]*series // by instance
	sold     map[sale]*total
	fixed    []fixed
	recorded []*recorded
	flight   *series // the recorded requests in flight
}

// A sale is what is sold where.
type sale struct{ instance, kind string }

// A cell is one instance's route and status: what tacho has a label set for.
type cell struct {
	instance   string
	route      route
	status     int
	requests   total
	buckets    []total // cumulative over the bounds, +Inf last
	sum, count total
	rate       *recorded // over all instances
	latency    *latency  // over all instances and statuses
}

// A latency is what the recording rules make of a route's histograms.
type latency struct {
	buckets []*recorded
	sum     *recorded
}

// A recorded series is a rate: how much was added since its last sample.
type recorded struct {
	*series
	added float64
}

func (r *recorded) add(n float64) { r.added += n }

func (r *recorded) record(since time.Duration) {
	r.push(r.added / since.Seconds())
	r.added = 0
}

// A fixed series has the same value all the time.
type fixed struct {
	*series
	value float64
}

// A total is a counter. It keeps fractions to itself: its samples are whole
// numbers unless it is a sum of seconds.
type total struct {
	*series
	value float64
}

// add grows the counter and returns by how much its sample has grown.
func (t *total) add(n float64) float64 {
	before := math.Floor(t.value)
	t.value += n
	t.push(math.Floor(t.value))
	return math.Floor(t.value) - before
}

// addSeconds is add for sums, which have fractions.
func (t *total) addSeconds(s float64) float64 {
	t.value += s
	t.push(t.value)
	return s
}

// fill makes all samples.
func (p *past) fill() {
	step := historyStep
	since := time.Duration(0) // the last samples of the recorded series
	for ago := historySpan; ago >= 0; ago -= step {
		p.step(ago, step)
		if since += step; since >= historyStep {
			p.rule(ago, since)
			since = 0
		}
		step = min(historyStep, max(time.Second, (ago/denser).Truncate(time.Second)))
	}
}

// step makes one sample of every raw series: what happened since the last.
func (p *past) step(ago, step time.Duration) {
	p.times = append(p.times, p.end.Add(-ago).UnixMilli())
	pull := step.Seconds() / 1000
	p.wander += -pull*p.wander + .12*math.Sqrt(2*pull)*p.dice.normal()
	p.drift = p.wander * min(1, ago.Hours()) // the present has none
	busy, sold := map[string]float64{}, map[sale]float64{}
	faults := faultsAgo(ago)
	for _, c := range p.cells {
		fault := sum(faults, c.instance, c.route)
		n := p.dice.count(p.expected(c, fault, ago) * step.Seconds())
		busy[c.instance] += c.observe(float64(n), p.takes(c, ago), fault.Slower.Seconds()) / step.Seconds()
		p.sell(sold, c, n)
	}
	for _, name := range names { // by Little's law
		p.inFlight[name].push(float64(p.dice.count(busy[name])))
	}
	for key, t := range p.sold {
		t.add(sold[key])
	}
	for _, f := range p.fixed {
		f.push(f.value)
	}
}

// rule makes one sample of every recorded series.
func (p *past) rule(ago, since time.Duration) {
	p.ruled = append(p.ruled, p.end.Add(-ago).UnixMilli())
	for _, r := range p.recorded {
		r.record(since)
	}
	now := 0.0
	for _, name := range names {
		now += p.inFlight[name].last()
	}
	p.flight.push(now)
}

// expected is how many requests a second a cell gets on average.
func (p *past) expected(c *cell, fault Fault, ago time.Duration) float64 {
	perSecond := p.rate * tide(ago) * max(.2, 1+p.drift) / float64(len(names))
	failing := c.route.fails + fault.Fails
	for _, s := range c.route.statuses(failing) {
		if s.status == c.status {
			return perSecond * s.of * c.route.weight / weights
		}
	}
	return 0
}

// takes is how long a cell's requests take now: longer with more traffic.
func (p *past) takes(c *cell, ago time.Duration) duration {
	if c.status == tacho.StatusClientClosedRequest {
		return duration{c.route.takes.median / 3, .05}
	}
	slower := .85 + .2*tide(ago) + p.drift/2
	return duration{time.Duration(float64(c.route.takes.median) * max(.5, slower)), c.route.takes.sigma}
}

// observe counts n requests and returns the seconds that they took.
func (c *cell) observe(n float64, takes duration, slower float64) float64 {
	c.requests.add(n)
	c.count.add(n)
	c.rate.add(n)
	for i := range c.buckets {
		share := 1.0
		if i < len(latencyBuckets) {
			share = takes.below(latencyBuckets[i] - slower)
		}
		c.latency.buckets[i].add(c.buckets[i].add(n * share))
	}
	seconds := n * (takes.mean() + slower)
	c.latency.sum.add(c.sum.addSeconds(seconds))
	return seconds
}

func (p *past) sell(sold map[sale]float64, c *cell, n int) {
	switch {
	case c.status != c.route.ok:
	case c.route.sells != "":
		sold[sale{c.instance, c.route.sells}] += float64(n)
	case c.route.path == ordersPath:
		for _, kind := range kinds {
			sold[sale{c.instance, kind}] += float64(n) / float64(len(kinds))
		}
	}
}

// weights is the sum over the menu.
var weights = func() (all float64) {
	for _, r := range routes {
		all += r.weight
	}
	return all
}()
