package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// The table of messages is written for people: a line for each message, with its text in
// every language.
var (
	tableStart    = "export const messages = {"
	tableEnd      = "};"
	row           = regexp.MustCompile(`^  (\w+): (\[".*"\]),$`)
	noRow         = regexp.MustCompile(`^\s*(//.*)?$`)
	languagesLine = regexp.MustCompile(`(?m)^export const languages = (\[.*\]);$`)
)

// A message is a row of the table.
type message struct {
	key   string
	texts []string
}

// splitTable takes the rows out of the table's module, whose lines stay where they are,
// and returns them as a file for each language: a person reads one.
func splitTable(module string) (code string, files map[string][]byte, err error) {
	var languages []string
	found := languagesLine.FindStringSubmatch(module)
	if found == nil || json.Unmarshal([]byte(found[1]), &languages) != nil {
		return "", nil, errors.New("no line names the languages: export const languages = [\"en\", …];")
	}
	lines := strings.Split(module, "\n")
	messages, err := takeRows(lines, len(languages))
	if err != nil {
		return "", nil, err
	}
	files = map[string][]byte{}
	for i, language := range languages {
		files["words."+language+".js"] = words(messages, i)
	}
	return strings.Join(lines, "\n"), files, nil
}

// takeRows empties the lines of the table and returns its rows.
func takeRows(lines []string, languages int) ([]message, error) {
	var all []message
	inside := false
	for i, line := range lines {
		switch {
		case line == tableStart:
			inside = true
		case inside && line == tableEnd:
			return all, nil
		case !inside || noRow.MatchString(line):
		default:
			m, err := parseRow(line, languages)
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			all, lines[i] = append(all, m), ""
		}
	}
	return nil, fmt.Errorf("no table: it begins with the line %q and ends with %q", tableStart, tableEnd)
}

func parseRow(line string, languages int) (message, error) {
	found := row.FindStringSubmatch(line)
	if found == nil {
		return message{}, fmt.Errorf("a message takes one line, such as `  well: [\"well\", \"正常\"],`, not %q", line)
	}
	m := message{key: found[1]}
	if err := json.Unmarshal([]byte(found[2]), &m.texts); err != nil {
		return message{}, fmt.Errorf("%s: texts are strings in double quotes: %w", m.key, err)
	}
	if len(m.texts) != languages {
		return message{}, fmt.Errorf("%s has %d texts, want one for each of %d languages", m.key, len(m.texts), languages)
	}
	return m, nil
}

// words is the module of one language: the table with the texts of the others empty.
func words(messages []message, language int) []byte {
	var out bytes.Buffer
	out.WriteString("export const words = {\n")
	for _, m := range messages {
		texts := make([]string, len(m.texts))
		texts[language] = m.texts[language]
		fmt.Fprintf(&out, "%s:%s,\n", m.key, literal(texts))
	}
	out.WriteString("};\n")
	return out.Bytes()
}

// literal is JSON, which JavaScript reads too, with < and > as they are.
func literal(texts []string) []byte {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(texts); err != nil {
		panic(err) // strings: always JSON
	}
	return bytes.TrimSpace(out.Bytes())
}
