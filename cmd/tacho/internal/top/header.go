package top

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// mostProblems is the maximum number of problems and of notes in the header.
const mostProblems = 3

// mostProblemLines is the maximum for all problems together: a single one is shown in full.
const mostProblemLines = 4

// mostVerdictLines is the maximum for the verdict.
const mostVerdictLines = 2

// header returns the lines above the table.
func header(p Frame, now time.Time, width int, paused bool) []Line {
	lines := []Line{line(bold, "tacho top").and(normal, "  "+targets(p))}
	if v := p.Verdict; v != nil {
		color := normal
		if v.Unhealthy {
			color = red
		}
		lines = append(lines, sentences(color, width, mostVerdictLines, v.Text)...)
	}
	lines = append(lines, words(bold, width, totals(p)...)...)
	of := times(p, now)
	if paused {
		of = append([]string{"PAUSED, p resumes"}, of...)
	}
	lines = append(lines, words(normal, width, of...)...)
	problems := few(p.Problems)
	for _, text := range problems {
		lines = append(lines, sentences(red, width, max(1, mostProblemLines/len(problems)), "! "+text)...)
	}
	for _, text := range few(p.Notes) {
		lines = append(lines, line(faint, "  "+text))
	}
	return lines
}

func few(texts []string) []string {
	if len(texts) <= mostProblems {
		return texts
	}
	return append(slices.Clone(texts[:mostProblems]), fmt.Sprintf("and %d more", len(texts)-mostProblems))
}

func targets(p Frame) string {
	if len(p.URLs) == 1 {
		return p.URLs[0]
	}
	return fmt.Sprintf("%d of %d have HTTP metrics: %s", p.Answering, len(p.URLs), strings.Join(p.URLs, " "))
}

// totals returns the totals of the service.
func totals(p Frame) []string {
	if p.Answering == 0 {
		return []string{"no URL has HTTP metrics"}
	}
	t := p.Total
	all := []string{
		rate(t.Rate) + " req/s", "errors " + ratio(t.ErrorRatio),
		"p50 " + quantile(t.P50, t.bounds), "p95 " + quantile(t.P95, t.bounds), "p99 " + quantile(t.P99, t.bounds),
		count(t.InFlight) + " in flight",
	}
	return append(all, up(p.Up))
}

// up returns the uptime of the process, or the shortest and the longest of several.
func up(all []time.Duration) string {
	if len(all) == 0 {
		return ""
	}
	young, old := age(slices.Min(all)), age(slices.Max(all))
	if young == old {
		return "up " + old
	}
	return "up " + young + " to " + old
}

// times describes the time range of the numbers.
func times(p Frame, now time.Time) []string {
	if p.Answering == 0 {
		return []string{"scraped every " + span(p.Interval)}
	}
	of := "in the last " + span(p.Window)
	if p.AllTime {
		of = "SINCE THE START: " + count(p.Total.Requests) + " requests"
	}
	return []string{
		of, "every " + span(p.Interval),
		"scraped " + p.Scraped.Format(time.TimeOnly) + ", " + age(now.Sub(p.Scraped)) + " ago",
		"names: " + strings.Join(p.Schemas, ", "),
	}
}
