//go:build unix

package multiproc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// A cellItem is a cell in a file of a test.
type cellItem struct {
	key     string
	live    bool
	created int64
	words   []uint64
}

// encodeCells encodes a cell file in the documented layout.
func encodeCells(items ...cellItem) []byte {
	data := make([]byte, 64)
	copy(data, "tacho\x00c\x01")
	for _, x := range items {
		flags := uint32(0)
		if x.live {
			flags = 1 << 31
		}
		data = binary.LittleEndian.AppendUint32(data, uint32(len(x.key)))
		data = binary.LittleEndian.AppendUint32(data, flags|uint32(len(x.words)))
		data = binary.LittleEndian.AppendUint64(data, uint64(x.created))
		data = append(data, x.key...)
		data = append(data, make([]byte, (8-len(x.key)%8)%8)...)
		for _, w := range x.words {
			data = binary.LittleEndian.AppendUint64(data, w)
		}
	}
	binary.LittleEndian.PutUint64(data[8:], uint64(len(data)))
	return data
}

// usedCells changes the bytes in use in a cell file's header.
func usedCells(data []byte, n uint64) []byte {
	binary.LittleEndian.PutUint64(data[8:], n)
	return data
}

// twoCells is a valid file: entries at 64 and 104, 136 bytes.
func twoCells() []byte {
	return encodeCells(cellItem{"a", false, 100, []uint64{1, 2}}, cellItem{"b", false, 100, []uint64{3}})
}

// patched32 changes a number.
func patched32(data []byte, at int, v uint32) []byte {
	binary.LittleEndian.PutUint32(data[at:], v)
	return data
}

// filler returns a filler of w words.
func filler(w uint32, words int) []byte {
	data := binary.LittleEndian.AppendUint32(nil, 0)
	data = binary.LittleEndian.AppendUint32(data, w)
	return append(data, make([]byte, 8*words)...)
}

// inserted inserts an entry between those of twoCells.
func inserted(entry []byte) []byte {
	data := slices.Insert(twoCells(), 104, entry...)
	return usedCells(data, uint64(len(data)))
}

// TestDamagedCells: cells before the damage count, in every scan and after merging. Each case
// also has a valid file with [10] in a, and one of another dead process.
func TestDamagedCells(t *testing.T) {
	a, b := map[string]string{"a": "[11 2] since 50"}, map[string]string{"a": "[11 2] since 50", "b": "[3] since 100"}
	for name, c := range map[string]struct {
		file    string // its name; tacho_9-1-1-0.cells if empty
		data    []byte
		size    int64             // truncates or extends it, unless 0
		want    map[string]string // nil: only the valid file's
		damaged Reason
	}{
		"whole":                            {data: twoCells(), want: b},
		"complete, with space":             {data: twoCells(), size: 64 << 10, want: b},
		"without cells":                    {data: encodeCells()},
		"empty":                            {data: []byte{}},
		"one byte":                         {data: []byte("t"), damaged: BadHeader},
		"a short header":                   {data: twoCells()[:63], damaged: BadHeader},
		"zeros":                            {data: make([]byte, 64<<10), damaged: BadHeader},
		"another magic number":             {data: patched(twoCells(), 0, 'T'), damaged: BadHeader},
		"another version":                  {data: patched(twoCells(), 7, 2), damaged: BadHeader},
		"no use":                           {data: usedCells(twoCells(), 0), damaged: BadHeader},
		"fewer bytes in use than a header": {data: usedCells(twoCells(), 56), damaged: BadHeader},
		"bytes in use not a multiple of 8": {data: usedCells(twoCells(), 100), damaged: BadHeader},
		"more bytes in use than the size":  {data: usedCells(twoCells(), 144), want: b, damaged: Truncated},
		"all bytes in use":                 {data: usedCells(twoCells(), 1<<64-8), want: b, damaged: Truncated},
		"a terabyte in use":                {data: usedCells(twoCells(), 1<<40), size: 1 << 40, damaged: BadHeader},
		"zeros after the last entry":       {data: usedCells(twoCells(), 1<<12), size: 1 << 12, want: b},
		"a key of a megabyte":              {data: patched32(twoCells(), 104, 1<<20+1), want: a, damaged: BadLength},
		"a key of 4 GiB":                   {data: patched32(twoCells(), 104, 1<<32-1), want: a, damaged: BadLength},
		"a key beyond the end":             {data: patched32(twoCells(), 104, 9), want: a, damaged: Truncated},
		"too many words":                   {data: patched32(twoCells(), 108, 1<<16+1), want: a, damaged: BadLength},
		"as many as fit in 31 bits":        {data: patched32(twoCells(), 108, 1<<31-1), want: a, damaged: BadLength},
		"words beyond the end":             {data: patched32(twoCells(), 108, 2), want: a, damaged: Truncated},
		"cut after the first":              {data: twoCells(), size: 104, want: a, damaged: Truncated},
		"cut in an entry's header":         {data: twoCells(), size: 113, want: a, damaged: Truncated},
		"cut in a key":                     {data: twoCells(), size: 121, want: a, damaged: Truncated},
		"cut in the words":                 {data: twoCells(), size: 132, want: a, damaged: Truncated},
		"cut, and used to there":           {data: usedCells(twoCells(), 128), want: a, damaged: Truncated},
		"half of an entry's header":        {data: usedCells(twoCells(), 112), want: a, damaged: Truncated},
		"fillers":                          {data: inserted(slices.Concat(filler(0, 0), filler(5, 5), filler(0, 0))), want: b},
		"a filler that ends it":            {data: usedCells(append(twoCells(), filler(3, 3)...), 136+32), want: b},
		"a filler beyond the end":          {data: inserted(filler(6, 1)), want: a, damaged: Truncated},
		"a filler of 16 GiB":               {data: inserted(filler(1<<31-1, 1)), want: a, damaged: Truncated},
		"a filler with a flag":             {data: inserted(filler(1<<31, 0)), want: b},
		"no words":                         {data: encodeCells(cellItem{"none", false, 3, nil}), want: map[string]string{"none": "[] since 3"}},
		"a key that is not text":           {data: encodeCells(cellItem{"\xff\x00", false, 3, []uint64{1}}), want: map[string]string{"\xff\x00": "[1] since 3"}},
		"a live cell of a dead process":    {data: encodeCells(cellItem{"a", true, 3, []uint64{1}})},
		"an older one":                     {data: encodeCells(cellItem{"a", false, -7, []uint64{1}}), want: map[string]string{"a": "[11] since -7"}},
		"a sum beyond 64 bits":             {data: encodeCells(cellItem{"a", false, 60, []uint64{1<<64 - 3}}), want: map[string]string{"a": "[7] since 50"}},
		"a number for a name":              {file: "tacho_9.cells", data: twoCells(), damaged: Foreign},
		"another's cells":                  {file: "other_9-1-1-0.cells", data: twoCells(), damaged: Foreign},
		"process 0":                        {file: "tacho_0-1-1-0.cells", data: twoCells(), damaged: Foreign},
		"just being created":               {file: "tacho_9-1-1-0.cells.new", data: twoCells()},
		"a copy":                           {file: "tacho_9-1-1-0.cells.damaged", data: twoCells()},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "tacho_1-1-1-0.cells", encodeCells(cellItem{"a", false, 50, []uint64{10}}))
			if c.file == "" {
				c.file = "tacho_9-1-1-0.cells"
			}
			put(t, dir, c.file, c.data)
			if c.size > 0 {
				truncate(c.size)(t, dir, filepath.Join(dir, c.file))
			}
			want := map[string]string{"a": "[10] since 50"}
			maps.Copy(want, c.want)
			r := newReader(t, dir)
			for range 2 { // again, from the known entries
				checkCells(t, r, want)
				checkDamage(t, r, c.damaged)
			}
			if _, err := newReader(t, dir).Compact(); err != nil {
				t.Fatal(err)
			}
			checkCells(t, r, want)
			checkCells(t, newReader(t, dir), want)
			_, err := os.Stat(filepath.Join(dir, c.file+".damaged"))
			if kept := err == nil; kept != (c.damaged != "" && c.damaged != Foreign) {
				t.Errorf("it was kept: %v", kept)
			}
		})
	}
}

// TestNotRegularCells: other kinds of files do not block a scan.
func TestNotRegularCells(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "tacho_1-1-1-0.cells", twoCells())
	for i, make := range []func(path string) error{
		func(path string) error { return os.Mkdir(path, 0o700) },
		func(path string) error { return os.Symlink("nowhere", path) },
		func(path string) error { return syscall.Mkfifo(path, 0o600) },
		linkToFIFO,
	} {
		if err := make(filepath.Join(dir, fmt.Sprintf("tacho_9-1-1-%d.cells", i))); err != nil {
			t.Fatal(err)
		}
	}
	r := newReader(t, dir)
	want := map[string]string{"a": "[1 2] since 100", "b": "[3] since 100"}
	within(t, 30*time.Second, func() {
		checkCells(t, r, want)
		checkDamage(t, r, NotRegular)
		_, _ = newReader(t, dir).Compact()
		checkCells(t, r, want)
	})
}

// TestCellsNeverFall: whatever happens to a file, its counts remain, and so does their creation
// time.
func TestCellsNeverFall(t *testing.T) {
	other := func(items ...cellItem) func() []byte { return func() []byte { return encodeCells(items...) } }
	once := map[string]string{"a": "[2 4] since 100", "b": "[6] since 100", "c": "[1] since 70"}
	with := func(m map[string]string, key, value string) map[string]string {
		m = maps.Clone(m)
		m[key] = value
		return m
	}
	for name, c := range map[string]struct {
		change func(t *testing.T, dir, path string)
		want   map[string]string
		reason Reason
	}{
		"left alone":                 {func(*testing.T, string, string) {}, once, ""},
		"removed":                    {func(_ *testing.T, _, path string) { _ = os.Remove(path) }, once, ""},
		"grown":                      {overwrite(other(cellItem{"a", false, 100, []uint64{5, 5}}, cellItem{"b", false, 100, []uint64{3}}, cellItem{"c", false, 70, []uint64{1}}, cellItem{"d", false, 1, []uint64{9}})), with(with(once, "a", "[6 7] since 100"), "d", "[9] since 1"), ""},
		"truncated to nothing":       {truncate(0), once, Shrunk},
		"truncated in the header":    {truncate(30), once, Shrunk},
		"truncated after one":        {truncate(104), once, Shrunk},
		"truncated in between":       {truncate(110), once, Truncated},
		"the header destroyed":       {overwriteFirst(0xff, 0xff), once, BadHeader},
		"the bytes in use destroyed": {overwriteFirst([]byte("tacho\x00c\x01\x01")...), once, BadHeader},
		"replaced by the same":       {replace(func() []byte { return threeCells() }), once, ""}, // its process has recreated it
		"replaced by less":           {replace(other()), once, ""},
		"replaced by something":      {replace(func() []byte { return []byte("something else") }), once, BadHeader},
		"restarted in place":         {overwrite(other(cellItem{"a", false, 100, []uint64{1, 2}})), once, Shrunk},
		"others in their places":     {overwrite(other(cellItem{"x", false, 3, []uint64{7, 7}}, cellItem{"b", false, 100, []uint64{3}}, cellItem{"c", false, 70, []uint64{1}})), with(with(with(once, "x", "[7 7] since 3"), "b", "[9] since 100"), "c", "[2] since 70"), ""},
		"other lengths":              {overwrite(other(cellItem{"a", false, 100, []uint64{1, 2}}, cellItem{"a longer one", false, 3, []uint64{1, 1, 1, 1, 1, 1}})), with(once, "a longer one", "[1 1 1 1 1 1] since 3"), ""},
		"a directory instead":        {func(_ *testing.T, _, path string) { _ = os.Remove(path); _ = os.Mkdir(path, 0o700) }, once, NotRegular},
		"everything removed":         {func(_ *testing.T, dir, _ string) { removeAll(dir) }, once, ""},
		"the directory gone":         {func(_ *testing.T, dir, _ string) { _ = os.RemoveAll(dir) }, once, Unreadable},
		"the directory a file": {func(t *testing.T, dir, _ string) {
			_ = os.RemoveAll(dir)
			put(t, filepath.Dir(dir), filepath.Base(dir), nil)
		}, once, Unreadable},
		"recreated, then removed": {func(t *testing.T, dir, path string) { replace(other())(t, dir, path); _ = os.Remove(path) }, once, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "tacho_1-1-1-0.cells", twoCells())
			put(t, dir, "tacho_2-1-1-0.cells", threeCells())
			r := newReader(t, dir)
			checkCells(t, r, once)
			c.change(t, dir, filepath.Join(dir, "tacho_2-1-1-0.cells"))
			for range 3 {
				checkCells(t, r, c.want)
				if c.reason != "" && r.report.damaged[c.reason] == 0 {
					t.Errorf("damage %v, want %s", r.report.damaged, c.reason)
				}
			}
		})
	}
}

// TestDamagedArchive: an archive's counts remain, even if it loses its journal.
func TestDamagedArchive(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, dir, path string){
		"cut":       truncate(120),
		"cut short": truncate(3),
		"emptied":   truncate(0),
		"its tail":  func(t *testing.T, _, path string) { truncate(size(t, path)-5)(t, "", path) },
		"removed":   func(_ *testing.T, _, path string) { _ = os.Remove(path) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir, "tacho_1-1-1-0.cells", threeCells())
			put(t, dir, "counter_1-1-1-0.db", two())
			r := newReader(t, dir)
			check := func() {
				t.Helper()
				checkCells(t, r, map[string]string{"a": "[1 2] since 100", "b": "[3] since 100", "c": "[1] since 70"})
				checkSamples(t, gather(t, r), samples{"a_total": 1, "b_total": 2})
			}
			for range 2 {
				if _, err := newReader(t, dir).Compact(); err != nil {
					t.Fatal(err)
				}
				check()
				put(t, dir, "tacho_2-1-1-0.cells", encodeCells())
				put(t, dir, "counter_2-1-1-0.db", encode(valueOnly))
			}
			damage(t, dir, filepath.Join(dir, "tacho_archive.cells"))
			damage(t, dir, filepath.Join(dir, "counter_archive.db"))
			check()
			check()
		})
	}
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

// threeCells are twoCells, another one, and a live one.
func threeCells() []byte {
	return encodeCells(cellItem{"a", false, 100, []uint64{1, 2}}, cellItem{"b", false, 100, []uint64{3}}, cellItem{"c", false, 70, []uint64{1}}, cellItem{"live", true, 1, []uint64{5}})
}

// TestCellsLimit: cells above the limit are dropped and counted in every scan; existing ones
// keep counting.
func TestCellsLimit(t *testing.T) {
	dir := t.TempDir()
	var items []cellItem
	for i := range 100 {
		items = append(items, cellItem{fmt.Sprint("cell ", i), false, 1, []uint64{1}})
	}
	put(t, dir, "tacho_1-1-1-0.cells", encodeCells(items...))
	put(t, dir, "tacho_2-1-1-0.cells", encodeCells(items...))
	r, err := NewReader(ReaderOptions{Dir: dir, SeriesLimit: 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		got := cellsIn(r)
		if len(got) != 10 || got["cell 3"] != "[2] since 1" {
			t.Errorf("%d cells: %v", len(got), got)
		}
		if i < 2 && r.report.damaged[Limit] != 180 {
			t.Errorf("damage: %v", r.report.damaged)
		}
		if i == 1 {
			_ = os.Remove(filepath.Join(dir, "tacho_2-1-1-0.cells"))
		}
	}
	if r.report.damaged[Limit] != 90 {
		t.Errorf("without one of the files damage: %v", r.report.damaged)
	}
}

// TestPrivateOfTheDead: cells in private memory end with their process.
func TestPrivateOfTheDead(t *testing.T) {
	dir := t.TempDir()
	data := twoCells()
	data[16], data[24] = 5, 6
	put(t, dir, "tacho_1-1-1-0.cells", data)
	path := filepath.Join(dir, "tacho_2-1-1-0.cells")
	put(t, dir, filepath.Base(path), data)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := lockFile(f); err != nil {
		t.Fatal(err)
	}
	m := directoryMetrics(t, newReader(t, dir))
	if m["tacho_multiproc_private_cells"] != 5 || m["tacho_multiproc_unwritten_samples"] != 6 {
		t.Errorf("%v", m)
	}
}

// FuzzCells: for any file, two scans succeed with the same result, also for a living process,
// and merging does not change the readable part.
func FuzzCells(f *testing.F) {
	f.Add(twoCells(), true)
	f.Add(threeCells(), false)
	f.Add(usedCells(twoCells(), 1<<64-8), true)
	f.Add(inserted(filler(5, 5)), false)
	f.Add(inserted(filler(1<<31-1, 0)), false)
	f.Add(patched32(twoCells(), 104, 1<<32-1), true)
	f.Add(patched32(twoCells(), 108, 1<<31-1), false)
	f.Add(encodeCells(cellItem{"", false, 0, nil}, cellItem{"long", true, -1, make([]uint64, 100)}), true)
	f.Fuzz(func(t *testing.T, data []byte, held bool) {
		dir := t.TempDir()
		put(t, dir, "tacho_9-1-1-0.cells", data)
		put(t, dir, "tacho_1-1-1-0.cells", encodeCells(cellItem{"certainly", false, 1, []uint64{1}}))
		if held {
			f, err := os.OpenFile(filepath.Join(dir, "tacho_9-1-1-0.cells"), os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := lockFile(f); err != nil {
				t.Fatal(err)
			}
		}
		r := newReader(t, dir)
		first := cellsIn(r)
		if first["certainly"] == "" {
			t.Errorf("the valid file is missing: %v", first)
		}
		checkCells(t, r, first)
		if _, err := newReader(t, dir).Compact(); err != nil && !errors.Is(err, ErrBusy) {
			t.Error(err)
		}
		checkCells(t, r, first)
		checkCells(t, newReader(t, dir), first)
	})
}
