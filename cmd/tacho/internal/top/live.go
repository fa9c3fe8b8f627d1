package top

import (
	"context"
	"os"
	"time"
)

// A live screen is the event loop of a View: it handles scrapes, keys, resizes and time,
// and draws lines.
type live struct {
	*terminal
	watch *Watch
	view  View
	frame Frame
}

// escapeAfter is the timeout for the rest of a sequence.
const escapeAfter = 50 * time.Millisecond

// Live shows the table until a key or the context ends it.
func (t *Top) Live(ctx context.Context, in, out *os.File) error {
	screen, err := openTerminal(in, out)
	if err != nil {
		return err
	}
	defer screen.close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	results := make(chan result)
	for _, s := range t.scrapers {
		go s.follow(ctx, t.options.Interval, results)
	}
	verdicts := make(chan *Verdict)
	go followVerdict(ctx, t.verdict, t.options.Interval, verdicts)
	l := &live{terminal: screen, watch: t.watch, view: View{Order: t.options.Order}}
	return l.run(ctx, results, verdicts, keysOf(ctx, in))
}

func (l *live) run(ctx context.Context, results <-chan result, verdicts <-chan *Verdict, bytes <-chan []byte) error {
	sizes, stop := resized()
	defer stop()
	seconds := time.NewTicker(time.Second) // updates the displayed ages
	defer seconds.Stop()
	var keys decoder
	var late <-chan time.Time
	for {
		if err := l.show(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case a := <-results:
			a.tell(l.watch)
		case v := <-verdicts:
			l.watch.Judge(v)
		case <-sizes:
		case <-seconds.C:
		case <-late:
			late = nil
			if l.press(keys.flush()) {
				return nil
			}
		case b, open := <-bytes:
			if !open || l.press(keys.feed(b)) { // the terminal is closed, or the user quits
				return nil
			}
			late = nil
			if keys.waiting() {
				late = time.After(escapeAfter)
			}
		}
	}
}

func (l *live) show() error {
	now := time.Now()
	l.frame = l.watch.Frame(now)
	width, height := l.size()
	return l.draw(l.view.Lines(l.frame, now, width, height))
}

func (l *live) press(keys []Key) (quit bool) {
	for _, k := range keys {
		if k == KeyRedraw {
			l.forget()
		}
		if l.view.Press(k, l.frame) {
			return true
		}
	}
	return false
}

// keysOf reads the keyboard. A read cannot be canceled: the goroutine lives until the
// program exits.
func keysOf(ctx context.Context, in *os.File) <-chan []byte {
	bytes := make(chan []byte)
	go func() {
		defer close(bytes)
		for {
			b := make([]byte, 256)
			n, err := in.Read(b)
			if err != nil {
				return
			}
			select {
			case bytes <- b[:n]:
			case <-ctx.Done():
				return
			}
		}
	}()
	return bytes
}
