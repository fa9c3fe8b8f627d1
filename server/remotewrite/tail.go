package remotewrite

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"time"

	"github.com/prometheus/prometheus/tsdb/wlog"
)

// A tail reads the records of the WAL one after the other while the storage writes it.
type tail struct {
	spool   *spool
	log     *slog.Logger
	reader  *wlog.LiveReaderMetrics
	skipped func(segments int) // called when segments are gone or damaged

	at       position // after the last record that next returned
	before   position // before it
	fresh    int64    // records that end up to this offset of the segment were read in an earlier life
	file     *wlog.Segment
	live     *wlog.LiveReader
	again    bool      // return the last record once more
	resumeAt time.Time // when a damaged segment is read again
}

// next returns the next record and whether it lies after the position at which the tail
// started: earlier records of the segment are read for their series only. The record is valid
// until the next call. The error is io.EOF if there is no record yet.
func (t *tail) next() (record []byte, fresh bool, err error) {
	for {
		if err := t.open(); err != nil {
			return nil, false, err
		}
		if t.again || t.live.Next() {
			t.again, t.before, t.at.Offset = false, t.at, t.live.Offset()
			return t.live.Record(), t.at.Offset > t.fresh, nil
		}
		if err := t.advance(t.live.Err()); err != nil {
			return nil, false, err
		}
	}
}

// unread makes next return the last record once more.
func (t *tail) unread() { t.again, t.at = true, t.before }

// open opens the segment of the position.
func (t *tail) open() error {
	if t.file != nil {
		return nil
	}
	if time.Now().Before(t.resumeAt) {
		return io.EOF
	}
	f, err := t.spool.open(t.at.Segment)
	if errors.Is(err, fs.ErrNotExist) {
		n, ok := t.spool.next(t.at.Segment)
		if !ok {
			return io.EOF
		}
		return t.skip(t.at.Segment, n)
	}
	if err != nil {
		return err
	}
	t.file, t.live = f, wlog.NewLiveReader(t.log, t.reader, f)
	return nil
}

// advance goes to the next segment if this one has ended, or returns io.EOF.
func (t *tail) advance(end error) error {
	n, ok := t.spool.next(t.at.Segment)
	if errors.Is(end, io.EOF) {
		if !ok {
			return io.EOF
		}
		// The rest of the segment was written before the next one was created.
		if t.live.Next() {
			t.again = true
			return nil
		}
		end = t.live.Err()
	}
	damaged := !errors.Is(end, io.EOF)
	switch {
	case damaged && !ok:
		// The storage may be writing the record, or repairs the segment on its next start.
		t.close()
		t.fresh, t.resumeAt = t.at.Offset, time.Now().Add(5*time.Second)
		return io.EOF
	case damaged:
		t.log.Error("samples were not sent: a segment of the log is damaged", "segment", t.at.Segment, "offset", t.at.Offset, "err", end)
		t.skipped(1)
	case n > t.at.Segment+1:
		return t.skip(t.at.Segment+1, n)
	}
	t.close()
	t.at.Segment, t.at.Offset, t.fresh = n, 0, 0
	return nil
}

// skip goes to the segment to, because those from the segment from on are gone. It returns
// errGone.
func (t *tail) skip(from, to int) error {
	since := "the beginning"
	if t.at.Time > 0 {
		since = time.UnixMilli(t.at.Time).UTC().Format(time.RFC3339)
	}
	t.log.Error("samples were not sent: the receiver did not accept them for longer than they are kept",
		"segments", to-from, "from", since)
	t.skipped(to - from)
	t.close()
	t.at.Segment, t.at.Offset, t.fresh = to, 0, 0
	return errGone
}

func (t *tail) close() {
	if t.file != nil {
		_ = t.file.Close()
	}
	t.file, t.live, t.again = nil, nil, false
}

// load reads what is before the segment of the position: the checkpoint and the segments
// between. It calls each for every record, with the number of the checkpoint or the segment.
func (t *tail) load(each func(record []byte, segment int) error) error {
	base, dir, ok := t.spool.checkpoint(t.at.Segment)
	if !ok {
		base = -1
	} else if err := t.readCheckpoint(dir, base, each); err != nil {
		return err
	}
	for _, n := range t.spool.segments() {
		if n <= base || n >= t.at.Segment {
			continue
		}
		f, err := t.spool.open(n)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = t.readFile(f, n, each)
		}
		if err != nil {
			t.log.Warn("the series of a segment cannot be read", "segment", n, "err", err)
		}
	}
	return nil
}

// readCheckpoint reads the segments of a checkpoint.
func (t *tail) readCheckpoint(dir string, number int, each func([]byte, int) error) error {
	for _, n := range numbered(dir, "") {
		f, err := wlog.OpenReadSegment(wlog.SegmentName(dir, n))
		if err == nil {
			err = t.readFile(f, number, each)
		}
		if err != nil {
			return fmt.Errorf("checkpoint %s: %w", dir, err)
		}
	}
	return nil
}

func (t *tail) readFile(f *wlog.Segment, number int, each func([]byte, int) error) error {
	defer f.Close()
	r := wlog.NewLiveReader(t.log, t.reader, f)
	for r.Next() {
		if err := each(r.Record(), number); err != nil {
			return err
		}
	}
	if err := r.Err(); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
