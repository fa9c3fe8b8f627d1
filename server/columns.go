package server

import (
	"encoding/json"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/annotations"
)

// Batch results are encoded by hand: a screen needs about ten thousand numbers every
// few seconds, and columns without timestamps take a fifth of the size of the API's
// matrix.

// appendInstant writes the result of an instant query in the API's format.
func appendInstant(b []byte, value parser.Value) []byte {
	b = append(append(append(b, `{"resultType":"`...), value.Type()...), `","result":`...)
	vector, ok := value.(promql.Vector)
	if !ok { // a scalar, a string or a matrix: all rare
		text, err := json.Marshal(value)
		if err != nil {
			return appendError(nil, "internal", err)
		}
		return append(append(b, text...), '}')
	}
	b = append(b, '[')
	for i, s := range vector {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendLabels(append(b, `{"metric":`...), s.Metric)
		if s.H != nil {
			b = appendTime(append(b, `,"histogram":[`...), s.T)
			b = append(appendHistogram(append(b, ','), s.H), "]}"...)
			continue
		}
		b = appendTime(append(b, `,"value":[`...), s.T)
		b = append(appendQuoted(append(b, ','), s.F), "]}"...)
	}
	return append(b, "]}"...)
}

// appendColumns writes the result of a range query: one number per point and series,
// null where there is no sample.
func appendColumns(b []byte, q batchQuery, m promql.Matrix) []byte {
	start, step := momentOf(*q.Start).UnixMilli(), int64(math.Round(*q.Step*1000))
	count := int((momentOf(*q.End).UnixMilli()-start)/step) + 1
	b = append(b, `{"resultType":"columns","start":`...)
	b = appendTime(b, start)
	b = appendTime(append(b, `,"step":`...), step)
	b = strconv.AppendInt(append(b, `,"count":`...), int64(count), 10)
	b = append(b, `,"series":[`...)
	at := func(t int64) int { return int((t - start) / step) }
	for i, s := range m {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendLabels(append(b, `{"metric":`...), s.Metric)
		if len(s.Floats) > 0 {
			b = append(b, `,"values":[`...)
			b = appendColumn(b, count, len(s.Floats), func(i int) int { return at(s.Floats[i].T) }, func(b []byte, i int) []byte { return appendNumber(b, s.Floats[i].F) })
		}
		if len(s.Histograms) > 0 {
			b = append(b, `,"histograms":[`...)
			b = appendColumn(b, count, len(s.Histograms), func(i int) int { return at(s.Histograms[i].T) }, func(b []byte, i int) []byte { return appendHistogram(b, s.Histograms[i].H) })
		}
		b = append(b, '}')
	}
	return append(b, "]}"...)
}

// appendColumn writes count values: the n points at their positions, null elsewhere.
func appendColumn(b []byte, count, n int, at func(int) int, write func([]byte, int) []byte) []byte {
	next := 0
	for place := range count {
		if place > 0 {
			b = append(b, ',')
		}
		if next < n && at(next) == place {
			b = write(b, next)
			next++
		} else {
			b = append(b, "null"...)
		}
	}
	return append(b, ']')
}

// appendTime writes milliseconds as seconds.
func appendTime(b []byte, ms int64) []byte {
	return strconv.AppendFloat(b, float64(ms)/1000, 'f', -1, 64)
}

// appendQuoted writes a number as the API does.
func appendQuoted(b []byte, v float64) []byte {
	return append(strconv.AppendFloat(append(b, '"'), v, format(v), -1, 64), '"')
}

// appendNumber writes a JSON number, or a string for values that JSON cannot represent.
func appendNumber(b []byte, v float64) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return appendQuoted(b, v)
	}
	return strconv.AppendFloat(b, v, format(v), -1, 64)
}

func format(v float64) byte {
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return 'e'
	}
	return 'f'
}

func appendLabels(b []byte, ls labels.Labels) []byte {
	b = append(b, '{')
	first := true
	ls.Range(func(l labels.Label) {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(append(appendString(b, l.Name), ':'), l.Value)
	})
	return append(b, '}')
}

// appendString writes a JSON string.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			text, _ := json.Marshal(s) // strings are always JSON
			return append(b, text...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// appendHistogram writes a native histogram in the API's format: for each bucket, the
// code of its inclusive bounds, the bounds and the count.
func appendHistogram(b []byte, h *histogram.FloatHistogram) []byte {
	b = appendQuoted(append(b, `{"count":`...), h.Count)
	b = appendQuoted(append(b, `,"sum":`...), h.Sum)
	first := true
	for it := h.AllBucketIterator(); it.Next(); {
		bucket := it.At()
		if bucket.Count == 0 {
			continue
		}
		if first {
			b = append(b, `,"buckets":[[`...)
		} else {
			b = append(b, `,[`...)
		}
		first = false
		b = append(b, inclusive(bucket), ',')
		b = append(appendQuoted(b, bucket.Lower), ',')
		b = append(appendQuoted(b, bucket.Upper), ',')
		b = append(appendQuoted(b, bucket.Count), ']')
	}
	if !first {
		b = append(b, ']')
	}
	return append(b, '}')
}

// inclusive returns the API's code for the inclusive bounds of a bucket
// (https://prometheus.io/docs/prometheus/latest/querying/api/#native-histograms).
func inclusive(bucket histogram.Bucket[float64]) byte {
	switch {
	case bucket.LowerInclusive && bucket.UpperInclusive:
		return '3'
	case bucket.LowerInclusive:
		return '1'
	case bucket.UpperInclusive:
		return '0'
	}
	return '2'
}

func appendError(b []byte, kind string, err error) []byte {
	b = appendString(append(b, `{"errorType":`...), kind)
	return append(appendString(append(b, `,"error":`...), err.Error()), '}')
}

// appendAnnotations adds at most ten warnings and ten infos of a query to its result.
func appendAnnotations(b []byte, query string, found annotations.Annotations) []byte {
	warnings, infos := found.AsStrings(query, 10, 10)
	for name, texts := range map[string][]string{"warnings": warnings, "infos": infos} {
		if len(texts) == 0 {
			continue
		}
		text, _ := json.Marshal(texts)
		b = append(append(append(b[:len(b)-1], `,"`+name+`":`...), text...), '}')
	}
	return b
}
