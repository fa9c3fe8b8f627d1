package tacho

import (
	"encoding/json"
	"reflect"

	"github.com/tacho-go/tacho/schema"
)

// A sharedKey defines how a field of Options is written in the shared config. Archives keep that
// text, so keys must not change.
type sharedKey struct {
	key   string
	write func(o *Options, field reflect.Value) any // nil omits the key
	read  func(o *Options, field reflect.Value, text []byte) error
}

// private is a field that other programs do not need.
var private = sharedKey{key: "-"}

// as is a field that is written unchanged, unless it is zero.
func as(key string) sharedKey {
	return sharedKey{
		key: key,
		write: func(_ *Options, field reflect.Value) any {
			if field.IsZero() {
				return nil
			}
			return field.Interface()
		},
		read: func(_ *Options, field reflect.Value, text []byte) error {
			return json.Unmarshal(text, field.Addr().Interface())
		},
	}
}

// with is a field that another entry writes and reads under this key.
func with(key string) sharedKey { return sharedKey{key: key} }

var sharedSchemas = sharedKey{
	key:   "schemas",
	write: func(o *Options, _ reflect.Value) any { return o.allSchemas() },
	read: func(o *Options, _ reflect.Value, text []byte) error {
		var all []schema.Schema
		if err := json.Unmarshal(text, &all); err != nil || len(all) == 0 {
			return err
		}
		o.Schema, o.AlsoSchemas = all[0], all[1:]
		return nil
	},
}

// sharedConstLabels include the constant ones of Options.Labels.
var sharedConstLabels = sharedKey{
	key: "const_labels",
	write: func(o *Options, _ reflect.Value) any {
		if all := o.constLabels(); len(all) > 0 {
			return all
		}
		return nil
	},
	read: as("").read,
}

// sharedLabels are the names of the computed ones; the cells have their values.
var sharedLabels = sharedKey{
	key: "labels",
	write: func(o *Options, _ reflect.Value) any {
		var all []string
		for _, l := range o.dynamicLabels() {
			all = append(all, l.Name)
		}
		if all == nil {
			return nil
		}
		return all
	},
	read: func(o *Options, _ reflect.Value, text []byte) error {
		var all []string
		err := json.Unmarshal(text, &all)
		for _, name := range all {
			o.Labels = append(o.Labels, Label{Name: name, Func: noValue})
		}
		return err
	},
}

var sharedGroup = sharedKey{
	key: "group_by",
	write: func(o *Options, _ reflect.Value) any {
		if o.GroupBy.Name == "" {
			return nil
		}
		return o.GroupBy.Name
	},
	read: func(o *Options, _ reflect.Value, text []byte) error {
		o.GroupBy.Func = noValue
		return json.Unmarshal(text, &o.GroupBy.Name)
	},
}

func noValue(Request) string { return "" }

var sharedWrapping = sharedKey{
	key: "wrapping",
	write: func(o *Options, _ reflect.Value) any {
		if o.wrapped.none() {
			return nil
		}
		return o.wrapped
	},
	read: func(o *Options, _ reflect.Value, text []byte) error { return json.Unmarshal(text, &o.wrapped) },
}
