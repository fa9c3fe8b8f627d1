package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/prometheus/prometheus/tsdb/fileutil"

	"github.com/tacho-go/tacho/cmd/tacho/internal/demo"
	"github.com/tacho-go/tacho/verdict"
)

// TestDemoFirstMinute: the first command that a new user types. It prints the address
// within a second and shows numbers on the page within ten. No request leaves the
// machine, the console shows no errors, and Ctrl-C stops everything within two seconds
// and removes all files.
func TestDemoFirstMinute(t *testing.T) {
	p := spawn(t, nil, "demo", "--no-open")
	page := p.says(pageLine)
	printed := time.Since(p.begun)
	if printed > time.Second {
		t.Errorf("the address came after %v; want a second", printed)
	}
	b := newBrowser(t, page)
	b.open(page, 1400, 1000)
	b.await("the first number", numbers)
	tile := time.Since(p.begun)
	b.calm()
	t.Logf("from the start: address %v, first scrape %v, first number on the page in Chromium %v", printed.Round(time.Millisecond), firstScrape(t, page).Sub(p.begun).Round(time.Millisecond), tile.Round(time.Millisecond))
	if value(t, page, `count_over_time(tacho_demo_seeded[7h]) > 0`) == "" {
		t.Error("the past is not marked as seeded")
	}
	p.await("the Flask service", 30*time.Second, func() bool { return value(t, page, `up{job="shop-flask"}`) == "1" })
	p.end(os.Interrupt)
	if left, _ := filepath.Glob(filepath.Join(p.cmd.Dir, "*")); len(left) > 0 {
		t.Errorf("it leaves %v", left)
	}
	if out, _ := exec.Command("pgrep", "-f", p.cmd.Dir).Output(); len(out) > 0 {
		t.Errorf("it leaves processes: %s", out)
	}
}

// firstScrape is when the server scraped for the first time: the shop's own series have
// a seeded past, from which the page may have had its numbers before.
func firstScrape(t *testing.T, page string) time.Time {
	t.Helper()
	var text string
	awaitState(t, "the first scrape", func() bool {
		text = value(t, page, `min_over_time(timestamp(up{job="tacho"})[1m:100ms])`)
		return text != ""
	})
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return time.UnixMilli(int64(seconds * 1000))
}

// verdictText is what the page says above its charts, in one line.
const verdictText = `shown(".verdict")[0].innerText.replaceAll(/\s+/g, " ")`

// secondsApart is the distance of two times of day.
func secondsApart(a, b time.Time) float64 {
	of := func(t time.Time) int { return t.Hour()*3600 + t.Minute()*60 + t.Second() }
	return math.Abs(float64(of(a) - of(b)))
}

// TestDemoIncident: during the incident the page's first lines alone name the routes at fault, since when, in
// which instance and after which deployment, at every range; so does tacho why. Afterwards they say that it is over.
func TestDemoIncident(t *testing.T) {
	t.Parallel() // it mostly waits
	p := spawn(t, nil, "demo", "--no-open", "--no-flask")
	page := p.says(pageLine)
	incident := p.begun.Add(45 * time.Second)
	b := newBrowser(t, page)
	// Whatever range is shown, the sentence and its lanes name all routes, the instance, the minute, and the
	// deployment before it.
	for _, span := range []string{"", "&span=900", "&span=3600", "&span=21600", "&span=86400"} {
		b.open(page+"#open=shop"+span, 1440, 900)
		for _, what := range []string{"GET /second_route is failing: ", "POST /api/orders", "GET /api is slow: p95 ", "only b", "1.1.0 was deployed", " after deploy 1.1.0"} {
			b.await(what+" at "+span, fmt.Sprintf(`%s.includes(%q)`, verdictText, what))
		}
		if span == "" {
			t.Logf("%v after it began the page says: %s", time.Since(incident).Round(time.Second), b.text(verdictText))
		}
		since := b.text(`/ since (\d\d:\d\d:\d\d)/.exec(shown(".sentence")[0].innerText)[1]`)
		if at, err := time.ParseInLocation(time.TimeOnly, since, time.Local); err != nil || secondsApart(at, incident) > 10 {
			t.Errorf("at %q it began at %s, want %s (%v)", span, since, incident.Format(time.TimeOnly), err)
		}
		if title := b.text(`document.title`); !strings.HasPrefix(title, "✖ GET /second_route is failing: ") {
			t.Errorf("the title is %q", title)
		}
		if icon := b.text(`document.getElementById("icon").getAttribute("href")`); icon != "icon-bad.svg" {
			t.Errorf("the icon is %s", icon)
		}
	}

	var out strings.Builder
	code := run(t.Context(), []string{"why", "--server", strings.TrimSuffix(page, "/"), "shop"}, streams{strings.NewReader(""), &out, io.Discard})
	for _, want := range []string{"GET /second_route is failing: ", "GET /api is slow: p95 ", ", only on b since ", "POST /api/orders is ", "after deploy 1.1.0"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("tacho why does not say %q:\n%s", want, &out)
		}
	}
	if want := exitState[verdict.Failing]; code != want {
		t.Errorf("tacho why exits with %d, want %d", code, want)
	}
	b.open(page+"#open=shop", 1440, 900)
	b.await("the end of the incident", `/^shop is healthy again since \d\d:\d\d:\d\d/.test(shown(".sentence")[0].innerText)`)
	b.await("the icon of a healthy service", `document.getElementById("icon").getAttribute("href") === "icon.svg"`)
	p.end(os.Interrupt)
}

// TestDemoPortsTaken: a demo that finds no free ports exits as failed, not as misused.
func TestDemoPortsTaken(t *testing.T) {
	for port := lastPort + 1; port <= 65535; port++ {
		if taken, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil { // otherwise another process uses the port
			defer taken.Close()
		}
	}
	p := spawn(t, nil, "demo", "--no-open", "--no-flask", "--port", fmt.Sprint(lastPort))
	_ = p.cmd.Wait()
	if code, log := p.cmd.ProcessState.ExitCode(), p.log.String(); code != exitFailed || !strings.Contains(log, "are in use on 127.0.0.1; choose another with --port") {
		t.Errorf("exit code %d: %s", code, log)
	}
}

// TestDemoRate: the API's rate of /api, which the page shows, is within 5% of the
// generator's.
func TestDemoRate(t *testing.T) {
	f := &demoFlags{port: 9464, rate: 200, noFlask: true, noHistory: true}
	dir := t.TempDir()
	srv, shop, err := f.build(dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runBoth(ctx, shop, srv) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	// Between the new version at 0:20 and the incident at 0:45 the shop is
	// steady.
	awaitState(t, "the new version on both instances, scraped thrice", func() bool {
		return value(t, srv.URL(), `count(count_over_time(shop_build_info{version="1.1.0"}[10s]) >= 3)`) == "2"
	})
	before, begun := sent(shop), time.Now()
	awaitState(t, "600 requests", func() bool { return sent(shop) >= before+600 })
	window := time.Since(begun)
	reported := (sent(shop) - before) / window.Seconds()
	text := value(t, srv.URL(), `sum(rate(http_requests_total{job="shop",path="/api"}[`+fmt.Sprint(window.Milliseconds())+`ms]))`)
	got, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatalf("the API answers %q", text)
	}
	t.Logf("the generator reports %.2f requests of /api a second, the API %.2f: %+.1f %%", reported, got, 100*(got/reported-1))
	if got < reported*0.95 || got > reported*1.05 {
		t.Errorf("the API says %.2f a second, the generator %.2f: more than 5 %% apart", got, reported)
	}
}

// awaitState waits for a state for up to two minutes: an alert over full minutes takes
// one to fire.
func awaitState(t *testing.T, what string, reached func() bool) {
	t.Helper()
	if !reaches(2*time.Minute, reached) {
		t.Fatalf("waited two minutes for %s", what)
	}
}

// sent returns the number of completed requests to /api.
func sent(shop *demo.Demo) float64 {
	var n int64
	for route, count := range shop.Sent() {
		if route.Job == demo.ShopJob && route.Path == "/api" {
			n += int64(count.Answered())
		}
	}
	return float64(n)
}

// TestDemoPorts: if its ports are in use, the demo takes the next ones and prints them.
func TestDemoPorts(t *testing.T) {
	first := spawn(t, nil, "demo", "--no-open", "--no-history", "--no-flask", "--port", "9700")
	one := first.says(pageLine)
	second := spawn(t, nil, "demo", "--no-open", "--no-history", "--no-flask", "--port", "9700")
	if two := second.says(pageLine); one == two {
		t.Errorf("both are at %s", one)
	}
	for _, p := range []*process{first, second} {
		p.end(os.Interrupt)
	}
}

// TestDemoEndsByItself: the demo stops after --for, --keep keeps the data, and a second
// demo continues with it.
func TestDemoEndsByItself(t *testing.T) {
	t.Parallel()
	keep := filepath.Join(t.TempDir(), "kept")
	for range 2 {
		p := spawn(t, nil, "demo", "--no-open", "--no-flask", "--for", "3s", "--keep", keep)
		if err := p.cmd.Wait(); err != nil {
			t.Fatalf("it ended with %v", err)
		}
		if _, err := os.Stat(filepath.Join(keep, "data", "wal")); err != nil {
			t.Errorf("the data is not kept: %v", err)
		}
	}
}

// TestSweep: removes the directory of a killed demo, but not that of a running one.
func TestSweep(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	folder := func(name string) (lock string) {
		lock = filepath.Join(os.TempDir(), demoFolder+name, "data", "lock")
		if err := os.MkdirAll(filepath.Dir(lock), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(lock, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		return lock
	}
	killed, running := folder("killed"), folder("running")
	held, _, err := fileutil.Flock(running)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	sweep(time.Now())
	if _, err := os.Stat(killed); err != nil {
		t.Error("a folder that is just being made is gone")
	}
	sweep(time.Now().Add(time.Hour))
	if _, err := os.Stat(filepath.Dir(filepath.Dir(killed))); !os.IsNotExist(err) {
		t.Error("the killed demo's folder is still there")
	}
	if _, err := os.Stat(running); err != nil {
		t.Error("the running demo's folder is gone")
	}
}

// TestDemoLanguage: what the demo prints is in the language of the user's locale, with the same values.
func TestDemoLanguage(t *testing.T) {
	for locale, want := range map[string]verdict.Language{
		"LANG=zh_CN.UTF-8": verdict.Chinese, "LANG=zh": verdict.Chinese, "LANG=zh_TW.UTF-8 LC_ALL=C": verdict.English, "LC_ALL=zh_CN LANG=de_DE": verdict.Chinese,
		"LANG=en_US.UTF-8 LC_MESSAGES=zh_CN.UTF-8": verdict.Chinese, "LANG=de_DE.UTF-8": verdict.English, "": verdict.English, "LANG=zhx": verdict.English,
	} {
		got := languageOf(func(name string) string {
			for _, v := range strings.Fields(locale) {
				if value, found := strings.CutPrefix(v, name+"="); found {
					return value
				}
			}
			return ""
		})
		if got != want {
			t.Errorf("%q: %s, want %s", locale, got, want)
		}
	}
	for language, texts := range demoIn {
		for _, keep := range []string{"", "/kept"} {
			var out strings.Builder
			(&demoFlags{keep: keep}).print(&out, texts, "http://page", "http://shop")
			got := out.String()
			if strings.Contains(got, "%!") || strings.Count(got, "\n") != 5 || strings.Count(got, "http://page") != 1 || strings.Count(got, "http://shop") != 2 ||
				strings.Contains(got, "/kept") != (keep != "") || !strings.Contains(got, "0:45") || !strings.Contains(texts.hint, "0:45") {
				t.Errorf("in %s it prints:\n%s", language, got)
			}
			if chinese := strings.ContainsFunc(got+texts.hint, func(r rune) bool { return unicode.Is(unicode.Han, r) }); chinese != (language == verdict.Chinese) {
				t.Errorf("%s: it prints\n%s%s", language, got, texts.hint)
			}
		}
	}
}
