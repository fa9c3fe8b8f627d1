package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// attack is what a hostile page tries: to read every kind of answer, and to write by
// every way that needs no permission. It leaves what it could read in __read.
const attack = `(async (base) => {
	const read = [];
	const note = (how, text) => { if (/42|tacho|tsdb|success/.test(text)) read.push(how + ": " + text.slice(0, 80)); };
	const paths = ["/", "/metrics", "/federate?match[]=things", "/-/healthy", "/alerts/TachoPanics.md",
		"/api/v1/query?query=things", "/api/v1/status/config", "/api/v1/status/flags", "/api/v1/targets"];
	for (const path of paths) {
		for (const mode of ["cors", "no-cors", "same-origin"]) {
			try { note(mode + " " + path, await (await fetch(base + path, {mode})).text()); } catch {}
		}
		const frame = document.createElement("iframe");
		const loaded = new Promise((done) => { frame.onload = frame.onerror = done; setTimeout(done, 2000); });
		frame.src = base + path;
		document.documentElement.append(frame);
		await loaded;
		try { note("frame " + path, frame.contentDocument.documentElement.textContent); } catch {}
	}
	const now = String(Date.now()) + "000000";
	const otlp = JSON.stringify({resourceMetrics: [{scopeMetrics: [{metrics: [
		{name: "foreign", gauge: {dataPoints: [{asDouble: 1, timeUnixNano: now}]}}]}]}]});
	const sample = Uint8Array.from(atob(window.__sample), (c) => c.charCodeAt(0));
	const bodies = [
		["/api/v1/admin/tsdb/delete_series?match[]={__name__=~%22.%2B%22}", ""],
		["/api/v1/admin/tsdb/clean_tombstones", ""], ["/api/v1/admin/tsdb/snapshot", ""],
		["/api/v1/write", sample], ["/api/v1/otlp/v1/metrics", otlp],
		["/-/reload", ""], ["/api/tacho/annotations", "text=foreign"],
		["/api/tacho/batch", '{"queries":[{"query":"things"}]}'], ["/api/v1/query", "query=things"],
	];
	const types = [undefined, "text/plain", "application/x-www-form-urlencoded", "application/json", "application/x-protobuf"];
	for (const [path, body] of bodies) {
		for (const method of ["POST", "PUT"]) for (const mode of ["cors", "no-cors"]) for (const type of types) {
			try {
				const answer = await fetch(base + path, {method, mode, body: new Blob([body], type ? {type} : {})});
				note(method + " " + mode + " " + path, await answer.text());
			} catch {}
		}
		navigator.sendBeacon(base + path, new Blob([body]));
		const target = document.createElement("iframe");
		target.name = "sink";
		const form = document.createElement("form");
		form.method = "post"; form.target = "sink"; form.action = base + path;
		document.documentElement.append(target, form);
		const sent = new Promise((done) => { target.onload = done; setTimeout(done, 1000); });
		form.submit();
		await sent;
		target.remove();
	}
	window.__read = read;
})`

// foreignNames are the attacker's; the browser finds both at 127.0.0.1.
const foreignNames = "MAP attacker.example 127.0.0.1, MAP rebound.example 127.0.0.1"

// TestForeignPages: in a real Chromium, a page of another origin, and one whose name
// resolves to loopback, neither read nor change anything, with every flag on.
func TestForeignPages(t *testing.T) {
	t.Parallel()
	for name, listen := range map[string]string{"on the loopback address": "127.0.0.1:0", "on every address": "0.0.0.0:0"} {
		t.Run(name, func(t *testing.T) {
			p := spawn(t, nil, "serve", newService(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/plain; version=0.0.4")
				fmt.Fprint(w, "# TYPE things gauge\nthings 42\n")
			}), "--interval", "1s", "--listen", listen, "--admin-api", "--receive", "--data-dir", "data")
			page := p.says(pageLine)
			p.await("a sample", 30*time.Second, func() bool { return value(t, page, "things") == "42" })
			pushOTLP(t, page, `{"name":"keepsake","gauge":{"dataPoints":[{"asDouble":7,"timeUnixNano":"`+fmt.Sprint(time.Now().UnixNano())+`"}]}}`)
			p.await("what must not be deleted", 30*time.Second, func() bool { return value(t, page, "keepsake") == "7" })
			before := left(t, page, p.cmd.Dir)

			at, err := url.Parse(page)
			if err != nil {
				t.Fatal(err)
			}
			local := "http://127.0.0.1:" + at.Port()
			other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprint(w, "<!doctype html><title>attack</title>")
			}))
			t.Cleanup(other.Close)
			_, port, _ := strings.Cut(strings.TrimPrefix(other.URL, "http://"), ":")
			browser := newForeignBrowser(t)
			for _, from := range []struct{ where, page, base string }{
				{"another port", other.URL, local},
				{"another site", "http://attacker.example:" + port, local},
				{"a rebound name", "http://rebound.example:" + at.Port() + "/", ""},
			} {
				browser.do(chromedp.Navigate(from.page))
				sample, err := json.Marshal(remoteWriteBody(t))
				if err != nil {
					t.Fatal(err)
				}
				browser.text(fmt.Sprintf(`(window.__sample = %s, window.__read = undefined, %s(%q), "")`, sample, attack, from.base))
				browser.await("the attack", "Array.isArray(window.__read)")
				if read := browser.text(`window.__read.join("\n")`); read != "" {
					t.Errorf("a page of %s has read:\n%s", from.where, read)
				}
				if after := left(t, page, p.cmd.Dir); after != before {
					t.Errorf("a page of %s has changed things: %s; before: %s", from.where, after, before)
				}
			}
			p.end(os.Interrupt)
		})
	}
}

// newForeignBrowser is a Chromium in which the attacker's names resolve to loopback.
func newForeignBrowser(t *testing.T) *tab {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("chromium is missing: install the Debian package chromium")
	}
	allocator, cancel := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("host-resolver-rules", foreignNames))...)
	t.Cleanup(cancel)
	return newTab(t, allocator, "")
}

// remoteWriteBody is one sample of a series foreign, now, as remote write 1.0.
func remoteWriteBody(t *testing.T) []byte {
	t.Helper()
	field := func(number byte, content []byte) []byte {
		return append([]byte{number<<3 | 2, byte(len(content))}, content...)
	}
	label := append(field(1, []byte("__name__")), field(2, []byte("foreign"))...)
	at := append([]byte{1<<3 | 1}, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f) // the value 1
	at = append(at, 2<<3)
	for ms := uint64(time.Now().UnixMilli()); ; ms >>= 7 {
		if ms < 0x80 {
			at = append(at, byte(ms))
			break
		}
		at = append(at, byte(ms)|0x80)
	}
	message := field(1, append(field(1, label), field(2, at)...))
	// Snappy: the length, and everything as one literal.
	return append([]byte{byte(len(message)), 60 << 2, byte(len(message) - 1)}, message...)
}

// pushOTLP sends one metric as a program does.
func pushOTLP(t *testing.T, base, metric string) {
	t.Helper()
	pushResource(t, base, "", metric)
}

// pushResource is pushOTLP for a resource: its field in JSON, with a comma behind it.
func pushResource(t *testing.T, base, resource, metric string) {
	t.Helper()
	resp, err := http.Post(base+"api/v1/otlp/v1/metrics", "application/json",
		strings.NewReader(`{"resourceMetrics":[{`+resource+`"scopeMetrics":[{"metrics":[`+metric+`]}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("OTLP: %s", resp.Status)
	}
}

// left is all that a request could have changed.
func left(t *testing.T, page, dir string) string {
	t.Helper()
	snapshots, err := filepath.Glob(filepath.Join(dir, "data", "snapshots", "*"))
	if err != nil {
		t.Fatal(err)
	}
	_, metrics := get(t, http.DefaultClient, page+"metrics")
	_, reload, _ := strings.Cut(metrics, "\nprometheus_config_last_reload_success_timestamp_seconds ")
	reload, _, _ = strings.Cut(reload, "\n")
	return fmt.Sprintf("keepsake %s, foreign series %q, notes %q, snapshots %d, reloaded %s", value(t, page, "keepsake"),
		value(t, page, `count({__name__=~"foreign.*"})`), value(t, page, "count(tacho_annotation)"), len(snapshots), reload)
}
