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

	// Towards the end of the history, the steps shrink gradually to the scrape
	// interval: a step is at most 1/denser of the remaining time. After an abrupt
	// change, rate() would be too low for the length of its window.
	denser = 30

	// seededMetric is 1 throughout the generated history, so that the page can mark
	// it on every chart.
	seededMetric = "tacho_demo_seeded"
)

// WriteHistory writes the six hours before now to a TSDB's directory, as a block that
// ends just before now: the metrics of the shop's instances, and the results of the
// recording rules. Call it before the TSDB opens the directory. It returns an error if
// the directory already has data, because overlapping samples would be meaningless.
//
// The counters are reset when the live instances start, as after a restart.
func (d *Demo) WriteHistory(dir string) error {
	if err := expectNoData(dir); err != nil {
		return err
	}
	// Leave a margin before the first scrape: a TSDB rejects samples older than its
	// newest block.
	end := d.opts.Now().Add(-time.Second)
	p := newPast(d.opts.Rate, d.dice(4), end)
	p.fill()
	p.derive()
	if err := p.addObjectives(); err != nil {
		return fmt.Errorf("demo: history: %w", err)
	}
	if err := server.WriteBlock(dir, p.blocks()); err != nil {
		return fmt.Errorf("demo: history: %w", err)
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
			return fmt.Errorf("demo: %s already has data (%s); use an empty directory, or no history", dir, e.Name())
		}
	}
	return nil
}

// pastIncident is a small incident in the history, visible in the heatmap and the error
// budget. It ended two and a half hours ago.
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

// A past generates six hours of history step by step.
type past struct {
	rate float64
	dice *dice
	end  time.Time

	// Slow random drift around 0, and its current effect.
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

// A sale is a kind of goods sold by an instance.
type sale struct{ instance, kind string }

// A cell is one label set: instance, route and status.
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

// A latency holds the recorded series of a route's histograms.
type latency struct {
	buckets []*recorded
	sum     *recorded
}

// A recorded series is a rate: the increase since its last sample.
type recorded struct {
	*series
	added float64
}

func (r *recorded) add(n float64) { r.added += n }

func (r *recorded) record(since time.Duration) {
	r.push(r.added / since.Seconds())
	r.added = 0
}

// A fixed series has a constant value.
type fixed struct {
	*series
	value float64
}

// A total is a counter. Its samples are integers, unless it is a sum of seconds.
type total struct {
	*series
	value float64
}

// add increases the counter and returns the increase of its sample.
func (t *total) add(n float64) float64 {
	before := math.Floor(t.value)
	t.value += n
	t.push(math.Floor(t.value))
	return math.Floor(t.value) - before
}

// addSeconds is add for sums of seconds.
func (t *total) addSeconds(s float64) float64 {
	t.value += s
	t.push(t.value)
	return s
}

// fill generates all samples.
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

// step generates one sample of every raw series.
func (p *past) step(ago, step time.Duration) {
	p.times = append(p.times, p.end.Add(-ago).UnixMilli())
	pull := step.Seconds() / 1000
	p.wander += -pull*p.wander + .12*math.Sqrt(2*pull)*p.dice.normal()
	p.drift = p.wander * min(1, ago.Hours()) // fades out towards the present
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

// rule generates one sample of every recorded series.
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

// expected returns the average requests per second of a cell.
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

// takes returns the latency of a cell, which grows with the traffic.
func (p *past) takes(c *cell, ago time.Duration) duration {
	if c.status == tacho.StatusClientClosedRequest {
		return duration{c.route.takes.median / 3, .05}
	}
	slower := .85 + .2*tide(ago) + p.drift/2
	return duration{time.Duration(float64(c.route.takes.median) * max(.5, slower)), c.route.takes.sigma}
}

// observe counts n requests and returns their total seconds.
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

// weights is the sum of the routes' weights.
var weights = func() (all float64) {
	for _, r := range routes {
		all += r.weight
	}
	return all
}()
