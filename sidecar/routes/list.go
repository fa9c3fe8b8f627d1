package routes

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// verbs are the methods in printed lists.
var verbs = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "QUERY"}

// ParseList reads a printed list of routes: one route per line, its path, and before or after it
// its methods, if there are any. Everything else on the line is ignored. So it reads, as they are
// printed, the lists of flask routes, rails routes, show_urls of Django's django-extensions, and
// lines such as
//
//	GET,POST /orders
//	/orders/{id}
//
// Lines that are empty, begin with # or are a table's head are skipped. The error names each line
// without a path.
func ParseList(text []byte) ([]Route, error) {
	var list []Route
	var errs []error
	lines := bufio.NewScanner(bytes.NewReader(text))
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if isHead(line) {
			continue
		}
		r, ok := parseLine(line)
		if !ok {
			errs = append(errs, fmt.Errorf("line %d: %q has no path: a route is a path such as /users/{id}, with its methods before or after it", number, shorten(line)))
			continue
		}
		r.Line = number
		list = append(list, r)
	}
	if err := lines.Err(); err != nil {
		errs = append(errs, err)
	}
	if len(errs) == 0 && len(list) == 0 {
		errs = append(errs, errors.New("there are no routes in it"))
	}
	return merge(list), errors.Join(errs...)
}

// headWords begin the head of a printed table.
var headWords = []string{"Endpoint ", "Prefix ", "Domain ", "Host ", "Subdomain ", "Method ", "Methods ", "URL ", "[ "}

// isHead reports whether a line is not a route: empty, a comment, or the head of a table.
func isHead(line string) bool {
	return line == "" || line[0] == '#' || strings.Trim(line, "-+=| ") == "" ||
		slices.ContainsFunc(headWords, func(w string) bool { return strings.HasPrefix(line, w) })
}

// around are the characters that lists put around methods and paths: {'GET'}, "GET|POST", [/users].
const around = `'"[](){},`

func parseLine(line string) (r Route, ok bool) {
	for word := range strings.FieldsFuncSeq(line, isSpace) {
		if path := strings.Trim(word, `'",`); r.Template == "" && strings.HasPrefix(path, "/") {
			r.Template = path
			continue
		}
		for verb := range strings.FieldsFuncSeq(word, func(c rune) bool { return c == ',' || c == '|' || c == '/' }) {
			if verb = strings.Trim(verb, around); slices.Contains(verbs, verb) && !slices.Contains(r.Methods, verb) {
				r.Methods = append(r.Methods, verb)
			}
		}
	}
	return r, r.Template != ""
}

func isSpace(c rune) bool { return c == ' ' || c == '\t' }

func shorten(line string) string {
	const most = 60
	if len(line) > most {
		return strings.ToValidUTF8(line[:most], "") + "…"
	}
	return line
}

// merge combines the methods of lines with the same template.
func merge(list []Route) (merged []Route) {
	at := map[string]int{}
	for _, r := range list {
		i, known := at[r.Template]
		if !known {
			at[r.Template] = len(merged)
			merged = append(merged, r)
			continue
		}
		if len(r.Methods) == 0 || len(merged[i].Methods) == 0 {
			merged[i].Methods = nil // any
			continue
		}
		merged[i].Methods = append(merged[i].Methods, r.Methods...)
	}
	return merged
}
