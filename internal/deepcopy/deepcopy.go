// Package deepcopy copies a configuration, so that neither side sees what the
// other does to a slice or a map. Any package may call it; it depends on the
// standard library only.
package deepcopy

import "reflect"

// Of returns a copy of v that has its own slices and maps, at every depth of
// structs, slices and maps. A nil one stays nil, and an empty one stays empty.
//
// What is behind pointers, interfaces and functions is shared, and so are the
// unexported fields of structs.
func Of[T any](v T) T {
	own(reflect.ValueOf(&v).Elem())
	return v
}

// own replaces the slices and maps in v, which can be set.
func own(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if field := v.Field(i); field.CanSet() {
				own(field)
			}
		}
	case reflect.Slice:
		if !v.IsNil() {
			v.Set(slice(v))
		}
	case reflect.Map:
		if !v.IsNil() {
			v.Set(table(v))
		}
	}
}

func slice(v reflect.Value) reflect.Value {
	all := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	reflect.Copy(all, v)
	for i := range all.Len() {
		own(all.Index(i))
	}
	return all
}

func table(v reflect.Value) reflect.Value {
	all := reflect.MakeMapWithSize(v.Type(), v.Len())
	for entry := v.MapRange(); entry.Next(); {
		value := reflect.New(v.Type().Elem()).Elem()
		value.Set(entry.Value())
		own(value)
		all.SetMapIndex(entry.Key(), value)
	}
	return all
}
