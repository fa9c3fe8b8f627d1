package dash

import (
	"net/http"
	"strconv"
	"strings"
)

// acceptsGzip reads the header Accept-Encoding (RFC 9110, 12.5.3): gzip by name or,
// if it is not listed, by "*"; a weight of zero refuses it.
func acceptsGzip(h http.Header) bool {
	weights := map[string]float64{}
	for coding := range strings.SplitSeq(strings.Join(h.Values("Accept-Encoding"), ","), ",") {
		name, parameters, _ := strings.Cut(coding, ";")
		weights[strings.ToLower(strings.TrimSpace(name))] = weight(parameters)
	}
	for _, name := range []string{"gzip", "x-gzip", "*"} {
		if w, named := weights[name]; named {
			return w > 0
		}
	}
	return false
}

// weight is the value of q, 1 by default; an invalid value refuses, which is safe.
func weight(parameters string) float64 {
	name, value, found := strings.Cut(parameters, "=")
	if !found {
		return 1
	}
	q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil || !strings.EqualFold(strings.TrimSpace(name), "q") {
		return 0
	}
	return q
}
