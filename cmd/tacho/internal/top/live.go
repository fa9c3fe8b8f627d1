package top

import (
	"context"
	"os"
	"time"
)

// A live screen is the loop around a View: answers, keys, sizes and time come
// in, lines go out.
type live struct {
	*terminal
	watch   *Watch
	view    View
	picture Picture
}

// escapeAfter is how long the rest of a sequence may take.
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
	answers := make(chan answer)
	for _, s := range t.scrapers {
		go s.follow(ctx, t.options.Interval, answers)
	}
	l := &live{terminal: screen, watch: t.watch, view: View{Order: t.options.Order}}
	return l.run(ctx, answers, keysOf(ctx, in))
}

func (l *live) run(ctx context.Context, answers <-chan answer, bytes <-chan []byte) error {
	sizes, stop := resized()
	defer stop()
	seconds := time.NewTicker(time.Second) // what is said to be so long ago
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
		case a := <-answers:
			a.tell(l.watch)
		case <-sizes:
		case <-seconds.C:
		case <-late:
			late = nil
			if l.press(keys.flush()) {
				return nil
			}
		case b, open := <-bytes:
			if !open || l.press(keys.feed(b)) { // the terminal is gone, or enough
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
	l.picture = l.watch.Picture(now)
	width, height := l.size()
	return l.draw(l.view.Lines(l.picture, now, width, height))
}

func (l *live) press(keys []Key) (quit bool) {
	for _, k := range keys {
		if k == KeyRedraw {
			l.forget()
		}
		if l.view.Press(k, l.picture) {
			return true
		}
	}
	return false
}

// keysOf reads what is typed. A read cannot be ended: the goroutine stays in it
// until the program ends.
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
