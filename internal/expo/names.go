package expo

import (
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/schema"
)

// suffixes are what exposition formats append to the names of families.
var suffixes = map[dto.MetricType][]string{
	dto.MetricType_HISTOGRAM:       {"", "_bucket", "_count", "_sum"},
	dto.MetricType_GAUGE_HISTOGRAM: {"", "_bucket", "_count", "_sum"},
	dto.MetricType_SUMMARY:         {"", "_count", "_sum"},
}

// suffixesOpenMetrics are additional in OpenMetrics, where a counter's family has no _total, and in
// text with _created samples.
var suffixesOpenMetrics = map[dto.MetricType][]string{
	dto.MetricType_COUNTER:   {"", "_total", "_created"},
	dto.MetricType_HISTOGRAM: {"_created"},
	dto.MetricType_SUMMARY:   {"_created"},
}

var noSuffix = []string{""}

// Names are all names that families use in an exposition format: their own, and those of their
// samples.
type Names struct {
	openMetrics bool
	names       map[string]bool
}

// NewNames returns an empty set, for text and protobuf or for OpenMetrics.
func NewNames(openMetrics bool) *Names {
	return &Names{openMetrics: openMetrics, names: map[string]bool{}}
}

// A spelling is a name with each of several suffixes.
type spelling struct {
	base     string
	suffixes []string
}

// spellings are all names that a family uses.
func (c *Names) spellings(name string, kind dto.MetricType) [2]spelling {
	plain, ok := suffixes[kind]
	if !ok {
		plain = noSuffix
	}
	all := [2]spelling{{name, plain}}
	if c.openMetrics {
		base := name
		if kind == dto.MetricType_COUNTER {
			base = strings.TrimSuffix(name, "_total")
		}
		all[1] = spelling{base, suffixesOpenMetrics[kind]}
	}
	return all
}

// Add adds the names that a family uses.
func (c *Names) Add(name string, kind schema.Kind) {
	for _, s := range c.spellings(name, ProtoType(kind)) {
		for _, suffix := range s.suffixes {
			c.names[s.base+suffix] = true
		}
	}
}

// Conflicts reports whether another collector's family uses a name of the set.
func (c *Names) Conflicts(name string, kind dto.MetricType) bool {
	var room [128]byte // a scrape calls this for each family
	for _, s := range c.spellings(name, kind) {
		for _, suffix := range s.suffixes {
			if c.names[string(append(append(room[:0], s.base...), suffix...))] {
				return true
			}
		}
	}
	return false
}

// ProtoType returns client_model's type of metric for a kind.
func ProtoType(kind schema.Kind) dto.MetricType { return dto.MetricType(protoTypes[kind]) }
