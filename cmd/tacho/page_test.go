package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	cdppage "github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/tacho-go/tacho/dash"
	"github.com/tacho-go/tacho/server"
	"github.com/tacho-go/tacho/verdict"
)

var update = flag.Bool("update", false, "take the pictures of docs/img anew")

// numbers is true as soon as the page shows one.
const numbers = `shown(".svc dd.rate, td.rate, .signal .big").some((e) => /[1-9]/.test(e.textContent))`

// charts is true when those of a service are drawn.
const charts = `shown(".signals canvas").length >= 3 && shown(".signals .big").some((e) => /[1-9]/.test(e.textContent))`

// TestPage uses the page in front of a demo as a person would, in a real Chromium.
func TestPage(t *testing.T) {
	p := spawn(t, nil, "demo", "--no-open")
	address := p.says(pageLine)
	t.Run("what the first load takes", func(t *testing.T) { firstLoad(t, address) })
	t.Run("from the overview to the trace", func(t *testing.T) { tour(t, address) })
	// The incident is still on.
	t.Run("on a laptop", func(t *testing.T) { lanesAlign(t, address) })
	t.Run("in pictures", func(t *testing.T) { pictures(t, address) })
	t.Run("with a comparison", func(t *testing.T) { keysFit(t, address) })
	t.Run("for everybody", func(t *testing.T) { accessible(t, address) })
	t.Run("a slow question", func(t *testing.T) { slow(t, address) })
	p.end(os.Interrupt)
}

// firstLoad counts what comes over the network until numbers and lines are there: of
// the address that was printed, and of a service.
func firstLoad(t *testing.T, address string) {
	// Before, one service is all that there is, and the page shows that one.
	awaitState(t, "the Flask service", func() bool {
		return value(t, address, `count(tacho:job_http_requests_by_status:rate{job="shop-flask"}) > 0`) != ""
	})
	count(t, address, "#open=shop", charts)
	count(t, address, "", numbers+` && document.querySelector(".svc .spark .ln").getAttribute("d").length > 20`)
}

// count holds the limits of a first load: 15 requests and 100 kB, as they come over the
// network.
func count(t *testing.T, address, fragment, ready string) {
	t.Helper()
	b := newBrowser(t, address)
	b.markWhen(ready)
	b.open(address+fragment, 1400, 1000)
	awaitState(t, "numbers and lines, and the end of what came before them", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.drawn && len(b.unfinished) == 0
	})
	b.calm()
	b.mu.Lock()
	defer b.mu.Unlock()
	var own []string
	for _, r := range b.requests {
		if strings.HasPrefix(r, address) {
			own = append(own, strings.TrimPrefix(r, address))
		}
	}
	bytes := b.bytes
	t.Logf("%q until all is drawn: %d requests, %.0f bytes: %v", fragment, len(own), bytes, own)
	if len(own) > 15 || bytes > 100_000 {
		t.Errorf("%d requests and %.0f bytes, want at most 15 and 100,000", len(own), bytes)
	}
	if !slices.Contains(own, "tacho-first.js") {
		t.Error("the page's own module was not counted")
	}
}

// markWhen lets the next document say when a condition became true. Chromium reports it between
// the requests before and after, however busy the machine is.
func (b *tab) markWhen(condition string) {
	b.t.Helper()
	script := `(() => { ` + shown + `
		const look = () => { try { if (` + condition + `) { drawn(""); observer.disconnect(); } } catch { /* not there yet */ } };
		const observer = new MutationObserver(look);
		observer.observe(document, {subtree: true, childList: true, characterData: true, attributes: true});
	})()`
	if _, err := chromedp.Call(b.ctx, cdpruntime.AddBinding, cdpruntime.AddBindingParams{Name: "drawn"}); err != nil {
		b.t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, cdppage.AddScriptToEvaluateOnNewDocument, cdppage.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
		b.t.Fatal(err)
	}
}

// keysFit: with a comparison each signal has one more key; none is cut.
func keysFit(t *testing.T, address string) {
	for _, language := range []string{"en", "zh-CN"} {
		b := newBrowser(t, address)
		b.open(address+"#open=shop&compare=before&lang="+language, 1440, 900)
		b.await("the charts", charts)
		b.await("each key within its card", `shown(".signal .keys li").length >= 8 && shown(".signal .keys li").every((li) => {
			const [key, keys] = [li, li.parentElement].map((e) => e.getBoundingClientRect());
			return key.right <= keys.right && key.bottom <= keys.bottom + 1;
		})`)
		b.calm()
	}
}

// lanesAlign: where the column of places is narrow, those that stand out stay in it, and all curves are below each other.
func lanesAlign(t *testing.T, address string) {
	b := newBrowser(t, address)
	b.open(address+"#open=shop&span=900", 1024, 800)
	b.await("a lane with an instance", `shown(".lane .where.only").length > 0`)
	b.await("its curve beside it", `(() => {
		const [first, ...others] = shown(".lane .time").map((e) => e.getBoundingClientRect());
		return others.length >= 3 && others.every((r) => r.left === first.left && r.width === first.width) &&
			shown(".lane .where.only").every((e) => e.getBoundingClientRect().right <= first.left);
	})()`)
	b.calm()
}

// tour goes from the overview over the service and its failing route to a trace, and
// uses everything that stands on the way.
func tour(t *testing.T, address string) {
	b := newBrowser(t, address)
	b.open(address, 1400, 1000)
	b.await("the cards", `document.querySelectorAll(".services .svc").length >= 1 && `+numbers)
	b.await("the sparkline", `document.querySelector(".svc .spark .ln").getAttribute("d").length > 20`)
	b.click(".svc .top bdi", "shop")
	b.await("the service's charts", charts)
	b.await("the incident", `[...document.querySelectorAll("tr.errors td.route")].some((e) => e.textContent.includes("/second_route"))`)
	b.await("which says since when", `shown(".lane").some((e) => e.textContent.includes("/second_route") && /\d\d:\d\d:\d\d/.test(e.textContent))`)
	b.click("tr.errors td.route button", "GET /second_route")
	b.await("the route's statuses", `shown(".fact, .card").some((e) => /Statuses/.test(e.textContent) && /500/.test(e.textContent))`)
	b.await("its instances", `shown(".fact, .card").some((e) => /Instances/.test(e.textContent))`)
	b.await("a trace", `shown(".traces a").length > 0`)
	b.await("the trace's name", `/[0-9a-f]{16}/.test(shown(".traces a")[0].innerText)`)
	equalNumbers(b)
	zoom(b)
	turn(b, address)
	keys(b, address)
	selectBox(b, address)
	b.calm()
}

// equalNumbers: the number beside a chart is the one that it ends on, in every frame of
// several live rounds.
func equalNumbers(b *tab) {
	b.t.Helper()
	const look = `new Promise((resolve) => {
		const clocks = new Set(), wrong = new Set();
		` + shown + `
		const look = () => {
			clocks.add(document.getElementById("clock").textContent);
			const keyOf = (id, name) => shown("[data-id=" + id + "] .keys li").find((e) => e.querySelector(".of").textContent === name)?.querySelector("b").textContent;
			const ends = {chartErrors: keyOf("chartErrors", "5xx"), chartLatency: keyOf("chartLatency", "p95")};
			for (const [id, end] of Object.entries(ends)) {
				const big = shown("[data-id=" + id + "] .big")[0].textContent.replaceAll(" ", "");
				if (big !== end?.replaceAll(" ", "") || !/\d/.test(big)) wrong.add(id + ": " + big + " beside a chart that ends on " + end);
			}
			if (clocks.size > 4) resolve(JSON.stringify([...wrong]));
			else requestAnimationFrame(look);
		};
		look();
	})`
	wrong, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](look, chromedp.EvalAwaitPromise))
	if err != nil || wrong != "[]" {
		b.t.Errorf("numbers and charts disagree: %s %v", wrong, err)
	}
}

// zoom drags over a chart; all follow, and going back undoes it.
func zoom(b *tab) {
	b.t.Helper()
	before := b.text("location.hash")
	b.drag(`shown(".signals .u-over")[0]`, .5, .95)
	b.await("the zoom in the address", `/span=\d+-\d+/.test(location.hash)`)
	b.await("the page to stand still", `document.getElementById("live").getAttribute("aria-pressed") === "false"`)
	b.do(chromedp.NavigateBack())
	b.await("the way back", fmt.Sprintf(`location.hash === %q`, before))
	b.await("the lanes", `shown(".lanes .axis .time").length === 1`)
	b.drag(`shown(".lanes .axis .time > svg")[0]`, .5, .95)
	b.await("the same from a lane", `/span=\d+-\d+/.test(location.hash)`)
	b.do(chromedp.KeyEvent(kb.Escape))
	b.await("the way back by Escape", fmt.Sprintf(`location.hash === %q`, before))
}

// selectBox drags a box over the slow requests of the incident: it names a slow route, whichever has the larger part
// of this box, and on the screen of GET /api the instance.
func selectBox(b *tab, address string) {
	b.t.Helper()
	since := incidentSince(b.t, address).Unix()
	for _, test := range []struct {
		fragment string
		want     string  // a regular expression of JavaScript
		bottom   float64 // of the box
	}{{"", `are (GET \/api|POST \/api\/orders) \(rest:`, .15}, {"&route=GET+%2Fapi", `are on b \(rest:`, .4}} {
		want := test.want
		b.open(fmt.Sprintf("%s#open=shop&span=%d-%d%s", address, since-60, since+60, test.fragment), 1400, 1000)
		b.await("the heatmap", `shown(".heat canvas").some((e) => /: ./.test(e.getAttribute("aria-label"))) && document.querySelector(".filling") === null`)
		// A rate looks back over a minute: it shows the fault fully some time after the beginning.
		b.box(`shown(".heat canvas")[0]`, .75, .04, .9, test.bottom)
		b.await("what "+want, fmt.Sprintf(`/box=/.test(location.hash) && shown(".boxed .conclude").some((e) => /%s/.test(e.textContent))`, want))
		b.do(chromedp.Focus(".heat canvas"), chromedp.KeyEvent(kb.Escape))
		b.await("no box", `!/box=/.test(location.hash) && shown(".boxed").length === 0`)
	}
}

// incidentSince is when the demo's slow route became slow: its worst time.
func incidentSince(t *testing.T, address string) time.Time {
	t.Helper()
	response, err := http.Get(address + server.VerdictPath)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var v verdict.Verdict
	if err := json.NewDecoder(response.Body).Decode(&v); err != nil {
		t.Fatal(err)
	}
	var worst verdict.Finding
	for _, s := range v.Services {
		for _, f := range append(s.Findings, s.Over...) {
			if f.Kind == verdict.Latency && f.Path == "/api" && f.Worst > worst.Worst {
				worst = f
			}
		}
	}
	if worst.Since.IsZero() {
		t.Fatal("the verdict has no slow route /api")
	}
	return worst.Since
}

// turn changes span, comparison, zone, colours and language, and opens the address in
// another window: it says the same.
func turn(b *tab, address string) {
	b.t.Helper()
	b.click("#span", "")
	b.click(".picker .left button", "Last 15 min")
	b.await("the span", `document.getElementById("span").innerText.includes("Last 15 min") && shown(".picker").length === 0`)
	b.click("#span", "")
	b.click("#compare button", "before")
	b.do(chromedp.KeyEvent(kb.Escape))
	b.await("the line before", `shown(".signals .keys .of").some((e) => e.textContent === "before")`)
	b.click("#settings", "")
	b.click("#zone", "")
	b.do(chromedp.KeyEvent("UTC"), chromedp.KeyEvent(kb.Enter))
	b.await("the zone", `location.hash.includes("zone=UTC")`)
	b.click("#theme button", "Dark")
	b.await("dark colors", `getComputedStyle(document.body).backgroundColor === "rgb(12, 15, 20)"`)
	b.text(`String(document.getElementById("language").click())`)
	b.await("Chinese", `document.documentElement.lang === "zh-CN" && `+charts)
	b.click("#live", "")
	b.await("a span that stands still", `/span=\d+-\d+/.test(location.hash)`)
	b.await("its charts", charts)
	const said = `JSON.stringify([document.documentElement.lang, document.documentElement.dataset.theme, location.hash, shown(".head h1")[0].innerText, ` +
		`shown(".signals .keys li").map((e) => e.textContent), shown(".signal .big").map((e) => e.innerText)])`
	settled := `(() => { const now = ` + said + `; const same = now === window.__said; window.__said = now; return same; })()`
	b.await("the page to rest", settled)
	other := newTab(b.t, b.ctx, address)
	other.open(b.text("location.href"), 1400, 1000)
	other.await("the other window's charts", charts)
	other.await("the same in the other window", fmt.Sprintf(`%s === %q`, said, b.text(said)))
	other.calm()
}

// keys uses the page without a mouse.
func keys(b *tab, address string) {
	b.t.Helper()
	b.open(address+"#open=shop&span=300", 1400, 1000)
	b.await("the charts", charts)
	b.do(chromedp.Focus("table.routes th.n button"), chromedp.KeyEvent(kb.Enter))
	b.await("the order", `document.querySelector("th[aria-sort=descending]") !== null && location.hash.includes("sort=-rate")`)
	b.do(chromedp.Focus("table.routes td.route button"), chromedp.KeyEvent(kb.ArrowDown))
	b.await("the next row", `document.activeElement === document.querySelectorAll("table.routes td.route button")[1]`)
	b.do(chromedp.KeyEvent(kb.Enter))
	b.await("its charts", `location.hash.includes("route=")`)
	b.do(chromedp.Focus(".plot"), chromedp.KeyEvent(kb.ArrowLeft))
	b.await("the point in words", `[...document.querySelectorAll(".unseen[aria-live]")].some((e) => /\d\d:\d\d/.test(e.textContent))`)
}

// slow stands in front of the demo and does not answer one query: the page says how
// long it has waited and lets the person call it off, which ends the query too, and
// asks again when he wants it.
func slow(t *testing.T, address string) {
	const expr = "vector(4711)"
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	asked, called := make(chan struct{}, 1), make(chan struct{}, 1)
	var let atomic.Bool
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		if bytes.Contains(body, []byte(expr)) && !let.Load() {
			asked <- struct{}{}
			<-r.Context().Done()
			called <- struct{}{}
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	defer front.Close()
	b := newBrowser(t, front.URL)
	defer b.do(chromedp.Navigate("about:blank"))
	b.open(front.URL+"/#page=explore&table=1&expr="+url.QueryEscape(expr), 1400, 1000)
	within(t, asked, "the query")
	b.await("how long it takes", `/waiting for a response, \d+ s so far/.test(document.getElementById("waiting").textContent)`)
	b.click("#cancel", "Cancel")
	within(t, called, "the end of the query")
	b.await("what has happened", `/Query canceled/.test(document.getElementById("problem").textContent) && document.getElementById("cancel").hidden`)
	let.Store(true)
	b.click("#problem button", "Retry")
	b.await("the answer", `/4,711/.test(document.getElementById("explore").textContent) && document.getElementById("problem").hidden`)
	b.calm()
}

// within waits for something that the page causes.
func within(t *testing.T, happened <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-happened:
	case <-time.After(time.Minute):
		t.Fatalf("waited a minute for %s", what)
	}
}

// TestManyRoutes: of ten thousand routes those that can be seen are in the document; each
// is reached by scrolling and by keys.
func TestManyRoutes(t *testing.T) {
	t.Parallel()
	const routes = 10_000
	var answer strings.Builder
	answer.WriteString(`{"status":"success","data":{"resultType":"vector","result":[{"metric":{"part":"targets","job":"shop"},"value":[1,"1"]}`)
	for i := range routes {
		fmt.Fprintf(&answer, `,{"metric":{"part":"rate","job":"shop","method":"GET","path":"/r%05d"},"value":[1,"1"]}`, i)
	}
	answer.WriteString("]}}")
	mux := http.NewServeMux()
	mux.Handle("/", dash.Handler(dash.Options{}))
	mux.HandleFunc("/api/v1/query", func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.FormValue("query"), `"targets"`) {
			_, _ = io.WriteString(w, answer.String())
			return
		}
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[]}}`)
	})
	mux.HandleFunc("/api/v1/query_range", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"matrix","result":[]}}`)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	b := newBrowser(t, server.URL)
	b.open(server.URL+"/#sort=route", 1400, 1000)
	seen := func(i int) string {
		return fmt.Sprintf(`(() => { const e = [...document.querySelectorAll("table.routes td.route button")].find((e) => e.textContent.includes("/r%05d")); if (!e) return false; const r = e.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight; })()`, i)
	}
	b.await("the first rows", `document.querySelectorAll("table.routes td.route button").length > 10`)
	b.await("few rows in the document", `document.querySelectorAll("table.routes tbody tr").length < 150`)
	b.text(`(() => { document.querySelector("table.routes").scrollIntoView(); return ""; })()`)
	b.await("the first in sight", seen(0))
	b.text(`(() => { scrollTo(0, document.documentElement.scrollHeight / 2); return ""; })()`)
	b.await("one in the middle", `[...document.querySelectorAll("table.routes tr[aria-rowindex]")].some((e) => { const r = e.getBoundingClientRect(), i = Number(e.getAttribute("aria-rowindex")); return r.top >= 0 && r.bottom <= innerHeight && i > 4500 && i < 5500; })`)
	b.await("few rows in the document still", `document.querySelectorAll("table.routes tbody tr").length < 150`)
	b.do(chromedp.Focus("table.routes td.route button"), chromedp.KeyEvent(kb.End))
	b.await("the last", seen(routes-1)+` && document.activeElement.textContent.includes("/r09999")`)
	b.do(chromedp.KeyEvent(kb.ArrowUp))
	b.await("the last but one", seen(routes-2)+` && document.activeElement.textContent.includes("/r09998")`)
	b.do(chromedp.KeyEvent(kb.Home))
	b.await("the first again", seen(0)+` && document.activeElement.textContent.includes("/r00000")`)
	b.calm()
}

// screens are the pages that everybody must be able to use, by their fragment.
var screens = []struct{ name, fragment, ready string }{
	{"overview", "", numbers},
	{"service", "open=shop&span=900", charts},
	{"route", "open=shop&route=GET+%2Fsecond_route&span=900", charts},
	{"explore", "page=explore&span=900&expr=sum+by+%28kind%29+%28rate%28shop_orders_total%5B1m%5D%29%29", `document.querySelector("#explore canvas") !== null && document.querySelectorAll(".rail li").length > 3`},
	{"explore as a table", "page=explore&table=1&expr=up", `shown("#explore tbody tr").length > 1`},
	{"a wrong query", "page=explore&expr=sum%28", `!document.getElementById("expr-problem").hidden`},
	{"alerts", "page=alerts&span=900", `shown("#alerts-screen h1").length === 1 && shown("#alerts-screen .card").length >= 2`},
	{"targets", "page=targets", `shown(".targets tbody tr").length > 1`},
	{"where the time goes", "open=shop&part=time&span=900", `shown(".servicescreen table tbody tr").length > 1`},
	{"events", "open=shop&part=events&span=900", `shown(".events li").length > 0`},
	{"services as a table", "show=table", numbers},
	{"no data in the span", "open=shop&span=1000000000-1000003600", `!document.getElementById("empty").hidden`},
}

// accessible has axe-core look at every screen, in both themes, wide and narrow: no
// serious fault, nothing that is wider than the window.
func accessible(t *testing.T, address string) {
	axe, err := os.ReadFile("testdata/axe/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	const sum = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
	if got := sha256.Sum256(axe); hex.EncodeToString(got[:]) != sum {
		t.Errorf("testdata/axe/axe.min.js is not that of axe-core 4.14.1 on npm (MPL-2.0, Deque Systems): its SHA-256 is %x", got)
	}
	b := newBrowser(t, address)
	for _, s := range screens {
		for i, theme := range []string{"light", "dark"} {
			width := []int64{1300, 390}[i]
			if s.name == "service" || s.name == "alerts" {
				inspect(t, b, string(axe), s.name, address+"#"+s.fragment+"&theme="+theme, s.ready, 1690-width)
			}
			inspect(t, b, string(axe), s.name, address+"#"+s.fragment+"&theme="+theme, s.ready, width)
		}
	}
}

func inspect(t *testing.T, b *tab, axe, name, address, ready string, width int64) {
	t.Helper()
	b.open(address, width, 900)
	b.await(name, ready)
	if wide := b.text(`String(document.documentElement.scrollWidth - document.documentElement.clientWidth)`); wide != "0" {
		t.Errorf("%s at %d: the page is %s pixels wider than the window", name, width, wide)
	}
	if _, err := chromedp.Run(b.ctx, chromedp.Evaluate[any](axe+"; null")); err != nil {
		t.Fatal(err)
	}
	found, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then((r) => JSON.stringify(r.violations.map((v) => [v.impact, v.id, v.help, ...v.nodes.slice(0, 3).map((n) => n.target.join(" ") + " " + n.failureSummary)])))`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatal(err)
	}
	var violations [][]string
	if err := json.Unmarshal([]byte(found), &violations); err != nil {
		t.Fatal(err)
	}
	for _, v := range violations {
		if v[0] == "serious" || v[0] == "critical" {
			t.Errorf("%s at %d: %s", name, width, strings.Join(v, "\n  "))
		}
	}
}

// pictures takes the pictures of the documentation; without -update it only sees that
// they can be taken.
func pictures(t *testing.T, address string) {
	const shop = "#open=shop&span=900"
	alerts := screens[6].ready
	if *update {
		alerts += ` && document.querySelector("#alerts-screen canvas") !== null`
	}
	b := newBrowser(t, address)
	if *update { // also alone, with -run TestPage/in_pictures: all in the incident
		b.open(address+shop, 1400, 1000)
		b.await("the incident", `shown("tr.errors td.route").some((e) => e.textContent.includes("/second_route")) && shown(".lane .where.only").length > 0 && shown(".nav .count").some((e) => Number(e.textContent) >= 4)`)
	}
	for _, shot := range []struct {
		name, fragment, ready string
		width, height         int64
	}{
		{"demo", shop, charts, 1400, 1000},
		{"overview", "#span=900", numbers, 1400, 700},
		{"table", "#show=table&span=900", numbers + ` && document.querySelector(".filling") === null`, 1400, 500},
		{"slos", "#page=slos&span=900", `shown("#slos-screen tbody tr").length >= 2`, 1400, 800},
		{"route", "#" + screens[2].fragment, charts, 1400, 1000},
		{"explore", "#" + screens[3].fragment, screens[3].ready, 1400, 800},
		{"alerts", "#page=alerts&span=900", alerts, 1400, 1000},
		{"dark", shop + "&theme=dark", charts, 1400, 1000},
		// With a font that has Chinese, such as that of fonts-noto-cjk.
		{"chinese", shop + "&lang=zh-CN", charts, 1400, 1000},
		{"laptop", shop, charts, 1024, 800},
		{"phone", shop, charts, 390, 1200},
		{"empty", "#" + screens[11].fragment, screens[11].ready, 1000, 420},
		{"error", "#" + screens[5].fragment, screens[5].ready, 1000, 500},
	} {
		b.open(address+shot.fragment, shot.width, shot.height)
		b.await(shot.name, shot.ready)
		b.await("all of "+shot.name, `document.querySelector(".filling") === null && shown("table.routes").every(() => shown("th.budget, .stackrows:not(table.routes)").length > 0 || innerWidth < 1181) && shown("table.routes td.sp").every((e) => e.querySelector("[hidden]") === null)`)
		png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil || len(png) < 5000 || len(png) > 400_000 {
			t.Errorf("%s: a picture of %d bytes, %v", shot.name, len(png), err)
		}
		if *update {
			if err := os.WriteFile(filepath.Join("../../docs/img", shot.name+".png"), png, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
