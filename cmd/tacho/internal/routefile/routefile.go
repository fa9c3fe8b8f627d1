// Package routefile reads the routes of a service from a file: an OpenAPI document or a printed
// list. Command tacho uses it.
package routefile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/tacho-go/tacho/sidecar/routes"
)

// maxBytes limits the file's size.
const maxBytes = 16 << 20

// Read reads a file of routes. An error names the file and the line.
func Read(file string) ([]routes.Route, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(text) > maxBytes {
		return nil, fmt.Errorf("%s: it has more than %d MiB", file, maxBytes>>20)
	}
	list, err := Parse(text)
	if err != nil {
		return nil, prefixLines(file, err)
	}
	return list, nil
}

// prefixLines puts the file's name before each line of an error.
func prefixLines(file string, err error) error {
	var all []error
	for line := range strings.SplitSeq(err.Error(), "\n") {
		all = append(all, fmt.Errorf("%s: %s", file, line))
	}
	return errors.Join(all...)
}

// Parse reads routes from an OpenAPI 3 document, in YAML or JSON, or from a list. The routes are
// checked.
func Parse(text []byte) (list []routes.Route, err error) {
	if isOpenAPI(text) {
		list, err = parseOpenAPI(text)
	} else {
		list, err = routes.ParseList(text)
	}
	if err == nil {
		_, err = routes.NewTable(list)
	}
	return list, err
}

// isOpenAPI reports whether a text is an OpenAPI document rather than a list: it has a key openapi
// or swagger at its top.
func isOpenAPI(text []byte) bool {
	for line := range bytes.Lines(text) {
		line = bytes.TrimLeft(line, "{ \t\"'")
		if bytes.HasPrefix(line, []byte("openapi")) || bytes.HasPrefix(line, []byte("swagger")) {
			return true
		}
	}
	return false
}

// operations are the keys of a path item that are methods (OpenAPI 3.2, Path Item Object).
var operations = []string{"get", "put", "post", "delete", "options", "head", "patch", "trace", "query"}

// parseOpenAPI reads the paths of a document. It follows references of path items within it, and
// none beyond it. Aliases are not expanded, so that a small document stays small.
func parseOpenAPI(text []byte) ([]routes.Route, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	root := &document
	if len(document.Content) > 0 {
		root = document.Content[0]
	}
	if v := value(root, "openapi"); v == nil || !strings.HasPrefix(v.Value, "3.") {
		return nil, errors.New("only OpenAPI 3 is supported: the key openapi must be 3.x")
	}
	paths := value(root, "paths")
	if paths == nil || paths.Kind != yaml.MappingNode {
		return nil, errors.New("it has no paths")
	}
	base := basePath(root)
	var list []routes.Route
	for i := 0; i+1 < len(paths.Content); i += 2 {
		key := paths.Content[i]
		if strings.HasPrefix(key.Value, "x-") {
			continue
		}
		list = append(list, routes.Route{Template: base + key.Value, Methods: methodsOf(root, paths.Content[i+1]), Line: key.Line})
	}
	if len(list) == 0 {
		return nil, errors.New("it has no paths")
	}
	return list, nil
}

// basePath returns the path of the first server: /v1 of https://example.org/v1 and of /v1.
func basePath(root *yaml.Node) string {
	servers := value(root, "servers")
	if servers == nil || servers.Kind != yaml.SequenceNode || len(servers.Content) == 0 {
		return ""
	}
	u := value(servers.Content[0], "url")
	if u == nil {
		return ""
	}
	path := u.Value
	if _, after, ok := strings.Cut(path, "://"); ok {
		_, path, _ = strings.Cut(after, "/")
		path = "/" + path
	}
	if !strings.HasPrefix(path, "/") {
		return ""
	}
	return strings.TrimSuffix(path, "/")
}

func methodsOf(root, item *yaml.Node) (methods []string) {
	if ref := value(item, "$ref"); ref != nil {
		item = resolve(root, ref.Value)
	}
	if item == nil || item.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(item.Content); i += 2 {
		if slices.Contains(operations, item.Content[i].Value) {
			methods = append(methods, strings.ToUpper(item.Content[i].Value))
		}
	}
	return methods
}

// resolve returns the node of a reference within the document, such as #/components/pathItems/user.
func resolve(root *yaml.Node, ref string) *yaml.Node {
	path, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil
	}
	node := root
	for key := range strings.SplitSeq(path, "/") {
		key = strings.NewReplacer("~1", "/", "~0", "~").Replace(key)
		if node = value(node, key); node == nil {
			return nil
		}
	}
	return node
}

// value returns the value of a key of a mapping, nil without one.
func value(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
