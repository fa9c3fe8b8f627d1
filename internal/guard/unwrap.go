package guard

import (
	"reflect"
	"unsafe"

	"github.com/prometheus/client_golang/prometheus"
)

// client_golang's wrappers (such as WrapRegistererWith) collect in a goroutine of their own: a
// panic there ends the process, and cannot be recovered from outside. So the guard goes inside: it
// removes the wrapper and puts an equal one around the guarded collector. Registries then also find
// the user's collector in a wrapper, as they do in their own.

// A layer is the labels and prefix that one wrapper adds.
type layer struct {
	prefix string
	labels prometheus.Labels
}

var wrapper = reflect.TypeOf(prometheus.WrapCollectorWith(nil, nil))

// unwrapped returns the collector inside wrappers, and what these add, the outermost first. Their
// fields are not exported. If a release of client_golang has other fields, the collector is not
// unwrapped.
func unwrapped(c prometheus.Collector) (inner prometheus.Collector, layers []layer) {
	for reflect.TypeOf(c) == wrapper && wrapper.Kind() == reflect.Pointer {
		w := reflect.ValueOf(c).Elem()
		wrapped, ok := hidden[prometheus.Collector](w, "wrappedCollector")
		prefix, hasPrefix := hidden[string](w, "prefix")
		labels, hasLabels := hidden[prometheus.Labels](w, "labels")
		if !ok || !hasPrefix || !hasLabels || wrapped == nil {
			break
		}
		c, layers = wrapped, append(layers, layer{prefix, labels})
	}
	return c, layers
}

// hidden reads an unexported field, if there is one of that type.
func hidden[T any](of reflect.Value, name string) (value T, ok bool) {
	f := of.FieldByName(name)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		return value, false
	}
	return *(*T)(unsafe.Pointer(f.UnsafeAddr())), true
}

// rewrapped puts wrappers around a collector.
func rewrapped(c prometheus.Collector, layers []layer) prometheus.Collector {
	for i := len(layers) - 1; i >= 0; i-- {
		if l := layers[i]; l.prefix != "" {
			c = prometheus.WrapCollectorWithPrefix(l.prefix, c)
		}
		if l := layers[i]; len(l.labels) > 0 || l.prefix == "" {
			c = prometheus.WrapCollectorWith(l.labels, c)
		}
	}
	return c
}
