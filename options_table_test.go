package tacho

import (
	"log/slog"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// rowOf is the row of a field, and how many there are.
func rowOf(path string) (row option, n int) {
	for _, r := range optionTable {
		if r.path == path {
			row, n = r, n+1
		}
	}
	return row, n
}

// leaves are the paths of a struct's fields. A field that is a struct, and has no row
// itself, is a group: its fields are leaves.
func leaves(of reflect.Type, above string) (paths []string) {
	for i := range of.NumField() {
		field := of.Field(i)
		path := above + field.Name
		if _, rows := rowOf(path); rows == 0 && field.Type.Kind() == reflect.Struct {
			paths = append(paths, leaves(field.Type, path+".")...)
		} else {
			paths = append(paths, path)
		}
	}
	return paths
}

// TestOptionTable: every field of Options has one row, every row has a field, and
// every row fills every column. A field without a default, a check, a comparison or a
// key must say so.
func TestOptionTable(t *testing.T) {
	all := leaves(reflect.TypeFor[Options](), "")
	for _, path := range all {
		if _, rows := rowOf(path); rows != 1 {
			t.Errorf("Options.%s has %d rows in optionTable, want 1", path, rows)
		}
	}
	keys := map[string]int{}
	for _, row := range optionTable {
		if !slices.Contains(all, row.path) {
			t.Errorf("optionTable has a row for Options.%s, which is no field, or a field of one that has a row itself", row.path)
		}
		if row.unset == nil || row.check == nil || row.compare == nil || row.shared.key == "" {
			t.Errorf("the row of Options.%s is not full: zero, anyValue, mayDiffer and private say that there is nothing to do", row.path)
		}
		if row.shared.write != nil {
			keys[row.shared.key]++
		}
	}
	for _, row := range optionTable {
		if key := row.shared.key; row.shared.write == nil && key != private.key && keys[key] == 0 || keys[key] > 1 {
			t.Errorf("Options.%s is shared as %q, which %d rows write, want 1", row.path, key, keys[key])
		}
	}
}

// set gives a field another value than the default, whether it is right or not.
func set(field reflect.Value) {
	switch field.Kind() {
	case reflect.Bool:
		field.SetBool(!field.Bool())
	case reflect.Int, reflect.Int64:
		field.SetInt(field.Int() + 1)
	case reflect.String:
		field.SetString(field.String() + "x")
	case reflect.Slice:
		more := reflect.New(field.Type().Elem()).Elem()
		if more.Kind() == reflect.Float64 {
			more.SetFloat(1e6)
		} else {
			set(more)
		}
		field.Set(reflect.Append(field, more))
	case reflect.Map:
		field.Set(reflect.MakeMap(field.Type()))
		field.SetMapIndex(reflect.ValueOf("x"), reflect.Zero(field.Type().Elem()))
	case reflect.Struct: // by its name, as a Schema or a Label
		set(field.FieldByName("Name"))
	case reflect.Func:
		field.Set(reflect.MakeFunc(field.Type(), nil))
	}
}

// settable are the rows of fields that users set, without those of one type each.
func settable() []option {
	return slices.DeleteFunc(slices.Clone(optionTable), func(row option) bool {
		name := row.path[strings.LastIndexByte(row.path, '.')+1:]
		return name[0] >= 'a' || slices.Contains([]string{"Registerer", "Gatherer", "Logger"}, row.path)
	})
}

// TestOptionsDiffer: what must be equal in two Meters on a registry is told by its full
// path; what may differ is not.
func TestOptionsDiffer(t *testing.T) {
	free := []string{ // all others must be equal
		"OmitRuntime", "Namespace", "ConstLabels", "TraceFunc", "RouteFunc", "Exclude.Func", "Endpoint.Timeout", "Endpoint.MaxScrapes", "Endpoint.PythonFormat",
		"Endpoint.Access.Allow", "Endpoint.Access.Users", "Endpoint.Access.BearerTokens", "Endpoint.Access.Middleware", "Endpoint.Access.Public", "Endpoint.NoCompression", "Endpoint.CreatedSamples",
	}
	for _, row := range settable() {
		a, b := Options{Multiproc: Multiproc{Dir: "/a"}}.withDefaults(), Options{Multiproc: Multiproc{Dir: "/a"}}.withDefaults()
		set(row.field(&b))
		want := row.path
		if slices.Contains(free, row.path) {
			want = ""
		}
		if row.path == "Multiproc.Off" {
			want = "Multiproc.Dir" // it comes first, and is not used
		}
		if got := difference(a, b); got != want {
			t.Errorf("another %s: got the difference %q, want %q", row.path, got, want)
		}
	}
	a, b := Options{Registerer: prometheus.NewRegistry(), Logger: slog.Default()}, Options{Logger: slog.New(slog.DiscardHandler)}
	if got := difference(a.withDefaults(), b.withDefaults()); got != "" {
		t.Errorf("got the difference %q", got)
	}
}

// TestOptionsShared: what is shared changes the shared config, and nothing else does.
func TestOptionsShared(t *testing.T) {
	text := func(o Options) string {
		t.Helper()
		text, err := sharedConfig(o)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	for _, row := range settable() {
		o := Options{}.withDefaults()
		before := text(o)
		set(row.field(&o))
		if changed, shared := text(o) != before, row.shared.key != private.key; changed != shared {
			t.Errorf("another %s: the shared config changes: %t, want %t", row.path, changed, shared)
		}
	}
}

// TestOptionChecks: every check of the table has a case in TestOptionsErrors, which
// names the field by its full path.
func TestOptionChecks(t *testing.T) {
	named := map[string]bool{}
	field := regexp.MustCompile(`Options\.([\w.]+)`)
	for _, test := range wrongOptions {
		for _, part := range test.want {
			for _, found := range field.FindAllStringSubmatch(part, -1) {
				named[found[1]] = true
			}
		}
	}
	nothing := reflect.ValueOf(anyValue).Pointer()
	for _, row := range optionTable {
		if reflect.ValueOf(row.check).Pointer() != nothing && !named[row.path] {
			t.Errorf("TestOptionsErrors has no case for Options.%s", row.path)
		}
	}
}

// TestOptionDefaults: New fills in what is unset, and keeps what is set.
func TestOptionDefaults(t *testing.T) {
	t.Setenv("PROMETHEUS_MULTIPROC_DIR", "")
	given := Options{RouteFunc: func(*http.Request) string { return "" }}
	filled := given.withDefaults()
	for _, row := range optionTable {
		unset := row.unset(&Options{})
		want := unset != nil && !reflect.ValueOf(unset).IsZero()
		if got := !row.field(&filled).IsZero(); row.path != "RouteFunc" && got != want && row.path != "Exclude.byDefault" {
			t.Errorf("Options.%s is filled in: %t, want %t", row.path, got, want)
		}
	}
	for _, row := range settable() {
		o := Options{}
		set(row.field(&o))
		before := row.field(&o).Interface()
		if o = o.withDefaults(); row.field(&o).Kind() != reflect.Func && !reflect.DeepEqual(row.field(&o).Interface(), before) {
			t.Errorf("Options.%s was %v, and is %v", row.path, before, row.field(&o).Interface())
		}
	}
}
