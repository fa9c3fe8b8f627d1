package doctor

import (
	"encoding/json"
	"fmt"
	"io"
)

// A Severity ranks a finding. Higher is worse.
type Severity int

// Info is good to know, Warning will cause problems, Error is a problem now.
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

// A Finding is one problem, or a hint.
type Finding struct {
	ID       string   `json:"id"` // of the check; a section of docs/doctor.md
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`
	Evidence string   `json:"evidence"`         // the observation
	Fix      string   `json:"cure"`             // what to do
	Metric   string   `json:"metric,omitempty"` // the metric concerned, or the first of several
	Label    string   `json:"label,omitempty"`
}

// A Report is the result of [Examine]. While Format is unchanged, its JSON form only gains
// fields; docs/doctor.md describes it.
type Report struct {
	Format   int       `json:"format"` // of the JSON form; 1
	URL      string    `json:"url"`    // without a password
	Speaks   []string  `json:"speaks"` // names of the detected schemas, best first
	Facts    Facts     `json:"facts"`
	Findings []Finding `json:"findings"` // by severity, worst first
}

// Facts are neutral numbers about the endpoint.
type Facts struct {
	Families         int          `json:"families"`
	Series           int          `json:"series"`
	Exemplars        int          `json:"exemplars"`
	NativeHistograms int          `json:"native_histograms"` // families that have them
	Bytes            int64        `json:"bytes"`             // of the newest scrape
	CompressedBytes  int64        `json:"compressed_bytes"`  // on the wire; 0 if not compressed
	Formats          []string     `json:"formats"`           // of the responses, in Prometheus's order of preference
	Scrapes          int          `json:"scrapes"`           // sequential ones
	MedianSeconds    float64      `json:"median_seconds"`    // of these scrapes
	SlowestSeconds   float64      `json:"slowest_seconds"`
	Largest          []FamilySize `json:"largest"` // families with the most series
	Cost             Cost         `json:"cost"`
}

// A FamilySize is the number of series of a family.
type FamilySize struct {
	Metric string `json:"metric"`
	Series int    `json:"series"`
}

// Count returns the number of findings of a severity.
func (r Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// ExitCode returns 0 if there is nothing above info, 1 for warnings, 2 for errors. If
// [Examine] returns an error, exit with [ExitNoScrape].
func (r Report) ExitCode() int {
	switch {
	case r.Count(Error) > 0:
		return 2
	case r.Count(Warning) > 0:
		return 1
	}
	return 0
}

// ExitNoScrape is the exit code if no scrape was possible.
const ExitNoScrape = 3

// JSON writes the report as JSON.
func (r Report) JSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}
