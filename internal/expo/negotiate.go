package expo

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/common/expfmt"
)

// preference returns the q-value of one entry of an Accept header (RFC 9110, section 12.4.2), by
// default 1.
func preference(entry string) float64 {
	for _, param := range strings.Split(entry, ";")[1:] {
		if text, ok := strings.CutPrefix(strings.TrimSpace(param), "q="); ok {
			q, err := strconv.ParseFloat(text, 64)
			if err != nil {
				return 0
			}
			return q
		}
	}
	return 1
}

// Negotiate returns the format that the Accept header prefers, with its name escaping. A preference
// of 0 rejects a format.
func Negotiate(h http.Header) expfmt.Format {
	accept := h.Get("Accept")
	if strings.Contains(accept, "q=0") {
		wanted := strings.Split(accept, ",")
		kept := wanted[:0]
		for _, w := range wanted {
			if preference(w) > 0 {
				kept = append(kept, w)
			}
		}
		accept = strings.Join(kept, ",")
	}
	return expfmt.NegotiateAccept(http.Header{"Accept": {accept}}, expfmt.DefaultOpenMetricsAcceptedFormats()...)
}

// IsText reports whether a format consists of lines.
func IsText(format expfmt.Format) bool {
	switch format.FormatType() {
	case expfmt.TypeTextPlain, expfmt.TypeOpenMetrics:
		return true
	}
	return false
}
