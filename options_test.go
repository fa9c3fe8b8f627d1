package tacho

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/tacho-go/tacho/schema"
)

// onlyRegisterer hides that a registry can gather.
type onlyRegisterer struct{ prometheus.Registerer }

// wrongOptions are refused, for these reasons.
var wrongOptions = []struct {
	name string
	opts Options
	want []string // parts of the message
}{
	{"unsorted buckets", Options{Buckets: Buckets{Latency: []float64{1, .5}}}, []string{"Options.Buckets.Latency: bound 0.5 does not exceed the one before it, 1"}},
	{"no buckets", Options{Buckets: Buckets{Latency: []float64{}}}, []string{"Options.Buckets.Latency: is empty; leave it nil for the default"}},
	{"infinite bucket", Options{Buckets: Buckets{Latency: []float64{1, math.Inf(1)}}}, []string{"Options.Buckets.Latency: bound +Inf", "+Inf is added for you"}},
	{"NaN bucket", Options{Buckets: Buckets{Size: []float64{math.NaN()}}}, []string{"Options.Buckets.Size: bound NaN"}},
	{"negative bucket", Options{Buckets: Buckets{Stream: []float64{-1}}}, []string{"Options.Buckets.Stream: bound -1"}},
	{"too many buckets", Options{Buckets: Buckets{Latency: manyBounds(201)}}, []string{"Options.Buckets.Latency: has 201 bounds; at most 200"}},
	{"namespace", Options{Namespace: "my-shop"}, []string{`Options.Namespace: "my-shop" is not a valid metric name prefix`}},
	{"const label name", Options{ConstLabels: map[string]string{"a b": "x"}}, []string{`Options.ConstLabels: "a b" is not a valid label name`}},
	{"const label taken", Options{ConstLabels: map[string]string{"path": "x"}}, []string{`Options.ConstLabels: "path" is already a label`}},
	{"const label le", Options{ConstLabels: map[string]string{"le": "x"}}, []string{`Options.ConstLabels: "le" is already a label`}},
	{"const label of our own", Options{ConstLabels: map[string]string{"metric": "x"}}, []string{`Options.ConstLabels: "metric" is already a label of what tacho says about itself`}},
	{"const label of the info", Options{Schema: schema.Flask(), ConstLabels: map[string]string{"version": "x"}}, []string{`Options.ConstLabels: "version" is already a label`}},
	{"schema twice", Options{AlsoSchemas: []schema.Schema{schema.Default()}}, []string{"Options.AlsoSchemas", `"default" and "default" both export http_requests_total`, "WithPrefix"}},
	{"schema without requests", Options{Schema: schema.Schema{Name: "mine", InFlight: schema.Default().InFlight}}, []string{`Options.Schema: "mine" names neither`}},
	{"schema of a wrong kind", Options{Schema: wrongKind()}, []string{"Options.Schema: http_requests_total", "it is a gauge; only [counter] can be recorded there"}},
	{"schema with wrong buckets", Options{Schema: wrongBuckets()}, []string{"Options.Schema.Buckets: bound 1 does not exceed"}},
	{"schema with a dotted name", Options{Schema: schemaNamed("http.requests.total")}, []string{`Options.Schema: http.requests.total of "default": "http.requests.total" is not a valid metric name`}},
	{"schema with a newline", Options{Schema: schemaNamed("a 1\nb")}, []string{`"a 1\nb" is not a valid metric name`}},
	{"schema with a bad prefix", Options{Schema: schema.Default().WithPrefix("my-shop")}, []string{`"my-shop_http_requests_total" is not a valid metric name`}},
	{"other schema with a dotted name", Options{AlsoSchemas: []schema.Schema{schemaNamed("x.y")}}, []string{`Options.AlsoSchemas: x.y of "default"`}},
	{"schema with a bad label", Options{Schema: relabeled("path\"} 1\nx{a=\"")}, []string{`Options.Schema: http_requests_total of "default"`, "is not a valid label name"}},
	{"schema with a reserved label", Options{Schema: relabeled("__name__")}, []string{`"__name__" is not a valid label name`}},
	{"schema with a label twice", Options{Schema: relabeled("method")}, []string{"http_requests_total has the label method twice"}},
	{"schema with le", Options{Schema: relabeled("le")}, []string{`"le" is what Prometheus itself calls a label`}},
	{"schema with a bad client name", Options{Schema: clientNamed("http client")}, []string{`"http client" is not a valid metric name`}},
	{"schema with a histogram's sample", Options{Schema: schemaNamed("http_request_duration_seconds_count")}, []string{"or a sample of it, has the name of another metric"}},
	{"schema with a self-metric's name", Options{Schema: schemaNamed("tacho_series")}, []string{"tacho_series", "has the name of another metric"}},
	{"buckets of schemas together", Options{AlsoSchemas: manySchemas()}, []string{"Options.AlsoSchemas: the buckets of all schemas together are 272; at most 200"}},
	{"label without a name", Options{Labels: []Label{{Value: "x"}}}, []string{`Options.Labels: "" is not a valid label name`}},
	{"label twice", Options{Labels: []Label{{Name: "a"}, {Name: "a"}}}, []string{`Options.Labels: "a" is already a label`}},
	{"label that is constant too", Options{ConstLabels: map[string]string{"a": ""}, Labels: []Label{{Name: "a"}}}, []string{`Options.Labels: "a" is already a label`}},
	{"label with both", Options{Labels: []Label{{Name: "a", Value: "x", Func: Request.Path}}}, []string{`"a" has both a Value and a Func`}},
	{"label with two bounds", Options{Labels: []Label{{Name: "a", Func: Request.Path, Values: []string{"x"}, Max: 3}}}, []string{`"a" has both Values and Max`}},
	{"label with a negative bound", Options{Labels: []Label{{Name: "a", Func: Request.Path, Max: -1}}}, []string{`"a" has a Max of -1`}},
	{"group that is a label", Options{GroupBy: Label{Name: "status", Func: Request.Path}}, []string{`Options.GroupBy: "status" is already a label of http_requests_total`}},
	{"group and label", Options{GroupBy: Label{Name: "a", Func: Request.Path}, Labels: []Label{{Name: "a"}}}, []string{`Options.Labels: "a" is already a label`}},
	{"route's buckets", Options{Buckets: Buckets{ByRoute: map[string][]float64{"/a": {2, 1}}}}, []string{`Options.Buckets.ByRoute["/a"]: bound 1 does not exceed`}},
	{"pattern", Options{Exclude: Exclude{Patterns: []string{"/a", "[x"}}}, []string{`Options.Exclude.Patterns: "[x" is not a regular expression`}},
	{"method", Options{Methods: []string{"G E T"}}, []string{`Options.Methods: "G E T" is not an HTTP method`}},
	{"limit", Options{SeriesLimit: -1}, []string{"Options.SeriesLimit: -1 is not a number of label sets"}},
	{"status", Options{Status: Status{Initial: []int{99}}}, []string{"Options.Status.Initial: 99 is not a final HTTP status"}},
	{"exclude", Options{Exclude: Exclude{Paths: []string{"healthz"}}}, []string{`Options.Exclude.Paths: "healthz": a path, template or glob begins with / or *`}},
	{"exclude glob", Options{Exclude: Exclude{Paths: []string{"/[a"}}}, []string{`Options.Exclude.Paths: "/[a": syntax error in pattern: close the bracket`}},
	{"timeout", Options{Endpoint: Endpoint{Timeout: -time.Second}}, []string{"Options.Endpoint.Timeout: -1s is negative"}},
	{"scrapes", Options{Endpoint: Endpoint{MaxScrapes: -1}}, []string{"Options.Endpoint.MaxScrapes: -1 is negative"}},
	{"address", Options{Endpoint: Endpoint{Access: Access{Allow: []string{"10.0.0.0/33"}}}}, []string{`Options.Endpoint.Access.Allow: "10.0.0.0/33" is neither an address nor a prefix`}},
	{"password", Options{Endpoint: Endpoint{Access: Access{Users: map[string]string{"ann": ""}}}}, []string{`Options.Endpoint.Access.Users: "ann" has an empty password`}},
	{"token", Options{Endpoint: Endpoint{Access: Access{BearerTokens: []string{""}}}}, []string{"Options.Endpoint.Access.BearerTokens: an empty token"}},
	{"public", Options{Endpoint: Endpoint{Access: Access{Public: true, BearerTokens: []string{"x"}}}}, []string{"Options.Endpoint.Access.Public: contradicts"}},
	{"gauge mode", Options{Multiproc: Multiproc{GaugeModes: map[string]string{"a": "avg"}}}, []string{`Options.Multiproc.GaugeModes["a"]: "avg" is not one of`}},
	{"service", Options{Multiproc: Multiproc{Service: "a\nb"}}, []string{`Options.Multiproc.Service: "a\nb" is not a name`}},
	{"directory", Options{Multiproc: Multiproc{Dir: "options_test.go"}}, []string{"Options.Multiproc.Dir: options_test.go is not a directory"}},
	{"metrics path", Options{Endpoint: Endpoint{Path: "metrics"}}, []string{`Options.Endpoint.Path: "metrics" does not begin with /`}},
	{"gatherer alone", Options{Gatherer: prometheus.NewRegistry()}, []string{"Options.Registerer: is missing"}},
	{"registerer that cannot gather", Options{Registerer: onlyRegisterer{prometheus.NewRegistry()}}, []string{"Options.Gatherer: is missing", "tacho.onlyRegisterer"}},
	{"several at once", Options{Namespace: "1", SeriesLimit: -5, Exclude: Exclude{Paths: []string{"x"}}}, []string{"Options.Namespace", "Options.SeriesLimit", "Options.Exclude.Paths"}},
}

func TestOptionsErrors(t *testing.T) {
	for _, test := range wrongOptions {
		t.Run(test.name, func(t *testing.T) {
			m, err := New(test.opts)
			if err == nil || m != nil {
				t.Fatalf("New gave %v, %v", m, err)
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("the error lacks %q:\n%v", part, err)
				}
			}
		})
	}
}

func schemaNamed(requests string) schema.Schema {
	s := schema.Default()
	s.Requests.Name = requests
	return s
}

// relabeled is a schema that calls the route's label something else.
func relabeled(path string) schema.Schema {
	s := schema.Default()
	s.Requests.Labels = slices.Clone(s.Requests.Labels)
	s.Requests.Labels[1].Name = path
	return s
}

func clientNamed(requests string) schema.Schema {
	s := schema.Default()
	s.Client.Requests.Name = requests
	return s
}

func wrongKind() schema.Schema {
	s := schema.Default()
	s.Requests.Kind = schema.Gauge
	return s
}

func wrongBuckets() schema.Schema {
	s := schema.Default()
	s.Buckets = []float64{2, 1}
	return s
}

func manySchemas() []schema.Schema {
	s := schema.Flask()
	s.Buckets = manyBounds(190)
	other := schema.Flask().WithPrefix("other")
	for i := range 70 {
		other.Buckets = append(other.Buckets, float64(1000+i))
	}
	return []schema.Schema{s, other}
}

func manyBounds(n int) []float64 {
	b := make([]float64, n)
	for i := range b {
		b[i] = float64(i + 1)
	}
	return b
}

// TestOptionsAreCopied: neither side sees what the other does to a slice.
func TestOptionsAreCopied(t *testing.T) {
	buckets, exclude := []float64{1, 2}, []string{"/a"}
	labels := map[string]string{"app": "shop"}
	m := MustNew(Options{Buckets: Buckets{Latency: buckets}, Exclude: Exclude{Paths: exclude}, ConstLabels: labels})
	buckets[0], exclude[0], labels["app"] = 7, "/b", "other"
	if m.opts.Buckets.Latency[0] != 1 || m.opts.Exclude.Paths[0] != "/a" || m.opts.ConstLabels["app"] != "shop" {
		t.Error("the Meter shares memory with the caller's Options")
	}
	if !reflect.DeepEqual(Options{}, Options{Buckets: Buckets{}}) || !slices.Equal(DefaultBuckets(), DefaultBuckets()) {
		t.Error("defaults changed")
	}
}

// TestNothingRegisteredOnError: a registry that a wrong Options named is as it
// was before.
func TestNothingRegisteredOnError(t *testing.T) {
	for _, opts := range []Options{{Namespace: "1"}, {SeriesLimit: -1}} {
		reg := prometheus.NewRegistry()
		opts.Registerer = reg
		if _, err := New(opts); err == nil {
			t.Fatal("no error")
		}
		if families, _ := reg.Gather(); len(families) != 0 {
			t.Errorf("%d families were registered all the same", len(families))
		}
	}
}

func TestRegistries(t *testing.T) {
	on := func(reg *prometheus.Registry, opts Options) (*Meter, error) {
		opts.Registerer = reg
		return New(opts)
	}
	t.Run("own registries share nothing", func(t *testing.T) {
		a, b := MustNew(Options{}), MustNew(Options{})
		if a.Gatherer() == b.Gatherer() || a.core == b.core {
			t.Error("two Meters share their metrics")
		}
	})
	t.Run("same registry, same options", func(t *testing.T) {
		reg := prometheus.NewRegistry()
		a, errA := on(reg, Options{})
		b, errB := on(reg, Options{})
		if err := errors.Join(errA, errB); err != nil || a.core != b.core {
			t.Errorf("%v; shared: %v", err, a.core == b.core)
		}
	})
	t.Run("wrapped registerer, same options", func(t *testing.T) {
		reg := prometheus.NewRegistry()
		wrapped := prometheus.WrapRegistererWith(prometheus.Labels{"app": "shop"}, reg)
		a, errA := New(Options{Registerer: wrapped, Gatherer: reg})
		b, errB := New(Options{Registerer: wrapped, Gatherer: reg})
		if err := errors.Join(errA, errB); err != nil || a.core != b.core {
			t.Errorf("%v", err)
		}
	})
	t.Run("same registry, other buckets", func(t *testing.T) {
		reg := prometheus.NewRegistry()
		_, errA := on(reg, Options{})
		_, errB := on(reg, Options{Buckets: Buckets{Latency: []float64{1}}})
		if errA != nil || errB == nil || !strings.Contains(errB.Error(), "Options.Buckets.Latency: differs") {
			t.Errorf("%v, %v", errA, errB)
		}
	})
	t.Run("same registry, told apart", func(t *testing.T) {
		reg := prometheus.NewRegistry()
		a, errA := on(reg, Options{ConstLabels: map[string]string{"app": "a"}})
		b, errB := on(reg, Options{ConstLabels: map[string]string{"app": "b"}, Buckets: Buckets{Latency: []float64{1}}})
		if err := errors.Join(errA, errB); err != nil || a.core == b.core {
			t.Error(err)
		}
		if _, err := reg.Gather(); err != nil {
			t.Error(err)
		}
	})
	t.Run("names taken by somebody else", func(t *testing.T) {
		reg := prometheus.NewRegistry()
		reg.MustRegister(prometheus.NewCounterVec(prometheus.CounterOpts{Name: "http_requests_total"}, []string{"code"}))
		_, err := on(reg, Options{})
		if err == nil || !strings.Contains(err.Error(), "set Options.Namespace") {
			t.Error(err)
		}
	})
	t.Run("runtime there already", func(t *testing.T) {
		reg := prometheus.NewRegistry()
		if err := registerRuntime(reg); err != nil {
			t.Fatal(err)
		}
		if _, err := on(reg, Options{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("runtime left out", func(t *testing.T) {
		families, _ := MustNew(Options{OmitRuntime: true}).Gatherer().Gather()
		with, _ := MustNew(Options{}).Gatherer().Gather()
		count := func(prefix string) (n int) {
			for _, f := range with {
				if strings.HasPrefix(f.GetName(), prefix) {
					n++
				}
			}
			return n
		}
		for _, f := range families {
			if strings.HasPrefix(f.GetName(), "go_") || strings.HasPrefix(f.GetName(), "process_") {
				t.Errorf("%s is there", f.GetName())
			}
		}
		if count("go_build_info") != 1 || count("go_") < 20 || count("process_") < 5 {
			t.Error("the default lacks runtime metrics")
		}
	})
}

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

// TestSharedConfig: archives hold shared configs, so that their text stays as it
// is; the options of one give the same again.
func TestSharedConfig(t *testing.T) {
	mine := schema.Schema{Name: "mine", Requests: schema.Family{Name: "hits_total", Help: "Hits.", Kind: schema.Counter}}
	other := schema.Schema{Name: "other", Buckets: []float64{1, 2}, Duration: schema.Family{Name: "hit_seconds", Help: "Hits.", Kind: schema.Histogram}}
	for _, test := range []struct {
		name string
		opts Options
		want string
	}{
		{"defaults", Options{Schema: mine}, `"size_buckets":[256,1024,4096,16384,65536,262144,1048576,4194304,16777216],` +
			`"stream_buckets":[1,5,15,60,300,900,3600,14400],"series_limit":2000`},
		{"everything", Options{
			Schema: mine, AlsoSchemas: []schema.Schema{other}, Namespace: "shop", ConstLabels: map[string]string{"app": "a"},
			Labels:  []Label{{Name: "team", Value: "x"}, {Name: "size", Func: Request.Path, Max: 5}},
			GroupBy: Label{Name: "shard", Func: Request.Path}, Status: Status{Class: true, Text: true},
			Buckets:          Buckets{Latency: []float64{1, 2}, ByRoute: map[string][]float64{"/hot": {1}}, Size: []float64{3}, Stream: []float64{4}},
			NativeHistograms: true, Minimal: true, OmitHTTP: true, Methods: []string{"PURGE"}, SeriesLimit: 77,
			wrapped: wrapping{Prefix: "x_", Labels: map[string]string{"a": "b"}},
		}, `"namespace":"shop","const_labels":{"app":"a","team":"x"},"labels":["size"],"group_by":"shard","group_status":true,"status_text":true,` +
			`"buckets":[1,2],"route_buckets":{"/hot":[1]},"size_buckets":[3],"stream_buckets":[4],"native_histograms":true,"minimal":true,` +
			`"omit_http":true,"methods":["PURGE"],"series_limit":77,"wrapping":{"prefix":"x_","labels":{"a":"b"}}`},
	} {
		schemas, err := json.Marshal(test.opts.allSchemas())
		if err != nil {
			t.Fatal(err)
		}
		text, err := sharedConfig(test.opts.withDefaults())
		if err != nil || !strings.HasPrefix(text, sharedStart) {
			t.Errorf("%s: got %v, %s", test.name, err, text)
		}
		if got, want := object(t, text), object(t, `{"what":"recipe","schemas":`+string(schemas)+","+test.want+"}"); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got\n%v\nwant\n%v", test.name, got, want)
		}
		read, err := sharedOptions(text)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := sharedConfig(read.withDefaults()); again != text {
			t.Errorf("%s: %v, it becomes\n%s\nfrom\n%s", test.name, err, again, text)
		}
	}
}

func object(t *testing.T, text string) (keys map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &keys); err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestSharedConfigErrors: a config that cannot be followed is refused, and says why.
func TestSharedConfigErrors(t *testing.T) {
	for text, want := range map[string]string{
		`{"what":"recipe",`:                    "unexpected end of JSON input",
		`{"what":"recipe","series_limit":1}`:   "it names no schema",
		`{"what":"recipe","schemas":[]}`:       "it names no schema",
		`{"what":"recipe","schemas":7}`:        "schemas: json: cannot unmarshal number",
		`{"what":"recipe","labels":{}}`:        "labels: json: cannot unmarshal object",
		`{"what":"recipe","series_limit":"x"}`: "series_limit: json: cannot unmarshal string",
	} {
		if _, err := sharedOptions(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
