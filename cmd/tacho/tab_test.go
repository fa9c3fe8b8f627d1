package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A tab is a page in a real Chromium, with what it asked for and complained about.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu                sync.Mutex
	requests, foreign []string
	console           []string
	unfinished        map[network.RequestID]struct{} // requests until drawn
	bytes             float64                        // of those, as they came over the network
	drawn             bool                           // what markWhen waits for; no later requests are put down
}

// newBrowser starts Chromium and returns its first tab; the page's own origin is that of address.
func newBrowser(t *testing.T, address string) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: install the Debian package chromium")
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)...)
	t.Cleanup(cancel)
	return newTab(t, allocator, address)
}

// newTab opens a tab; of a context that is a tab's it is one more of the same browser.
func newTab(t *testing.T, parent context.Context, address string) *tab {
	b := &tab{t: t, unfinished: map[network.RequestID]struct{}{}}
	ctx, cancel := chromedp.NewContext(parent, chromedp.WithListener(func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if !b.drawn {
				b.requests = append(b.requests, e.Request.URL)
				b.unfinished[e.RequestID] = struct{}{}
			}
			if !strings.HasPrefix(e.Request.URL, address) && !strings.HasPrefix(e.Request.URL, "blob:") && !strings.HasPrefix(e.Request.URL, "data:") {
				b.foreign = append(b.foreign, e.Request.URL)
			}
		case *network.EventLoadingFinished:
			if _, ok := b.unfinished[e.RequestID]; ok {
				delete(b.unfinished, e.RequestID)
				b.bytes += e.EncodedDataLength
			}
		case *network.EventLoadingFailed:
			delete(b.unfinished, e.RequestID)
		case *cdpruntime.EventBindingCalled:
			b.drawn = true
		case *cdpruntime.EventConsoleAPICalled:
			b.console = append(b.console, string(e.Type))
		case *cdpruntime.EventExceptionThrown:
			b.console = append(b.console, e.ExceptionDetails.Text)
		}
	}))
	t.Cleanup(cancel)
	b.ctx = ctx
	return b
}

// calm fails if the page asked others, or complained.
func (b *tab) calm() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.foreign) > 0 {
		b.t.Errorf("the page asks others: %v", b.foreign)
	}
	if len(b.console) > 0 {
		b.t.Errorf("the console says: %v", b.console)
	}
}

// do runs steps.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

// open goes to an address at a size, and waits for the page's first picture.
func (b *tab) open(address string, width, height int64) {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(width, height), chromedp.Navigate("about:blank"), chromedp.Navigate(address))
}

// shown is a function of the scripts below: the elements that a selector finds and a person can see.
const shown = `const shown = (selector) => [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility());`

// text evaluates an expression to a string.
func (b *tab) text(expr string) string {
	b.t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`(() => { `+shown+` return `+expr+`; })()`))
	if err != nil {
		b.t.Fatalf("%s: %v", expr, err)
	}
	return text
}

// await polls a condition of the page, for 90 s at most. A page that is just being loaded
// may have nobody to ask.
func (b *tab) await(what, condition string) {
	b.t.Helper()
	const limit = 90 * time.Second
	asked := `(() => { ` + shown + ` try { return Boolean(` + condition + `) } catch { return false } })()`
	limited, cancel := context.WithTimeout(b.ctx, limit) // for a browser that does not answer at all
	defer cancel()
	var problem error
	if !reaches(limit, func() bool {
		yes, err := chromedp.Run(limited, chromedp.Evaluate[bool](asked))
		problem = err
		return err == nil && yes
	}) {
		b.t.Fatalf("waited for %s: %v; the page says:\n%.2000s", what, problem, b.text("document.body.innerText"))
	}
}

// click clicks the first element that can be seen of those that a selector finds, or whose text is the given one.
func (b *tab) click(selector, text string) {
	b.t.Helper()
	find := fmt.Sprintf(`shown(%q).find((e) => %q === "" || e.textContent.trim() === %[2]q)`, selector, text)
	b.await(selector+" "+text, find+" !== undefined")
	b.text(fmt.Sprintf(`(() => { const e = %s; e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect(); window.__at = [r.x + r.width / 2, r.y + r.height / 2]; return ""; })()`, find))
	x, y := b.at()
	b.do(chromedp.MouseClickXY(x, y))
}

// at is the point that a step before has left.
func (b *tab) at() (x, y float64) {
	b.t.Helper()
	var at [2]float64
	if err := json.Unmarshal([]byte(b.text("JSON.stringify(window.__at)")), &at); err != nil {
		b.t.Fatal(err)
	}
	return at[0], at[1]
}

// drag draws the mouse over an element, from one part of its width to another.
func (b *tab) drag(element string, from, to float64) {
	b.t.Helper()
	b.box(element, from, .5, to, .5)
}

// box draws the mouse over an element, from a part of its width and height to another.
func (b *tab) box(element string, x0, y0, x1, y1 float64) {
	b.t.Helper()
	point := func(x, y float64) (float64, float64) {
		b.text(fmt.Sprintf(`(() => { const e = %s; e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect(); window.__at = [r.x + r.width * %v, r.y + r.height * %v]; return ""; })()`, element, x, y))
		return b.at()
	}
	x, y := point(x0, y0)
	end, bottom := point(x1, y1)
	b.do(chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y), chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, x, y, chromedp.ButtonLeft, chromedp.ClickCount(1)),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, (x+end)/2, (y+bottom)/2, chromedp.ButtonLeft), chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, end, bottom, chromedp.ButtonLeft),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, end, bottom, chromedp.ButtonLeft, chromedp.ClickCount(1)))
}
