package tacho

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/names"
	"github.com/tacho-go/tacho/internal/scan"
	"github.com/tacho-go/tacho/internal/store"
	"github.com/tacho-go/tacho/schema"
)

// check reports every wrong field of an Options whose defaults are filled in.
func (o Options) check() error {
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, fmt.Errorf("tacho: Options.%s: %s", field, fmt.Sprintf(format, args...)))
	}
	checkRegistry(o, wrong)
	checkLabels(o, wrong)
	if o.Buckets != nil {
		checkBounds("Buckets", o.Buckets, wrong)
	}
	checkSchemas(o, wrong)
	checkBounds("SizeBuckets", o.SizeBuckets, wrong)
	checkBounds("StreamBuckets", o.StreamBuckets, wrong)
	for _, template := range slices.Sorted(maps.Keys(o.RouteBuckets)) {
		checkBounds(fmt.Sprintf("RouteBuckets[%q]", template), o.RouteBuckets[template], wrong)
	}
	checkMethods(o, wrong)
	if o.ScrapeTimeout < 0 {
		wrong("ScrapeTimeout", "%v is negative", o.ScrapeTimeout)
	}
	if o.MaxScrapes < 0 {
		wrong("MaxScrapes", "%d is negative", o.MaxScrapes)
	}
	if o.SeriesLimit < 0 || o.SeriesLimit > store.MaxLimit {
		wrong("SeriesLimit", "%d is not a number of label sets from 1 to %d (0 stands for %d)", o.SeriesLimit, store.MaxLimit, defaultSeriesLimit)
	}
	for _, s := range o.InitialStatuses {
		if s < 200 || s > 599 {
			wrong("InitialStatuses", "%d is not a final HTTP status from 200 to 599", s)
		}
	}
	for _, e := range o.Exclude {
		if err := checkExclusion(e); err != nil {
			wrong("Exclude", "%q: %v", e, err)
		}
	}
	for _, pattern := range o.ExcludePatterns {
		if _, err := regexp.Compile(pattern); err != nil {
			wrong("ExcludePatterns", "%q is not a regular expression: %v", pattern, err)
		}
	}
	o.Access.check(wrong)
	o.Multiproc.check(wrong)
	if !strings.HasPrefix(o.MetricsPath, "/") {
		wrong("MetricsPath", "%q does not begin with /", o.MetricsPath)
	}
	return errors.Join(errs...)
}

func checkRegistry(o Options, wrong complaint) {
	switch {
	case o.Registerer == nil && o.Gatherer != nil:
		wrong("Registerer", "is missing, though Options.Gatherer is set; set both or neither")
	case o.Registerer != nil && o.Gatherer == nil:
		wrong("Gatherer", "is missing, and the Registerer (%T) cannot gather; set the registry that it writes to", o.Registerer)
	}
}

// Names are Prometheus's classic ones. UTF-8 names would be legal since
// Prometheus 3, but every query on them must then be quoted.

func checkLabels(o Options, wrong complaint) {
	if o.Namespace != "" && !names.Metric(o.Namespace) {
		wrong("Namespace", "%q is not a valid metric name prefix (letters, digits and underscores, not beginning with a digit)", o.Namespace)
	}
	taken := []string{"le", "quantile"}
	for _, s := range o.allSchemas() {
		s.Info = schema.Family{} // which gets none of them
		for _, f := range s.Families() {
			taken = append(taken, f.LabelNames()...)
		}
	}
	if o.GroupBy.Name != "" {
		taken = append(taken, o.GroupBy.Name)
	}
	others := labelsBesides(o)
	for _, name := range slices.Sorted(maps.Keys(o.ConstLabels)) {
		switch {
		case !names.Label(name):
			wrong("ConstLabels", "%q is not a valid label name", name)
		case slices.Contains(taken, name):
			wrong("ConstLabels", "%q is already a label of the HTTP metrics", name)
		case slices.Contains(others, name):
			wrong("ConstLabels", "%q is already a label of what tacho says about itself", name)
		}
		taken = append(taken, name)
	}
	for _, l := range o.Labels {
		if err := l.check(taken); err != nil {
			wrong("Labels", "%v", err)
		}
		taken = append(taken, l.Name)
	}
	checkGroup(o, wrong)
}

// labelsBesides are the label names of families that have constant labels, and
// are not about requests.
func labelsBesides(o Options) (names []string) {
	for _, f := range schema.SelfFamilies() {
		names = append(names, f.LabelNames()...)
	}
	for _, s := range o.allSchemas() {
		names = append(names, s.Info.LabelNames()...)
	}
	return names
}

func checkGroup(o Options, wrong complaint) {
	g := o.GroupBy
	if g.Name == "" && g.Func == nil && g.Value == "" {
		return
	}
	if g.Func == nil {
		wrong("GroupBy", "%q has no Func that names the group of a request", g.Name)
		return
	}
	if err := g.check(nil); err != nil {
		wrong("GroupBy", "%v", err)
		return
	}
	for _, s := range o.allSchemas() {
		for _, f := range s.Families() {
			for _, l := range f.Labels {
				if l.Name == g.Name && l.Value != schema.Route {
					wrong("GroupBy", "%q is already a label of %s", g.Name, f.Name)
					return
				}
			}
		}
	}
}

// checkSchemas refuses what this library cannot record. Package schema also
// names the metrics of other libraries, for those who read them.
func checkSchemas(o Options, wrong complaint) {
	taken := map[string]string{}
	for i, s := range o.allSchemas() {
		field := "Schema"
		if i > 0 {
			field = "AlsoSchemas"
		}
		if s.Requests.Name == "" && s.Duration.Name == "" {
			wrong(field, "%q names neither a requests nor a duration family; start from schema.Default()", s.Name)
			continue
		}
		scan.Check(s, func(f schema.Family, err error) {
			if err != nil {
				wrong(field, "%s of %q cannot be recorded: %v", f.Name, s.Name, err)
			}
			if by, ok := taken[f.Name]; ok {
				wrong(field, "%q and %q both export %s; leave one of them out, or rename one by WithPrefix", by, s.Name, f.Name)
			}
			taken[f.Name] = s.Name
		})
		if o.Buckets == nil {
			checkBounds(field+".Buckets", o.bucketsOf(s), wrong)
		}
	}
	checkNames(o, wrong)
	if n := len(o.allBuckets()); n > hist.MaxBuckets {
		wrong("AlsoSchemas", "the buckets of all schemas together are %d; at most %d are supported", n, hist.MaxBuckets)
	}
}

// checkNames checks every name of a schema as it is exported: the encoders write
// them as they are.
func checkNames(o Options, wrong complaint) {
	written, exported := expo.NewNames(true), map[string]bool{}
	for _, f := range schema.SelfFamilies() {
		written.Add(f.Name, f.Kind)
	}
	for i, s := range o.allSchemas() {
		field := "Schema"
		if i > 0 {
			field = "AlsoSchemas"
		}
		for _, f := range slices.Concat(s.Families(), s.Client.Families()) {
			if err := checkFamily(f, o.named(f.Name)); err != nil {
				wrong(field, "%s of %q: %v", f.Name, s.Name, err)
			}
		}
		for _, f := range s.Families() {
			name := o.named(f.Name)
			if !exported[name] && written.Conflicts(name, expo.ProtoType(f.Kind)) {
				wrong(field, "%s of %q, or a sample of it, has the name of another metric; rename it", f.Name, s.Name)
			}
			exported[name] = true
			written.Add(name, f.Kind)
		}
	}
}

// checkFamily reports what is wrong with the names of a schema's family.
func checkFamily(f schema.Family, name string) error {
	labels := f.LabelNames()
	for _, reserved := range []string{"le", "quantile"} {
		if slices.Contains(labels, reserved) {
			return fmt.Errorf("%q is what Prometheus itself calls a label of histograms and summaries", reserved)
		}
	}
	return names.Check(name, labels...)
}

// RFC 9110, section 5.6.2: a method is a token.
var tokenRE = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$")

const maxExtraMethods = 32

func checkMethods(o Options, wrong complaint) {
	for _, m := range o.Methods {
		if !tokenRE.MatchString(m) {
			wrong("Methods", "%q is not an HTTP method", m)
		}
	}
	if len(o.Methods) > maxExtraMethods {
		wrong("Methods", "has %d methods; at most %d can be added", len(o.Methods), maxExtraMethods)
	}
}

func checkExclusion(e string) error {
	if !strings.HasPrefix(e, "/") && !strings.HasPrefix(e, "*") {
		return errors.New("a path, template or glob begins with / or *")
	}
	if _, err := path.Match(e, ""); err != nil {
		return fmt.Errorf("%w: close the bracket, or escape it with a backslash", err)
	}
	return nil
}
