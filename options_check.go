package tacho

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/tacho-go/tacho/internal/expo"
	"github.com/tacho-go/tacho/internal/hist"
	"github.com/tacho-go/tacho/internal/names"
	"github.com/tacho-go/tacho/internal/netacl"
	"github.com/tacho-go/tacho/internal/scan"
	"github.com/tacho-go/tacho/internal/store"
	"github.com/tacho-go/tacho/multiproc"
	"github.com/tacho-go/tacho/schema"
)

func anyValue(*Options, complaint) {}

func checkRegisterer(o *Options, wrong complaint) {
	if o.Registerer == nil && o.Gatherer != nil {
		wrong("", "is missing, though Options.Gatherer is set; set both or neither")
	}
}

func checkGatherer(o *Options, wrong complaint) {
	if o.Registerer != nil && o.Gatherer == nil {
		wrong("", "is missing, and the Registerer (%T) cannot gather; set the registry that it writes to", o.Registerer)
	}
}

func checkLatencyBuckets(o *Options, wrong complaint) {
	if o.Buckets.Latency != nil {
		checkBounds(o.Buckets.Latency, wrong)
	}
}

func checkRouteBuckets(o *Options, wrong complaint) {
	for _, template := range slices.Sorted(maps.Keys(o.Buckets.ByRoute)) {
		checkBounds(o.Buckets.ByRoute[template], wrong.of(fmt.Sprintf("[%q]", template)))
	}
}

func checkSizeBuckets(o *Options, wrong complaint)   { checkBounds(o.Buckets.Size, wrong) }
func checkStreamBuckets(o *Options, wrong complaint) { checkBounds(o.Buckets.Stream, wrong) }

func checkTimeout(o *Options, wrong complaint) {
	if o.Endpoint.Timeout < 0 {
		wrong("", "%v is negative", o.Endpoint.Timeout)
	}
}

func checkMaxScrapes(o *Options, wrong complaint) {
	if o.Endpoint.MaxScrapes < 0 {
		wrong("", "%d is negative", o.Endpoint.MaxScrapes)
	}
}

func checkSeriesLimit(o *Options, wrong complaint) {
	if o.SeriesLimit < 0 || o.SeriesLimit > store.MaxLimit {
		wrong("", "%d is not a number of label sets from 1 to %d (0 stands for %d)", o.SeriesLimit, store.MaxLimit, defaultSeriesLimit)
	}
}

func checkInitialStatuses(o *Options, wrong complaint) {
	for _, s := range o.Status.Initial {
		if s < 200 || s > 599 {
			wrong("", "%d is not a final HTTP status from 200 to 599", s)
		}
	}
}

func checkPaths(o *Options, wrong complaint) {
	for _, e := range o.Exclude.Paths {
		if err := checkExclusion(e); err != nil {
			wrong("", "%q: %v", e, err)
		}
	}
}

func checkPatterns(o *Options, wrong complaint) {
	for _, pattern := range o.Exclude.Patterns {
		if _, err := regexp.Compile(pattern); err != nil {
			wrong("", "%q is not a regular expression: %v", pattern, err)
		}
	}
}

func checkPath(o *Options, wrong complaint) {
	if !strings.HasPrefix(o.Endpoint.Path, "/") {
		wrong("", "%q does not begin with /", o.Endpoint.Path)
	}
}

// Names are Prometheus's classic ones. UTF-8 names would be legal since
// Prometheus 3, but every query on them must then be quoted.

func checkNamespace(o *Options, wrong complaint) {
	if o.Namespace != "" && !names.Metric(o.Namespace) {
		wrong("", "%q is not a valid metric name prefix (letters, digits and underscores, not beginning with a digit)", o.Namespace)
	}
}

// labelsTaken returns the label names of the schemas and GroupBy.
func labelsTaken(o *Options) []string {
	taken := []string{"le", "quantile"}
	for _, s := range o.allSchemas() {
		s.Info = schema.Family{} // which has none of them
		for _, f := range s.Families() {
			taken = append(taken, f.LabelNames()...)
		}
	}
	if o.GroupBy.Name != "" {
		taken = append(taken, o.GroupBy.Name)
	}
	return taken
}

func checkConstLabels(o *Options, wrong complaint) {
	taken, others := labelsTaken(o), selfLabels(o)
	for _, name := range slices.Sorted(maps.Keys(o.ConstLabels)) {
		switch {
		case !names.Label(name):
			wrong("", "%q is not a valid label name", name)
		case slices.Contains(taken, name):
			wrong("", "%q is already a label of the HTTP metrics", name)
		case slices.Contains(others, name):
			wrong("", "%q is already a label of what tacho says about itself", name)
		}
	}
}

func checkLabels(o *Options, wrong complaint) {
	taken := slices.AppendSeq(labelsTaken(o), maps.Keys(o.ConstLabels))
	for _, l := range o.Labels {
		if err := l.check(taken); err != nil {
			wrong("", "%v", err)
		}
		taken = append(taken, l.Name)
	}
}

// selfLabels returns the label names of families that have constant labels and do not describe
// requests.
func selfLabels(o *Options) (names []string) {
	for _, f := range schema.SelfFamilies() {
		names = append(names, f.LabelNames()...)
	}
	for _, s := range o.allSchemas() {
		names = append(names, s.Info.LabelNames()...)
	}
	return names
}

func checkGroup(o *Options, wrong complaint) {
	g := o.GroupBy
	if g.Name == "" && g.Func == nil && g.Value == "" {
		return
	}
	if g.Func == nil {
		wrong("", "%q has no Func that names the group of a request", g.Name)
		return
	}
	if err := g.check(nil); err != nil {
		wrong("", "%v", err)
		return
	}
	for _, s := range o.allSchemas() {
		for _, f := range s.Families() {
			for _, l := range f.Labels {
				if l.Name == g.Name && l.Value != schema.Route {
					wrong("", "%q is already a label of %s", g.Name, f.Name)
					return
				}
			}
		}
	}
}

// A schema is invalid if this library cannot record it. Package schema also has the names of other
// libraries' metrics, for programs that read these.

func checkSchema(o *Options, wrong complaint) { checkSchemas(o, wrong, silent) }

func checkAlsoSchemas(o *Options, wrong complaint) {
	checkSchemas(o, silent, wrong)
	if n := len(o.allBuckets()); n > hist.MaxBuckets {
		wrong("", "the buckets of all schemas together are %d; at most %d are supported", n, hist.MaxBuckets)
	}
}

func silent(string, string, ...any) {}

// checkSchemas checks all schemas, which must be compatible. It reports problems of the first one
// to wrong, and those of the others to alsoWrong.
func checkSchemas(o *Options, wrong, alsoWrong complaint) {
	taken := map[string]string{}
	for i, s := range o.allSchemas() {
		if i > 0 {
			wrong = alsoWrong
		}
		if s.Requests.Name == "" && s.Duration.Name == "" {
			wrong("", "%q names neither a requests nor a duration family; start from schema.Default()", s.Name)
			continue
		}
		scan.Check(s, func(f schema.Family, err error) {
			if err != nil {
				wrong("", "%s of %q cannot be recorded: %v", f.Name, s.Name, err)
			}
			if by, ok := taken[f.Name]; ok {
				wrong("", "%q and %q both export %s; leave one of them out, or rename one by WithPrefix", by, s.Name, f.Name)
			}
			taken[f.Name] = s.Name
		})
		if o.Buckets.Latency == nil {
			checkBounds(o.bucketsOf(s), wrong.of(".Buckets"))
		}
	}
	checkNames(o, wrong, alsoWrong)
}

// checkNames checks every exported name of a schema: the encoders do not escape them.
func checkNames(o *Options, wrong, alsoWrong complaint) {
	if o.Namespace != "" && !names.Metric(o.Namespace) {
		return // no name would be valid; checkNamespace reports the one cause
	}
	written, exported := expo.NewNames(true), map[string]bool{}
	for _, f := range schema.SelfFamilies() {
		written.Add(f.Name, f.Kind)
	}
	for i, s := range o.allSchemas() {
		if i > 0 {
			wrong = alsoWrong
		}
		for _, f := range slices.Concat(s.Families(), s.Client.Families()) {
			if err := checkFamily(f, o.named(f.Name)); err != nil {
				wrong("", "%s of %q: %v", f.Name, s.Name, err)
			}
		}
		for _, f := range s.Families() {
			name := o.named(f.Name)
			if !exported[name] && written.Conflicts(name, expo.ProtoType(f.Kind)) {
				wrong("", "%s of %q, or a sample of it, has the name of another metric; rename it", f.Name, s.Name)
			}
			exported[name] = true
			written.Add(name, f.Kind)
		}
	}
}

// checkFamily returns an error if a name in a schema's family is invalid.
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

func checkMethods(o *Options, wrong complaint) {
	for _, m := range o.Methods {
		if !tokenRE.MatchString(m) {
			wrong("", "%q is not an HTTP method", m)
		}
	}
	if len(o.Methods) > maxExtraMethods {
		wrong("", "has %d methods; at most %d can be added", len(o.Methods), maxExtraMethods)
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

func checkAllow(o *Options, wrong complaint) {
	for _, entry := range o.Endpoint.Access.Allow {
		if _, err := netacl.ParsePrefix(entry); err != nil {
			wrong("", "%q is neither an address nor a prefix such as 10.0.0.0/8", entry)
		}
	}
}

func checkUsers(o *Options, wrong complaint) {
	users := o.Endpoint.Access.Users
	for _, user := range slices.Sorted(maps.Keys(users)) {
		if users[user] == "" || strings.Contains(user, ":") {
			wrong("", "%q has an empty password, or a colon in its name", user)
		}
	}
}

func checkBearerTokens(o *Options, wrong complaint) {
	if slices.Contains(o.Endpoint.Access.BearerTokens, "") {
		wrong("", "an empty token would let everybody in")
	}
}

func checkPublic(o *Options, wrong complaint) {
	if o.Endpoint.Access.Public && o.Endpoint.Access.guarded() {
		wrong("", "contradicts the other fields, which keep somebody out")
	}
}

func checkGaugeModes(o *Options, wrong complaint) {
	modes := o.Multiproc.GaugeModes
	for _, name := range slices.Sorted(maps.Keys(modes)) {
		if mode := modes[name]; !slices.Contains(multiproc.GaugeModes(), mode) {
			wrong(fmt.Sprintf("[%q]", name), "%q is not one of %s", mode, strings.Join(multiproc.GaugeModes(), ", "))
		}
	}
}

func checkService(o *Options, wrong complaint) {
	if name := o.Multiproc.Service; len(name) > maxServiceName || strings.ContainsFunc(name, unicode.IsControl) {
		wrong("", "%.50q is not a name: it has control characters, or is longer than %d bytes", name, maxServiceName)
	}
}

func checkMultiprocDir(o *Options, wrong complaint) {
	if o.Multiproc.inherited {
		return // opening it returns the error
	}
	dir := o.Multiproc.dir()
	if info, err := os.Stat(dir); dir != "" && err == nil && !info.IsDir() {
		wrong("", "%s is not a directory", dir)
	}
}

// A complaint reports a problem of a field, or of a part of it, such as [3] or .Name; "" means all
// of it.
type complaint func(part, format string, args ...any)

// of reports problems of a part.
func (wrong complaint) of(above string) complaint {
	return func(part, format string, args ...any) { wrong(above+part, format, args...) }
}

// checkBounds checks the upper bounds of a histogram.
func checkBounds(bounds []float64, wrong complaint) {
	if len(bounds) == 0 {
		wrong("", "is empty; leave it nil for the default")
		return
	}
	for i, b := range bounds {
		switch {
		case math.IsNaN(b) || math.IsInf(b, 0) || b <= 0:
			wrong("", "bound %v is not a positive number (+Inf is added for you)", b)
		case i > 0 && b <= bounds[i-1]:
			wrong("", "bound %v does not exceed the one before it, %v", b, bounds[i-1])
		}
	}
	if len(bounds) > hist.MaxBuckets {
		wrong("", "has %d bounds; at most %d are supported", len(bounds), hist.MaxBuckets)
	}
}
