package multiproc

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// memory returns what a function leaves on the heap, and what it allocates, in MB.
func memory(f func()) (left, allocated float64) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return (float64(after.HeapAlloc) - float64(before.HeapAlloc)) / 1e6, float64(after.TotalAlloc-before.TotalAlloc) / 1e6
}

// manySeries returns the entries of n series of one counter.
func manySeries(n int) []byte {
	items := make([]item, n)
	for i := range items {
		items[i] = counted("many_total", 1, "method", "GET", "path", fmt.Sprintf("/some/route/%d", i), "status", "200")
	}
	return encode(valueOnly, items...)
}

// TestLimitBoundsMemory: series above the limit take no memory, neither for keys nor for files
// of any kind; each scan counts all of them.
func TestLimitBoundsMemory(t *testing.T) {
	const limit, n = 1000, 200_000
	for name, data := range map[string]func(i int) item{
		"series":      func(i int) item { return counted("a_total", 1, "i", fmt.Sprint(i)) },
		"metrics":     func(i int) item { return counted(fmt.Sprintf("a%d_total", i), 1) },
		"broken keys": func(i int) item { return item{key: fmt.Sprintf(`["a", "a_total", {"__name__": "%d"}, "Help."]`, i)} },
		"buckets": func(i int) item {
			return item{key: jsonKey("h", "h_bucket", "Help.", "le", fmt.Sprint(i)), value: 1}
		},
		"gauges of each process": func(i int) item { return item{key: jsonKey("g", "g", "Help.", "i", fmt.Sprint(i))} },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			items := make([]item, n)
			for i := range items {
				items[i] = data(i)
			}
			file := map[string]string{"buckets": "histogram_%d.db", "gauges of each process": "gauge_all_%d.db"}[name]
			if file == "" {
				file = "counter_%d.db"
			}
			for i := range 2 {
				put(t, dir, fmt.Sprintf(file, i+1), encode(valueOnly, items...))
			}
			r, err := NewReader(ReaderOptions{Dir: dir, SeriesLimit: limit})
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				left, _ := memory(func() { gather(t, r) })
				if left > 3 {
					t.Errorf("it takes %.1f MB", left)
				}
			}
			left := 0
			for _, why := range reasons {
				left += r.report.damaged[why]
			}
			if least := 2 * (n - 3*limit - unmergedKeys); left < least {
				t.Errorf("%d reported, want at least %d", left, least)
			}
			runtime.KeepAlive(r)
		})
	}
}

// TestAfterAGap: entries after a gap count, and keep counting while the file grows and shrinks.
func TestAfterAGap(t *testing.T) {
	for _, of := range []layout{valueOnly, withTimestamp} {
		dir := t.TempDir()
		file := func(v float64, n int, more ...item) []byte {
			items := []item{counted("a_total", v)}
			for i := range n {
				items = append(items, counted("x_total", 1, "i", fmt.Sprint(i)))
			}
			return encode(of, append(items, more...)...)
		}
		put(t, dir, "counter_1.db", encode(of, counted("a_total", 1), counted("b_total", 2)))
		r, err := NewReader(ReaderOptions{Dir: dir, SeriesLimit: 2})
		if err != nil {
			t.Fatal(err)
		}
		gather(t, r)
		for i, c := range []struct {
			data  []byte
			a, b  float64
			limit int
		}{
			{file(10, 3000, counted("b_total", 20)), 11, 22, 3000},
			{file(11, 3000, counted("b_total", 21)), 12, 23, 3000},
			{file(11, 3000, counted("b_total", 21), counted("y_total", 1), counted("z_total", 1)), 12, 23, 3002},
			{file(12, 3000, counted("b_total", 25), counted("y_total", 1), counted("z_total", 1), counted("b_total", 1)), 13, 28, 3002},
			{file(12, 3000), 13, 28, 3002},                      // shrunk: the old counts remain
			{file(13, 2, counted("b_total", 1)), 14, 28, 3002},  // unchanged
			{file(14, 4000, counted("b_total", 40)), 15, 0, -1}, // replaced by another file
		} {
			put(t, dir, "counter_2.db", c.data)
			for range 2 {
				got := gather(t, r)
				if got["a_total"] != c.a || c.b > 0 && got["b_total"] != c.b {
					t.Errorf("step %d: a is %v, b is %v; want %v, %v", i, got["a_total"], got["b_total"], c.a, c.b)
				}
				if n := r.report.damaged[Limit]; c.limit >= 0 && n != c.limit {
					t.Errorf("step %d: %d reported, want %d", i, n, c.limit)
				}
			}
		}
	}
}

// TestHoles: the size in a header does not justify reading or allocating that much.
func TestHoles(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		data []byte
		why  Reason
	}{
		"values":            {"counter_9.db", used(two(), math.MaxInt32), BadLength},
		"nothing":           {"counter_9.db", used(make([]byte, 8), math.MaxInt32), BadLength},
		"cells":             {"tacho_9-1-1-0.cells", usedCells(twoCells(), maxCells-7), BadLength},
		"a cell with words": {"tacho_9-1-1-0.cells", nil, ""},
		"a journal":         {"counter_archive.db", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, c.file)
			put(t, dir, c.file, c.data)
			if err := os.Truncate(path, math.MaxInt32); err != nil {
				t.Fatal(err)
			}
			switch name {
			case "a cell with words":
				cellsInHoles(t, path)
			case "a journal":
				tail := binary.LittleEndian.AppendUint64(nil, math.MaxInt32-100)
				tail = append(binary.LittleEndian.AppendUint64(tail, 1), journalMagic...)
				writeAt(t, path, tail, math.MaxInt32-int64(len(tail)))
			}
			put(t, dir, "counter_1.db", encode(valueOnly, counted("certainly_total", 10)))
			r, err := NewReader(ReaderOptions{Dir: dir, SeriesLimit: 1000})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				_, allocated := memory(func() {
					if got := gather(t, r)["certainly_total"]; got != 10 {
						t.Errorf("the other file has %v", got)
					}
				})
				if allocated > 40 {
					t.Errorf("it allocates %.0f MB", allocated)
				}
			}
			if c.why != "" {
				checkDamage(t, r, c.why)
			}
			if name == "a journal" {
				_, allocated := memory(func() { readJournal(path) })
				if allocated > 40 {
					t.Errorf("the journal takes %.0f MB", allocated)
				}
			}
		})
	}
}

// cellsInHoles fills a file with cells of maximum size, all in holes.
func cellsInHoles(t *testing.T, path string) {
	t.Helper()
	key := []byte("a       ")
	at := int64(cellsHeader)
	for i := 0; at+cellHeader+8+8*maxWords < math.MaxInt32; i++ {
		head := binary.LittleEndian.AppendUint32(nil, 8)
		head = binary.LittleEndian.AppendUint32(head, maxWords)
		head = binary.LittleEndian.AppendUint64(head, 1)
		binary.LittleEndian.PutUint32(key[4:], uint32(i))
		writeAt(t, path, append(head, key...), at)
		at += cellHeader + 8 + 8*maxWords
	}
	writeAt(t, path, usedCells(twoCells(), uint64(at))[:cellsHeader], 0)
}

func writeAt(t *testing.T, path string, data []byte, at int64) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(data, at); err != nil {
		t.Fatal(err)
	}
}

// TestManyFiles: memory is reserved for the expected size of a file, not for the largest one so
// far.
func TestManyFiles(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "counter_1.db", manySeries(50_000))
	for i := range 500 {
		put(t, dir, fmt.Sprintf("counter_%d.db", i+2), two())
	}
	r := newReader(t, dir)
	if left, _ := memory(func() { gather(t, r) }); left > 60 {
		t.Errorf("it takes %.0f MB", left)
	}
	runtime.KeepAlive(r)
}

// TestManyMetrics: many metrics take about as long as one metric with as many series.
func TestManyMetrics(t *testing.T) {
	dir := t.TempDir()
	const n = 100_000
	items := make([]item, n)
	for i := range items {
		items[i] = counted(fmt.Sprintf("a%d_total", i), 1)
	}
	put(t, dir, "counter_1.db", encode(valueOnly, items...))
	r := newReader(t, dir)
	within(t, 20e9, func() {
		if got := len(gather(t, r)); got < 2*n {
			t.Errorf("%d samples and helps", got)
		}
	})
}

// TestLongEntries: entries longer than a chunk, and some that span two of them.
func TestLongEntries(t *testing.T) {
	for _, of := range []layout{valueOnly, withTimestamp} {
		dir := t.TempDir()
		var items []item
		want := samples{}
		for i := range 200 {
			length := i * 977 % 5000
			if i%50 == 7 {
				length = maxKey - 200
			}
			label := fmt.Sprint(i, " ", longText(length))
			items = append(items, item{jsonKey("a", "a_total", "Help.", "x", label), float64(i), 0})
			want[fmt.Sprintf("a_total{x=%q}", label)] = float64(i)
		}
		put(t, dir, "counter_1.db", encode(of, items...))
		r := newReader(t, dir)
		for range 2 {
			checkSamples(t, gather(t, r), want)
			checkDamage(t, r, "")
		}
	}
}

func longText(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte('a' + i%26)
	}
	return string(text)
}
