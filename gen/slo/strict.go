package slo

import (
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"
)

// unknown finds the first field of a node that a type does not have, or has in another form.
func unknown(n *yaml.Node, into any) error { return unknownIn(n, reflect.TypeOf(into), "") }

func unknownIn(n *yaml.Node, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case n.Kind == yaml.AliasNode:
		return unknownIn(n.Alias, t, path)
	case n.Tag == "!!null":
	case t.Kind() == reflect.Slice && n.Kind != yaml.SequenceNode:
		return wrongAt(n, "%s must be a list", strings.TrimSuffix(path, "."))
	case (t.Kind() == reflect.Struct || t.Kind() == reflect.Map) && n.Kind != yaml.MappingNode:
		return wrongAt(n, "%s must have fields", strings.TrimSuffix(path, "."))
	case t.Kind() == reflect.String && n.Kind != yaml.ScalarNode:
		return wrongAt(n, "%s must be a text", strings.TrimSuffix(path, "."))
	case n.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
		for _, item := range n.Content {
			if err := unknownIn(item, t.Elem(), path); err != nil {
				return err
			}
		}
	case t.Kind() == reflect.Map:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if err := unknownIn(n.Content[i+1], t.Elem(), path+n.Content[i].Value+"."); err != nil {
				return err
			}
		}
	case n.Kind == yaml.MappingNode && t.Kind() == reflect.Struct:
		fields := fieldsOf(t)
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			inner, ok := fields[key.Value]
			if !ok {
				return wrongAt(key, "there is no field %s%s", path, key.Value)
			}
			if err := unknownIn(n.Content[i+1], inner, path+key.Value+"."); err != nil {
				return err
			}
		}
	}
	return nil
}

// fieldsOf are the types of a struct's fields by their names in YAML.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := make(map[string]reflect.Type, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		fields[name] = t.Field(i).Type
	}
	return fields
}
