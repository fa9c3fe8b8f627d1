//go:build unix

package multiproc

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An item is an entry in a file of a test.
type item struct {
	key   string
	value float64
	when  float64
}

// counted returns the entry of a counter.
func counted(name string, value float64, labels ...string) item {
	return item{key: jsonKey(strings.TrimSuffix(name, "_total"), name, "Help.", labels...), value: value}
}

// jsonKey returns a key as Python's json.dumps writes it.
func jsonKey(metric, sample, help string, labels ...string) string {
	quote := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	var pairs []string
	for i := 0; i < len(labels); i += 2 {
		pairs = append(pairs, quote(labels[i])+": "+quote(labels[i+1]))
	}
	return "[" + quote(metric) + ", " + quote(sample) + ", {" + strings.Join(pairs, ", ") + "}, " + quote(help) + "]"
}

// encode encodes a file's bytes in use.
func encode(of layout, items ...item) []byte {
	data := make([]byte, headerSize)
	for _, x := range items {
		data = binary.LittleEndian.AppendUint32(data, uint32(len(x.key)))
		data = append(data, x.key...)
		data = append(data, strings.Repeat(" ", 8-(len(x.key)+4)%8)...)
		data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x.value))
		if of == withTimestamp {
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(x.when))
		}
	}
	binary.LittleEndian.PutUint32(data, uint32(len(data)))
	return data
}

// padded pads a file with zeros to 64 KiB, as clients do.
func padded(data []byte) []byte { return append(data, make([]byte, 64<<10-len(data))...) }

// used changes the bytes in use in a file's header.
func used(data []byte, n int) []byte {
	binary.LittleEndian.PutUint32(data, uint32(int32(n)))
	return data
}

// patched changes one byte.
func patched(data []byte, at int, b byte) []byte {
	data[at] = b
	return data
}

func put(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// two is a valid file of two entries.
func two() []byte { return encode(valueOnly, counted("a_total", 1), counted("b_total", 2)) }

// TestDamage: each of these makes Python's reader fail, hang, or silently lose data. Here a
// scrape returns everything readable, and reports the rest. Each case also has a valid file with
// a_total 10.
func TestDamage(t *testing.T) {
	firstEnd := len(encode(valueOnly, counted("a_total", 1)))
	whole := samples{"a_total": 11, "b_total": 2}
	for name, c := range map[string]struct {
		file    string // its name; counter_9.db if empty
		data    []byte
		want    samples // in addition to the valid file's; nil for nothing
		damaged Reason
	}{
		"empty":                     {data: []byte{}},
		"two bytes":                 {data: []byte{8, 0}, damaged: BadHeader},
		"four bytes":                {data: []byte{8, 0, 0, 0}, damaged: BadHeader},
		"zeros":                     {data: make([]byte, 64<<10)},
		"negative use":              {data: used(padded(two()), -5), damaged: BadHeader},
		"whole, padded":             {data: padded(two()), want: whole},
		"truncated in a key":        {data: two()[:firstEnd+10], want: samples{"a_total": 11}, damaged: Truncated},
		"truncated in a value":      {data: two()[:len(two())-3], want: samples{"a_total": 11}, damaged: Truncated},
		"truncated after an entry":  {data: two()[:firstEnd], want: samples{"a_total": 11}, damaged: Truncated},
		"2 GiB in use":              {data: used(two(), math.MaxInt32), want: whole, damaged: Truncated},
		"64 bytes too many":         {data: used(padded(two()), len(two())+64), want: whole, damaged: BadLength},
		"a huge length":             {data: patched(two(), firstEnd+3, 0x7f), want: samples{"a_total": 11}, damaged: BadLength},
		"a negative length":         {data: patched(two(), firstEnd+3, 0xff), want: samples{"a_total": 11}, damaged: BadLength},
		"a key that is not JSON":    {data: patched(two(), firstEnd+4, 'x'), want: samples{"a_total": 11}, damaged: BadKey},
		"a key broken inside":       {data: patched(two(), firstEnd+5, 'x'), want: samples{"a_total": 11}, damaged: BadKey},
		"a key that is not UTF-8":   {data: patched(two(), firstEnd+6, 0xff), want: whole},
		"a key of another shape":    {data: encode(valueOnly, item{key: `["a"]`}, counted("b_total", 2)), want: samples{"b_total": 2}, damaged: BadKey},
		"labels as a list":          {data: encode(valueOnly, item{key: `["a", "a_total", [], "x"]`}, counted("b_total", 2)), want: samples{"b_total": 2}, damaged: BadKey},
		"no name":                   {data: encode(valueOnly, item{key: `["", "", {}, "x"]`}, counted("b_total", 2)), want: samples{"b_total": 2}, damaged: BadName},
		"a label value of a number": {data: encode(valueOnly, item{key: `["a", "a_total", {"x": 1.5, "y": null}, "Help."]`, value: 3}), want: samples{`a_total{x="1.5", y="None"}`: 3}},
		"a lone surrogate":          {data: encode(valueOnly, item{key: `["a", "a_total", {"x": "\ud83d"}, "Help."]`, value: 3}), want: samples{"a_total{x=\"\uFFFD\"}": 3}},
		"a name with a space":       {data: encode(valueOnly, counted("a b_total", 3)), want: samples{"a_b_total": 3}},
		"a name with a new line":    {data: encode(valueOnly, counted("a 1\nroot 2 1.0", 3)), want: samples{"a_1_root_2_1_0": 3}},
		"a label twice":             {data: encode(valueOnly, counted("a_total", 3, "a b", "1", "a_b", "2")), damaged: BadName},
		"le is not a number":        {file: "histogram_9.db", data: encode(valueOnly, item{key: jsonKey("h", "h_bucket", "Help.", "le", "x")}), damaged: BadBound},
		"a negative bucket":         {file: "histogram_9.db", data: encode(valueOnly, item{jsonKey("h", "h_sum", "Help."), 3, 0}, item{jsonKey("h", "h_bucket", "Help.", "le", "1.0"), -1, 0}), want: samples{"h_sum": 3, "h_count": 0, `h_bucket{le="+Inf"}`: 0}, damaged: BadValue},
		"another sample's name":     {file: "histogram_9.db", data: encode(valueOnly, item{key: jsonKey("h", "h_other", "Help.")}), damaged: BadName},
		"SQLite":                    {file: "app.db", data: []byte("SQLite format 3\x00"), damaged: Foreign},
		"an empty cache.db":         {file: "cache.db", data: []byte{}, damaged: Foreign},
		"gauge.db":                  {file: "gauge.db", data: two(), damaged: Foreign},
		"gauge_max.db":              {file: "gauge_max.db", data: two(), damaged: Foreign},
		"an unknown type":           {file: "enum_9.db", data: two(), damaged: Foreign},
		"an unknown mode":           {file: "gauge_median_9.db", data: two(), damaged: Foreign},
		"something else":            {file: "README", data: two()},
		"another type":              {file: "gauge_max_9.db", data: encode(valueOnly, counted("a_total", 3), counted("g", 2)), want: samples{"g": 2}, damaged: Conflict},
		"the other layout":          {data: encode(withTimestamp, counted("a_total", 1), counted("b_total", 2)), want: whole},
		"a worker's own id":         {file: "counter_worker_1.db", data: two(), want: whole},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "counter_1.db", padded(encode(valueOnly, counted("a_total", 10))))
			if c.file == "" {
				c.file = "counter_9.db"
			}
			put(t, dir, c.file, c.data)
			want := samples{"a_total": 10}
			maps.Copy(want, c.want)
			r := newReader(t, dir)
			for range 2 { // again, from the known entries
				checkSamples(t, gather(t, r), want)
				checkDamage(t, r, c.damaged)
			}
		})
	}
}

// checkSamples compares the values, but not help texts.
func checkSamples(t *testing.T, got, want samples) {
	t.Helper()
	maps.DeleteFunc(got, func(name string, _ float64) bool { return strings.HasPrefix(name, "help of ") })
	if !maps.EqualFunc(got, want, near) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func checkDamage(t *testing.T, r *Reader, want Reason) {
	t.Helper()
	for why, n := range r.report.damaged {
		if n > 0 && why != want {
			t.Errorf("unexpected damage %q", why)
		}
	}
	if want != "" && r.report.damaged[want] == 0 {
		t.Errorf("no damage %q, but %v", want, r.report.damaged)
	}
}

// TestNotRegular: other kinds of files do not block a scrape.
func TestNotRegular(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"a directory":      func(path string) error { return os.Mkdir(path, 0o700) },
		"a dangling link":  func(path string) error { return os.Symlink("nowhere", path) },
		"a FIFO":           func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"a link to a FIFO": func(path string) error { return linkToFIFO(path) },
		"a link to itself": func(path string) error { return os.Symlink(path, path) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "counter_1.db", two())
			if err := make(filepath.Join(dir, "counter_9.db")); err != nil {
				t.Fatal(err)
			}
			r := newReader(t, dir)
			done := time.AfterFunc(30*time.Second, func() { panic("the scrape hangs") })
			checkSamples(t, gather(t, r), samples{"a_total": 1, "b_total": 2})
			done.Stop()
			if r.report.damaged[NotRegular]+r.report.damaged[Unreadable] != 1 {
				t.Errorf("damage: %v", r.report.damaged)
			}
		})
	}
}

func linkToFIFO(path string) error {
	fifo := path + ".fifo"
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		return err
	}
	return os.Symlink(fifo, path)
}

// TestTotalsNeverFall: whatever happens to a file, its counts remain.
func TestTotalsNeverFall(t *testing.T) {
	start := func(t *testing.T) (*Reader, string) {
		dir := t.TempDir()
		put(t, dir, "counter_1.db", padded(two()))
		put(t, dir, "counter_2.db", padded(two()))
		put(t, dir, "gauge_max_2.db", padded(encode(valueOnly, counted("g", 7))))
		r := newReader(t, dir)
		checkSamples(t, gather(t, r), samples{"a_total": 2, "b_total": 4, "g": 7})
		return r, dir
	}
	more := func() []byte {
		return padded(encode(valueOnly, counted("a_total", 5), counted("b_total", 5), counted("c_total", 5)))
	}
	for name, c := range map[string]struct {
		change func(t *testing.T, dir, path string)
		want   samples
		reason Reason
	}{
		"removed":              {func(_ *testing.T, _, path string) { _ = os.Remove(path) }, samples{"a_total": 2, "b_total": 4, "g": 7}, ""},
		"grown":                {overwrite(more), samples{"a_total": 6, "b_total": 7, "c_total": 5, "g": 7}, ""},
		"truncated to nothing": {truncate(0), samples{"a_total": 2, "b_total": 4, "g": 7}, Shrunk},
		"truncated in between": {truncate(40), samples{"a_total": 2, "b_total": 4, "g": 7}, Shrunk},
		"header destroyed":     {overwriteFirst(0xff, 0xff, 0xff, 0xff), samples{"a_total": 2, "b_total": 4, "g": 7}, BadHeader},
		"replaced":             {replace(more), samples{"a_total": 7, "b_total": 9, "c_total": 5, "g": 7}, ""},
		"restarted in place":   {overwrite(func() []byte { return padded(encode(valueOnly, counted("a_total", .5))) }), samples{"a_total": 2.5, "b_total": 4, "g": 7}, Shrunk},
		"others in its place":  {overwrite(func() []byte { return padded(encode(valueOnly, counted("another_total", 3), counted("a_total", 1))) }), samples{"a_total": 3, "b_total": 4, "another_total": 3, "g": 7}, ""},
		"a directory instead":  {func(_ *testing.T, _, path string) { _ = os.Remove(path); _ = os.Mkdir(path, 0o700) }, samples{"a_total": 2, "b_total": 4, "g": 7}, NotRegular},
		"everything removed":   {func(_ *testing.T, dir, _ string) { removeAll(dir) }, samples{"a_total": 2, "b_total": 4}, ""},
		"the directory gone":   {func(_ *testing.T, dir, _ string) { _ = os.RemoveAll(dir) }, samples{"a_total": 2, "b_total": 4, "g": 7}, Unreadable},
	} {
		t.Run(name, func(t *testing.T) {
			r, dir := start(t)
			c.change(t, dir, filepath.Join(dir, "counter_2.db"))
			for range 3 {
				checkSamples(t, gather(t, r), c.want)
				if c.reason != "" && r.report.damaged[c.reason] == 0 {
					t.Errorf("damage %v, want %s", r.report.damaged, c.reason)
				}
			}
		})
	}
}

func overwrite(data func() []byte) func(*testing.T, string, string) {
	return func(t *testing.T, _, path string) {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt(data(), 0); err != nil {
			t.Fatal(err)
		}
	}
}

func overwriteFirst(b ...byte) func(*testing.T, string, string) {
	return overwrite(func() []byte { return b })
}

func replace(data func() []byte) func(*testing.T, string, string) {
	return func(t *testing.T, dir, path string) {
		put(t, dir, "new", data())
		if err := os.Rename(filepath.Join(dir, "new"), path); err != nil {
			t.Fatal(err)
		}
	}
}

func truncate(n int64) func(*testing.T, string, string) {
	return func(t *testing.T, _, path string) {
		if err := os.Truncate(path, n); err != nil {
			t.Fatal(err)
		}
	}
}

func removeAll(dir string) {
	files, _ := os.ReadDir(dir)
	for _, f := range files {
		_ = os.Remove(filepath.Join(dir, f.Name()))
	}
}

// TestGauges: every mode, in both layouts, if the layout has it.
func TestGauges(t *testing.T) {
	dir := t.TempDir()
	for pid, v := range map[int]float64{1: 5, 2: 3, 3: 4} {
		for mode := range modes {
			name := "g_" + mode
			x := item{key: jsonKey(name, name, "Help."), value: v, when: float64(100 + pid%3)}
			put(t, dir, fmt.Sprintf("gauge_%s_%d.db", mode, pid), encode(withTimestamp, x, item{key: jsonKey("unset_"+mode, "unset_"+mode, "Help.")}))
		}
	}
	got := gather(t, newReader(t, dir))
	for mode, want := range map[string]float64{"min": 3, "max": 5, "sum": 12, "mostrecent": 3} {
		for _, m := range []string{mode, "live" + mode} {
			if v, ok := got["g_"+m]; !ok || v != want {
				t.Errorf("g_%s is %v, want %v", m, v, want)
			}
		}
	}
	for _, m := range []string{"all", "liveall"} {
		for pid, want := range map[string]float64{"1": 5, "2": 3, "3": 4} {
			if v := got["g_"+m+`{pid="`+pid+`"}`]; v != want {
				t.Errorf("g_%s of %s is %v, want %v", m, pid, v, want)
			}
		}
	}
	if _, exists := got["unset_mostrecent"]; exists {
		t.Error("a gauge that was never set is shown")
	}
	if v, exists := got["unset_max"]; !exists || v != 0 {
		t.Error("a gauge that is 0 is not shown")
	}
}

func TestReaderRefuses(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "file", nil)
	for word, o := range map[string]ReaderOptions{
		"ReaderOptions.Dir is missing":          {},
		"is not a directory":                    {Dir: filepath.Join(dir, "file")},
		"ReaderOptions.SeriesLimit: -1":         {Dir: dir, SeriesLimit: -1},
		`ReaderOptions.ConstLabels: "a b" is n`: {Dir: dir, ConstLabels: map[string]string{"a b": "x"}},
	} {
		if _, err := NewReader(o); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%v, want %s", err, word)
		}
	}
	if got := gather(t, newReader(t, filepath.Join(dir, "later"))); len(got) != 0 {
		t.Errorf("a directory that does not exist yet: %v", got)
	}
}

// TestSeriesLimit: series above the limit are dropped and counted; existing ones keep counting.
func TestSeriesLimit(t *testing.T) {
	dir := t.TempDir()
	var items []item
	for i := range 100 {
		items = append(items, counted("a_total", 1, "i", fmt.Sprint(i)))
	}
	put(t, dir, "counter_1.db", encode(valueOnly, items...))
	r, err := NewReader(ReaderOptions{Dir: dir, SeriesLimit: 10, ConstLabels: map[string]string{"app": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got := gather(t, r)
		if v := got[`a_total{app="x", i="3"}`]; v != 1 || len(got) != 11 {
			t.Errorf("%d samples: %v", len(got), got)
		}
		if r.report.damaged[Limit] != 90 {
			t.Errorf("damage: %v", r.report.damaged)
		}
	}
}

// FuzzReader: for any file, two scrapes succeed with the same result, and the valid file counts.
func FuzzReader(f *testing.F) {
	f.Add(two(), "counter_9.db")
	f.Add(encode(withTimestamp, counted("a_total", 1, "x", "y")), "counter_9.db")
	f.Add(encode(valueOnly, item{key: jsonKey("h", "h_bucket", "Help.", "le", "1.0"), value: 3}), "histogram_9.db")
	f.Add(used(two(), math.MaxInt32), "summary_9.db")
	f.Add(encode(withTimestamp, counted("g", 1)), "gauge_mostrecent_9.db")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		if name != filepath.Base(name) || strings.ContainsRune(name, 0) || len(name) > 100 || name == "." || name == ".." || name == "counter_1.db" {
			return
		}
		dir := t.TempDir()
		if os.WriteFile(filepath.Join(dir, name), data, 0o600) != nil {
			return
		}
		put(t, dir, "counter_1.db", encode(valueOnly, counted("certainly_total", 10)))
		r := newReader(t, dir)
		first := gather(t, r)
		if _, exists := first["certainly_total"]; !exists {
			t.Errorf("the valid file is missing: %v", first)
		}
		if second := gather(t, r); !maps.EqualFunc(first, second, near) {
			t.Errorf("first  %v\nsecond %v", first, second)
		}
	})
}
