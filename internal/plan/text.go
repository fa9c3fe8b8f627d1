package plan

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Text writes the plan for people. Formulas and sources follow each table; sources are numbered.
func (p *Plan) Text(w io.Writer) error {
	t := &text{}
	t.head(p)
	t.series(p)
	t.table(p)
	t.engines(p)
	t.topology(p)
	t.notes()
	_, err := io.WriteString(w, t.String())
	return err
}

// A text collects the output and the sources that it names.
type text struct {
	strings.Builder
	sources []Source
}

// cite returns the number of a source.
func (t *text) cite(s Source) string {
	i := slices.Index(t.sources, s)
	if i < 0 {
		i, t.sources = len(t.sources), append(t.sources, s)
	}
	return fmt.Sprintf("[%d]", i+1)
}

// columns writes aligned rows whose cells are separated by tabs.
func (t *text) columns(rows ...string) {
	w := tabwriter.NewWriter(&t.Builder, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		fmt.Fprintln(w, "  "+r)
	}
	_ = w.Flush()
}

func (t *text) head(p *Plan) {
	l := p.Load
	what := fmt.Sprintf("%d routes × %d methods × %d statuses", l.Routes, l.Methods, l.Statuses)
	if len(p.Families) == 0 {
		what = "the series of a running instance"
	}
	fmt.Fprintf(t, "%s instances, %s, every %v, kept for %s\n", count(float64(l.Instances)), what, l.Interval, span(p.Retention))
	for _, warning := range p.Warnings {
		fmt.Fprintf(t, "warning: %s\n", warning)
	}
}

func (t *text) series(p *Plan) {
	fmt.Fprintf(t, "\nSeries\n")
	rows := []string{"\tclassic\tnative\t"}
	row := func(name string, s Series, formula string) {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s\t%s", name, count(float64(s.Classic)), count(float64(s.Native)), formula))
	}
	for _, f := range p.Families {
		if f.Classic > 0 {
			row(f.Name, f.Series, f.Formula)
		}
	}
	row("one instance", p.Instance, "")
	row("all instances", p.Total, fmt.Sprintf("(one + %d that the scraper adds) × instances", targetSeries))
	if p.Load.Histograms == Both {
		all, _ := p.Total.of(Both)
		row("both histograms", Series{all, all, 0}, "classic + native histograms")
	}
	row("recorded by rules", Series{p.Recorded, p.Recorded, 0}, "tacho serve only, whatever the number of instances")
	t.columns(rows...)
}

func (t *text) table(p *Plan) {
	fmt.Fprintf(t, "\nTraffic (%s histograms)\n", p.Load.Histograms)
	var rows []string
	for _, f := range p.Traffic {
		rows = append(rows, fmt.Sprintf("%s\t%s\t= %s %s", f.Name, f.Text(), f.Formula, t.cite(f.Source)))
	}
	t.columns(rows...)
}

func (t *text) engines(p *Plan) {
	fmt.Fprintf(t, "\nEngines, all machines of each together\n")
	rows := []string{"\tmemory\twith headroom\tcores\tdisk\tobject storage"}
	for _, e := range p.Engines {
		rows = append(rows, fmt.Sprintf("%s\t%s\t%s\t%s\t%s\t%s", e.Name, e.Memory.Text(), bytes(e.Memory.Value*e.Headroom), optional(e.Cores), e.Disk.Text(), optional(e.Object)))
	}
	t.columns(rows...)
	for _, e := range p.Engines {
		fmt.Fprintf(t, "  %s: %s\n", e.Name, e.Advice)
		t.figure("memory", &e.Memory)
		if e.Published != nil {
			t.figure("memory as published, "+e.Published.Text()+",", e.Published)
		}
		t.figure("cores", e.Cores)
		t.figure("disk", &e.Disk)
		t.figure("object storage", e.Object)
		for _, part := range e.Parts {
			fmt.Fprintf(t, "      %s: %.1f cores, %s, %s of disk = %s\n", part.Name, part.Cores, bytes(part.Memory), bytes(part.Disk), part.Rule)
		}
	}
}

func (t *text) figure(name string, f *Figure) {
	if f != nil {
		fmt.Fprintf(t, "    %s = %s %s\n", name, f.Formula, t.cite(f.Source))
	}
}

func (t *text) topology(p *Plan) {
	fmt.Fprintf(t, "\nSufficient: %s\n", p.Topology.Name)
	for _, r := range p.Topology.Reasons {
		fmt.Fprintf(t, "  because %s\n", r)
	}
	if a := p.Topology; a.Agents > 0 {
		fmt.Fprintf(t, "  %d agents, each with %s and %.2f cores %s\n", a.Agents, bytes(a.AgentRAM), a.AgentCPU, t.cite(Measured))
	}
	for _, c := range p.Topology.Commands {
		fmt.Fprintf(t, "    %s\n", c)
	}
}

func (t *text) notes() {
	fmt.Fprintf(t, "\nSources\n")
	for i, s := range t.sources {
		fmt.Fprintf(t, "  [%d] %s\n", i+1, s)
	}
}

// Text returns the value with its unit.
func (f Figure) Text() string {
	switch f.Unit {
	case "B":
		return bytes(f.Value)
	case "B/s":
		return bytes(f.Value) + "/s"
	case "cores":
		return strconv.FormatFloat(math.Ceil(f.Value*10)/10, 'f', 1, 64)
	}
	return count(f.Value) + " " + f.Unit
}

func optional(f *Figure) string {
	if f == nil {
		return "–"
	}
	return f.Text()
}

// bytes writes a size in powers of 1000, with three digits.
func bytes(n float64) string {
	for _, u := range []struct {
		name string
		size float64
	}{{"PB", 1e15}, {"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}} {
		if n >= u.size*.9995 {
			return three(n/u.size) + " " + u.name
		}
	}
	return three(n) + " B"
}

// three writes three digits, and 0 as 0.
func three(x float64) string {
	if x == 0 {
		return "0"
	}
	digits := 2 - int(math.Floor(math.Log10(max(x, 1))+1e-9))
	return strconv.FormatFloat(x, 'f', max(0, digits), 64)
}

// count writes a number with commas between thousands.
func count(x float64) string {
	if x < 10 && x != math.Trunc(x) {
		return strconv.FormatFloat(x, 'f', 2, 64)
	}
	digits := strconv.FormatFloat(x, 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// span writes a retention in days or hours.
func span(seconds float64) string {
	if days := seconds / day.Seconds(); days >= 1 {
		return strconv.FormatFloat(days, 'f', -1, 64) + " days"
	}
	return strconv.FormatFloat(seconds/3600, 'f', -1, 64) + " hours"
}
