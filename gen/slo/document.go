package slo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Read reads the objectives of a file: OpenSLO's SLO (openslo/v1), Sloth's (prometheus/v1, and its custom
// resource sloth.slok.dev/v1) and Pyrra's ServiceLevelObjective (pyrra.dev/v1alpha1). A file may hold several documents of any of them. Fields
// that do not exist, and those that cannot be honored, are errors with the line.
func Read(name string, text []byte) ([]Objective, error) {
	all, err := readDocuments(text)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	for i := range all {
		all[i].Source = name + all[i].Source
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%s: it has no objective", name)
	}
	filled, err := checked(all)
	return filled, err
}

func readDocuments(text []byte) (all []Objective, err error) {
	var slis []openSLI
	var documents []*yaml.Node
	in := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		switch err := in.Decode(&n); {
		case errors.Is(err, io.EOF):
			return readAll(documents, slis)
		case err != nil:
			return nil, fmt.Errorf(" %s", strings.TrimPrefix(err.Error(), "yaml: "))
		}
		for _, top := range n.Content {
			switch {
			case top.Kind == yaml.MappingNode:
				documents = append(documents, top)
			case top.Tag != "!!null": // nothing but comments is no document
				return nil, wrongAt(top, "it is no objective: write a document of OpenSLO, Sloth or Pyrra")
			}
		}
	}
}

// readAll reads OpenSLO's SLIs first, to which its SLOs refer.
func readAll(documents []*yaml.Node, slis []openSLI) (all []Objective, err error) {
	for _, n := range documents {
		if child(n, "apiVersion") == openVersion && child(n, "kind") == "SLI" {
			var s openSLI
			if err := strict(n, &s); err != nil {
				return nil, err
			}
			slis = append(slis, s)
		}
	}
	for _, n := range documents {
		objectives, err := readDocument(n, slis)
		if err != nil {
			return nil, err
		}
		all = append(all, objectives...)
	}
	return all, nil
}

func readDocument(n *yaml.Node, slis []openSLI) ([]Objective, error) {
	version, kind := child(n, "apiVersion"), child(n, "kind")
	switch {
	case child(n, "version") == slothVersion:
		return readSloth(n)
	case version == slothResource && kind == "PrometheusServiceLevel":
		return readSlothResource(n)
	case version == pyrraVersion && kind == "ServiceLevelObjective":
		return readPyrra(n)
	case version == openVersion && kind == "SLO":
		return readOpen(n, slis)
	case version == openVersion && slices.Contains([]string{"SLI", "Service"}, kind):
		return nil, nil // read before; a service has nothing but texts
	case version == openVersion:
		return nil, wrongAt(n, "OpenSLO's %s is not read: tacho writes its own alerts, data sources and notifications", kind)
	}
	return nil, wrongAt(n, "it is neither OpenSLO (%s), Sloth (%s) nor Pyrra (%s), but has apiVersion %q, kind %q and version %q",
		openVersion, slothVersion, pyrraVersion, version, kind, child(n, "version"))
}

// A placed error begins with the line and the column.
func wrongAt(n *yaml.Node, format string, args ...any) error {
	return fmt.Errorf("%d:%d: "+format, append([]any{n.Line, n.Column}, args...)...)
}

// field is the value of a mapping's key, or nil.
func field(n *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		if n == nil || n.Kind != yaml.MappingNode {
			return nil
		}
		var found *yaml.Node
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				found = n.Content[i+1]
			}
		}
		n = found
	}
	return n
}

// child is the text of a mapping's key.
func child(n *yaml.Node, key string) string {
	if f := field(n, key); f != nil {
		return f.Value
	}
	return ""
}

// strict decodes a node, and rejects fields that do not exist or have another form with their line and column.
func strict(n *yaml.Node, into any) error {
	text, err := yaml.Marshal(n)
	if err != nil {
		return err
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err == nil {
		return nil
	}
	// The lines of that error are those of the copy: find the field in the original.
	if err := unknown(n, into); err != nil {
		return err
	}
	if err := n.Decode(into); err != nil { // has the right lines
		var wrong *yaml.TypeError
		if errors.As(err, &wrong) {
			return errors.New(strings.Replace(strings.TrimPrefix(wrong.Errors[0], "line "), ": ", ":1: ", 1))
		}
		return wrongAt(n, "%s", err)
	}
	return nil
}

// reject returns an error for the first of these fields that is set.
func reject(n *yaml.Node, fields map[string]string) error {
	var paths []string
	for path := range fields {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		f := field(n, strings.Split(path, ".")...)
		if f != nil && f.Tag != "!!null" && len(f.Content)+len(f.Value) > 0 {
			return wrongAt(f, "%s cannot be honored: %s", path, fields[path])
		}
	}
	return nil
}

func position(n *yaml.Node) string { return fmt.Sprintf(":%d", n.Line) }
