package main

import (
	"fmt"
	"strings"
)

// splitHeader splits "Name: value".
func splitHeader(line string) (name, value string, err error) {
	name, value, ok := strings.Cut(line, ":")
	name = strings.TrimSpace(name)
	if !ok || name == "" || strings.ContainsAny(name, " \t\r\n") || strings.ContainsAny(value, "\r\n") {
		return "", "", fmt.Errorf("--header %q: write it as 'Name: value'", line)
	}
	return name, strings.TrimSpace(value), nil
}
