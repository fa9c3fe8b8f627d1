package main

import (
	"fmt"
	"slices"
)

// requests measures what each row adds to the bare framework, in CPU nanoseconds and as a
// multiple of the limit (see limit.go). Ratios are computed within a round; the table shows
// their median over the rounds.
func requests(l *lab) error {
	return compareRows(l, "requests", "Cost of measuring a request", rows(), requestTurns)
}

// rpcs is the same for RPCs, on their own: servers of RPCs allocate several kB for each, so what the
// garbage collector takes depends on the size of the heap, and would drown the differences in that of
// all rows together.
func rpcs(l *lab) error {
	return compareRows(l, "rpcs", "Cost of measuring an RPC", rpcRows(), rpcTurns)
}

func compareRows(l *lab, experiment, title string, all []row, turns int) error {
	chosen := l.matching(all)
	var columns []column
	for _, w := range workloads() {
		for _, workers := range []int{1, 2} {
			c, err := measureRequests(l, trial{workers: workers, rounds: l.times(experiment), turns: turns}, chosen, w)
			if err != nil {
				return err
			}
			columns = append(columns, c)
		}
	}
	l.title("%s", title)
	l.note("CPU ns added to the bare framework (bare: its own), and that as a multiple of the limit: "+
		"median of %d rounds, quartiles in brackets. \"2×\" columns: two goroutines at once, CPU per request. "+
		"The limit: %s.", l.times(experiment), limitNote(columns))
	requestsTable(chosen, columns).print(l.out)
	return nil
}

// matching returns the rows that match the filter, and the bare ones of their frameworks. A bare
// framework that nothing is compared with would only make garbage collections longer.
func (l *lab) matching(all []row) []row {
	matches := func(r row) bool { return l.filter.MatchString(r.framework + " " + r.name) }
	compared := map[string]bool{}
	for _, r := range all {
		compared[r.framework] = compared[r.framework] || matches(r)
	}
	return slices.DeleteFunc(all, func(r row) bool { return !matches(r) && (r.name != bare || !compared[r.framework]) })
}

// A column is the results of one workload.
type column struct {
	name  string
	limit measurement
	rows  []measurement
}

// requestTurns gives each row about 30 ms per round, enough for several garbage collections in
// rows that allocate. An RPC takes far longer than what measuring adds to it.
const (
	requestTurns = 8
	rpcTurns     = 24
)

func measureRequests(l *lab, t trial, chosen []row, w workload) (column, error) {
	loads := make([]*traffic, t.workers)
	for i := range loads {
		loads[i] = w.traffic(i)
	}
	t.subjects = []subject{limit(w, t.workers)}
	for _, r := range chosen {
		t.subjects = append(t.subjects, r.subject(w, loads))
	}
	measurements, err := t.run(l.ctx)
	if err != nil {
		return column{}, err
	}
	name := w.name
	if t.workers > 1 {
		name = fmt.Sprintf("%d× %s", t.workers, name)
	}
	return column{name, measurements[0], measurements[1:]}, nil
}

// subject sets up the row and serves the workers' requests with it.
func (r row) subject(w workload, loads []*traffic) subject {
	s := r.mount(w)
	sinks := make([]*sink, len(loads))
	for i := range sinks {
		sinks[i] = newSink()
	}
	return subject{name: r.name, do: func(worker, n int) { s.serve(loads[worker], sinks[worker], n) }}
}

func limitNote(columns []column) (note string) {
	for i, c := range columns {
		if i > 0 {
			note += ", "
		}
		note += fmt.Sprintf("%.0f ns (%s)", spreadOf(c.limit.ns).median, c.name)
	}
	return note
}

func requestsTable(chosen []row, columns []column) *table {
	t := &table{head: []string{"framework", "row"}, text: 2}
	for _, c := range columns {
		t.head = append(t.head, c.name+": +ns", "× limit")
	}
	t.head = append(t.head, "+allocs", "+B")
	base := 0
	for i, r := range chosen {
		if r.name == bare {
			base = i
			t.add(bareCells(r, i, columns)...)
			continue
		}
		t.add(addedCells(r, i, base, columns)...)
	}
	return t
}

func bareCells(r row, i int, columns []column) []string {
	cells := []string{r.framework, r.name}
	for _, c := range columns {
		cells = append(cells, fmt.Sprintf("%.0f", spreadOf(c.rows[i].ns).median), "")
	}
	c := columns[0].rows[i]
	return append(cells, fmt.Sprintf("%.1f", c.allocs), fmt.Sprintf("%.0f", c.bytes))
}

func addedCells(r row, i, base int, columns []column) []string {
	cells := []string{r.framework, r.name}
	for _, c := range columns {
		added := each(c.rows[i].ns, c.rows[base].ns, less)
		cells = append(cells, fmt.Sprintf("%.0f", spreadOf(added).median), spreadOf(each(added, c.limit.ns, over)).String())
	}
	own, without := columns[0].rows[i], columns[0].rows[base]
	return append(cells, fmt.Sprintf("%.2f", own.allocs-without.allocs), fmt.Sprintf("%.0f", own.bytes-without.bytes))
}
