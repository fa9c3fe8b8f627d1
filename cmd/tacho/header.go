package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tacho-go/tacho/internal/lazyregexp"
)

// headerName matches a token of RFC 9110; headerValue matches a value without control
// characters other than tabs.
var (
	headerName  = lazyregexp.New("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	headerValue = lazyregexp.New(`^[^\x00-\x08\x0a-\x1f\x7f]*$`)
)

// ownHeaders are the headers that negotiate the format or control the connection.
var ownHeaders = []string{
	"Accept", "Accept-Encoding", "X-Prometheus-Scrape-Timeout-Seconds",
	"Connection", "Content-Length", "Transfer-Encoding", "Trailer", "Upgrade", "Te",
}

// splitHeader splits "Name: value" of a flag. Its errors do not contain the value: it may be a secret.
func splitHeader(flag, line string) (name, value string, err error) {
	name, value, ok := strings.Cut(line, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch {
	case line == "":
		return "", "", fmt.Errorf("--%s is empty: write it as 'Name: value'", flag)
	case !ok:
		return "", "", fmt.Errorf("--%s: the colon is missing: write it as 'Name: value'", flag)
	case !headerName.MatchString(name):
		return "", "", fmt.Errorf("--%s: the text before the colon is not a valid header name: write it as 'Name: value'", flag)
	case !headerValue.MatchString(value):
		return "", "", fmt.Errorf("--%[1]s %[2]s: the value has a character that is not allowed in headers, such as a line break: use one --%[1]s for each header", flag, name)
	case slices.Contains(ownHeaders, http.CanonicalHeaderKey(name)):
		return "", "", fmt.Errorf("--%s %s: remove it: tacho sets %s itself, as Prometheus does", flag, name, name)
	}
	return name, value, nil
}

// parseHeaders parses the values of a repeatable flag.
func parseHeaders(flag string, lines []string) (http.Header, error) {
	h := http.Header{}
	for _, line := range lines {
		name, value, err := splitHeader(flag, line)
		if err != nil {
			return nil, err
		}
		h.Add(name, value)
	}
	hosts := h.Values("Host")
	if len(hosts) > 1 || len(hosts) == 1 && (hosts[0] == "" || strings.ContainsAny(hosts[0], " /?#@,")) {
		return nil, fmt.Errorf("--%s Host: %s: a request has one host, written as host or host:port", flag, strings.Join(hosts, ", "))
	}
	return h, nil
}
