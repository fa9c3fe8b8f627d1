package doctor

import (
	"encoding/json"
	"fmt"
	"io"
)

// A Severity says how bad a finding is. More is worse.
type Severity int

// Info is worth knowing, Warning will hurt one day, Error hurts now.
const (
	Info Severity = iota
	Warning
	Error
)

var severityNames = []string{"info", "warning", "error"}

func (s Severity) String() string { return severityNames[s] }

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the severity's name.
func (s *Severity) UnmarshalText(text []byte) error {
	for i, name := range severityNames {
		if name == string(text) {
			*s = Severity(i)
			return nil
		}
	}
	return fmt.Errorf("severity %q is none of info, warning, error", text)
}

// A Finding is one thing that is wrong, or worth knowing.
type Finding struct {
	ID       string   `json:"id"` // of the check; a section of docs/doctor.md
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`
	Evidence string   `json:"evidence"`         // what was seen
	Cure     string   `json:"cure"`             // what to do
	Metric   string   `json:"metric,omitempty"` // the metric concerned, or the first of several
	Label    string   `json:"label,omitempty"`
}

// A Report is the result of [Examine]. Its JSON form only ever gains fields
// while Format stays the same; docs/doctor.md describes it.
type Report struct {
	Format   int       `json:"format"` // of the JSON form; 1
	URL      string    `json:"url"`    // without a password
	Speaks   []string  `json:"speaks"` // names of the schemas recognised, best first
	Facts    Facts     `json:"facts"`
	Findings []Finding `json:"findings"` // by severity, worst first
}

// Facts are numbers about the endpoint that are neither good nor bad.
type Facts struct {
	Families         int          `json:"families"`
	Series           int          `json:"series"`
	Exemplars        int          `json:"exemplars"`
	NativeHistograms int          `json:"native_histograms"` // families that have them
	Bytes            int64        `json:"bytes"`             // of the newest scrape
	CompressedBytes  int64        `json:"compressed_bytes"`  // as it was sent; 0 if it was sent plain
	Formats          []string     `json:"formats"`           // that it spoke, by what Prometheus prefers
	Scrapes          int          `json:"scrapes"`           // made one at a time
	MedianSeconds    float64      `json:"median_seconds"`    // of these scrapes
	SlowestSeconds   float64      `json:"slowest_seconds"`
	Largest          []FamilySize `json:"largest"` // families with most series
	Cost             Cost         `json:"cost"`
}

// A FamilySize says how many series a family has.
type FamilySize struct {
	Metric string `json:"metric"`
	Series int    `json:"series"`
}

// Count returns how many findings have a severity.
func (r Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// ExitCode is 0 if nothing is above info, 1 with warnings, 2 with errors. A
// program that got an error from [Examine] should exit with [ExitNoScrape].
func (r Report) ExitCode() int {
	switch {
	case r.Count(Error) > 0:
		return 2
	case r.Count(Warning) > 0:
		return 1
	}
	return 0
}

// ExitNoScrape is the exit code when there was nothing to examine.
const ExitNoScrape = 3

// JSON writes the report for programs.
func (r Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}
