package doctor

import (
	"bytes"
	"strings"
)

// locate finds the invalid line by parsing each line separately.
func locate(body []byte, contentType string, cause error) *lineError {
	format := formatName(contentType)
	if strings.HasPrefix(format, "protobuf") {
		return &lineError{Err: cause}
	}
	lines := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	for i, line := range lines {
		if alone := parseLine(line, contentType, strings.HasPrefix(format, "OpenMetrics")); alone != nil {
			return &lineError{Line: i + 1, Text: string(line), Err: alone}
		}
	}
	// Every line is valid: something is missing at the end.
	last := max(0, len(bytes.TrimRight(body, "\n")))
	return &lineError{Line: bytes.Count(body[:last], []byte("\n")) + 1, Err: cause}
}

func parseLine(line []byte, contentType string, openMetrics bool) error {
	// Copy the line: the parser appends to its input.
	text := append(bytes.Clone(line), '\n')
	if openMetrics && !bytes.HasPrefix(line, []byte("# EOF")) {
		text = append(text, "# EOF\n"...)
	}
	parser, _ := newParser(text, contentType)
	r := reader{x: &exposition{byName: map[string]*family{}}, seen: map[uint64]bool{}}
	return r.readAll(parser)
}
