package doctor

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// width is the width of a narrow terminal.
const width = 80

// Text writes the report as text: facts first, then the findings, worst first.
func (r Report) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.URL)
	for _, fact := range r.factLines() {
		paragraph(&b, "  "+pad(fact[0], 9), fact[1])
	}
	for _, f := range r.Findings {
		b.WriteString("\n")
		f.text(&b)
	}
	fmt.Fprintf(&b, "\n%s\n", r.summary())
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Report) factLines() [][2]string {
	f := r.Facts
	return [][2]string{
		{"speaks", orElse(strings.Join(r.Speaks, ", "), "no known HTTP metrics")},
		{"format", strings.Join(f.Formats, ", ")},
		{"size", f.size()},
		{"time", fmt.Sprintf("%s, slowest of %d: %s", durationText(f.MedianSeconds), f.Scrapes, durationText(f.SlowestSeconds))},
		{"cost", f.Cost.String()},
		{"largest", largestText(f.Largest)},
	}
}

func (f Facts) size() string {
	text := fmt.Sprintf("%s in %s, %s", plural(f.Series, "series", "series"),
		plural(f.Families, "family", "families"), bytesText(f.Bytes))
	if f.CompressedBytes > 0 {
		text += " (" + bytesText(f.CompressedBytes) + " gzipped)"
	}
	if f.Exemplars > 0 {
		text += ", " + plural(f.Exemplars, "exemplar", "exemplars")
	}
	if f.NativeHistograms > 0 {
		text += ", " + plural(f.NativeHistograms, "native histogram", "native histograms")
	}
	return text
}

// String returns the cost as a sentence, with the source of its figures.
func (c Cost) String() string {
	return fmt.Sprintf("%s every %s: %s samples/s, %s to %s per day on disk "+
		"(1 to 2 bytes per sample, according to Prometheus's documentation), about %s of its memory "+
		"(3 kB per series, a rule of thumb of its authors)",
		plural(c.Instances, "instance", "instances"), durationText(c.IntervalSeconds), number(roundTo3(c.SamplesPerSecond)),
		bytesText(c.DiskPerDayLow), bytesText(c.DiskPerDayHigh), bytesText(c.Memory))
}

func largestText(sizes []FamilySize) string {
	var parts []string
	for _, s := range sizes {
		parts = append(parts, fmt.Sprintf("%s %d", s.Metric, s.Series))
	}
	return orElse(strings.Join(parts, ", "), "nothing")
}

func (f Finding) text(b *strings.Builder) {
	head := pad(strings.ToUpper(f.Severity.String()), 9)
	paragraph(b, head, f.Title)
	paragraph(b, strings.Repeat(" ", 9)+"found: ", f.Evidence)
	paragraph(b, strings.Repeat(" ", 9)+"fix:   ", f.Fix)
	paragraph(b, strings.Repeat(" ", 9)+"more:  ", "docs/doctor.md#"+f.ID)
}

func (r Report) summary() string {
	if len(r.Findings) == 0 {
		return "No problems found."
	}
	return fmt.Sprintf("%s, %s, %s.", plural(r.Count(Error), "error", "errors"),
		plural(r.Count(Warning), "warning", "warnings"), plural(r.Count(Info), "info", "infos"))
}

// paragraph writes text after a head, wrapped and indented. A word that is too long for a
// line gets its own line.
func paragraph(b *strings.Builder, head, text string) {
	indent := utf8.RuneCountInString(head)
	b.WriteString(head)
	column := indent
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == indent:
		case column+1+n > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += n
	}
	b.WriteString("\n")
}

func pad(s string, n int) string { return s + strings.Repeat(" ", max(0, n-len(s))) }

func orElse(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
