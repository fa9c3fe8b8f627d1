package main

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// headerName matches a token of RFC 9110; headerValue matches a value without control
// characters other than tabs.
var (
	headerName  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	headerValue = regexp.MustCompile(`^[^\x00-\x08\x0a-\x1f\x7f]*$`)
)

// ownHeaders are the headers that negotiate the format or control the connection.
var ownHeaders = []string{
	"Accept", "Accept-Encoding", "X-Prometheus-Scrape-Timeout-Seconds",
	"Connection", "Content-Length", "Transfer-Encoding", "Trailer", "Upgrade", "Te",
}

// splitHeader splits "Name: value". Its errors do not contain the value: it may be a secret.
func splitHeader(line string) (name, value string, err error) {
	name, value, ok := strings.Cut(line, ":")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	switch {
	case line == "":
		return "", "", fmt.Errorf("--header is empty: write it as 'Name: value'")
	case !ok:
		return "", "", fmt.Errorf("--header: the colon is missing: write it as 'Name: value'")
	case !headerName.MatchString(name):
		return "", "", fmt.Errorf("--header: the text before the colon is not a valid header name: write it as 'Name: value'")
	case !headerValue.MatchString(value):
		return "", "", fmt.Errorf("--header %s: the value has a character that is not allowed in headers, such as a line break: use one --header for each header", name)
	case slices.Contains(ownHeaders, http.CanonicalHeaderKey(name)):
		return "", "", fmt.Errorf("--header %s: remove it: tacho sets %s itself, as Prometheus does", name, name)
	}
	return name, value, nil
}

func parseHeaders(lines []string) (http.Header, error) {
	h := http.Header{}
	for _, line := range lines {
		name, value, err := splitHeader(line)
		if err != nil {
			return nil, err
		}
		h.Add(name, value)
	}
	hosts := h.Values("Host")
	if len(hosts) > 1 || len(hosts) == 1 && (hosts[0] == "" || strings.ContainsAny(hosts[0], " /?#@,")) {
		return nil, fmt.Errorf("--header Host: %s: a request has one host, written as host or host:port", strings.Join(hosts, ", "))
	}
	return h, nil
}
