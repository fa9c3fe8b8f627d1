// Package setup writes a commented settings file for a command.
package setup

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// A Target is something that responds with metrics.
type Target struct {
	Address string
	About   string // what it exports
}

// A Setting is one of the command's flags.
type Setting struct {
	Name, About string
	Values      []string // the defaults
	List        bool
}

// File returns the file: the targets, and every other setting as a comment with its default, so that it can
// be changed in place.
func File(command string, targets []Target, all []Setting) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Settings of tacho %[1]s, written by tacho generate init. Edit them, and run:\n#   tacho %[1]s --settings FILE\n"+
		"# A key is the name of a flag. Lines that are commented out are the defaults.\n\n%[1]s:\n", command)
	b.WriteString("  # What to scrape: NAME=ADDRESS names the service.\n")
	if len(targets) == 0 {
		b.WriteString("  # Nothing on this machine responds with metrics yet.\n  target: []\n    # - shop=localhost:8080\n")
	} else {
		b.WriteString("  target:\n")
	}
	for _, t := range targets {
		text, err := scalar(t.Address)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "    # %s\n    - %s\n", oneLine(t.About), text)
	}
	for _, s := range all {
		if err := s.write(&b); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// write writes a setting as a comment: a text that is YAML once the # is removed.
func (s Setting) write(b *bytes.Buffer) error {
	fmt.Fprintf(b, "\n  # %s\n", oneLine(s.About))
	if s.List && len(s.Values) == 0 {
		fmt.Fprintf(b, "  # %s: []\n", s.Name)
		return nil
	}
	if !s.List {
		text, err := scalar(s.Values[0])
		fmt.Fprintf(b, "  # %s: %s\n", s.Name, text)
		return err
	}
	fmt.Fprintf(b, "  # %s:\n", s.Name)
	for _, v := range s.Values {
		text, err := scalar(v)
		if err != nil {
			return err
		}
		fmt.Fprintf(b, "  #   - %s\n", text)
	}
	return nil
}

// scalar writes a text as a value of YAML, without quotes where it is read as the same text anyway.
func scalar(text string) (string, error) {
	var read yaml.Node
	if err := yaml.Unmarshal([]byte("a: "+text), &read); err == nil && len(read.Content) == 1 {
		if v := read.Content[0].Content; len(v) == 2 && v[1].Kind == yaml.ScalarNode && v[1].Value == text && v[1].Tag != "!!null" {
			return text, nil
		}
	}
	out, err := yaml.Marshal(text)
	return strings.TrimSpace(string(out)), err
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
