package multiproc

// covers reports whether a file that replaced another one of the same name includes its counts:
// an archive that continues it does, and a file that a Go process has recreated. Any other file
// with smaller counts belongs to a different process.
func (f *file) covers(before *file) bool {
	switch {
	case f.id == archiveID:
		return f.lineages.continues(before.lineages)
	case !isGoID(f.id):
		return false
	case f.isCells():
		return f.coversCells(before)
	}
	have := map[seriesID]float64{}
	for i := range f.entries {
		have[f.entries[i].series] += f.entries[i].value
	}
	for i := range before.entries {
		e := &before.entries[i]
		now, exists := have[e.series]
		if !exists || now < e.value && (f.kind.name == "counter" || e.isBucket()) {
			return false
		}
	}
	return true
}

func (f *file) coversCells(before *file) bool {
	have := map[*Cell][]uint64{}
	for i := range f.cells {
		e := &f.cells[i]
		words := grow(have[e.cell], len(e.last))
		for n, w := range e.last {
			words[n] += w
		}
		have[e.cell] = words
	}
	for i := range before.cells {
		e := &before.cells[i]
		now, exists := have[e.cell]
		if e.cell == nil || e.cell.Live {
			continue
		}
		for n, w := range e.last {
			if n >= len(now) || now[n] < w {
				return false
			}
		}
		if !exists {
			return false
		}
	}
	return true
}

// vanishedFiles are files of Go processes and archives that have vanished without being merged,
// by name. They keep counting until a process has recreated them.
type vanishedFiles map[string]*file

// markVanished handles a vanished file. It remembers a file that may return, and otherwise keeps
// the counts only.
func (r *Reader) markVanished(f *file) {
	archived := f.id == archiveID && len(f.lineages) > 0
	if !archived && (!isGoID(f.id) || f.kind.name == "gauge") {
		f.forget(0, r.merged) // a process's gauges disappear with the file
		return
	}
	name, _, _ := cutCompacting(f.name)
	if before := r.vanished[name]; before != nil {
		before.forget(0, r.merged)
	}
	r.vanished[name] = f
}

// reconcile forgets files that have returned or that were merged in the meantime: their counts
// are in a file again.
func (v vanishedFiles) reconcile(r *Reader, archived func() archivedFiles) {
	if len(v) == 0 {
		return
	}
	for id := range archived().added {
		if f := v[id.name]; f != nil {
			f.dropCells(0, r.merged)
			delete(v, id.name)
		}
	}
	for name, f := range r.files {
		plain, _, _ := cutCompacting(name)
		before := v[plain]
		switch {
		case before == nil:
		case f.covers(before):
			delete(v, plain)
			before.dropCells(0, r.merged)
		case f.id != archiveID: // an archive may still be merged with the vanished one
			delete(v, plain)
			before.forget(0, r.merged)
		}
	}
}

// addTo adds the counts of the vanished files.
func (v vanishedFiles) addTo(m *merged) {
	for _, f := range v {
		f.damage, f.dead = f.damage[:0], true
		f.addLast(m, 0)
	}
}
