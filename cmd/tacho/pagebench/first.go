package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/tacho-go/tacho/dash"
)

// latency is added to each request, as between two cities.
const latency = 50 * time.Millisecond

// native is where the page is made of its modules, each of which is announced.
const native = "native/"

// first loads the page from a server next to it, as a bundle and as native modules, with
// an API that answers at once: what is measured is the page alone.
func first(ctx context.Context, out io.Writer) error {
	mux := http.NewServeMux()
	page := dash.Handler(dash.Options{})
	modules, err := asModules(page)
	if err != nil {
		return err
	}
	mux.Handle("/", page)
	mux.HandleFunc("/"+native+"{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, modules) })
	mux.Handle("/"+native, http.StripPrefix("/"+strings.TrimSuffix(native, "/"), page))
	mux.HandleFunc("/api/v1/query", oneNumber)
	mux.HandleFunc("/"+native+"api/v1/query", oneNumber)
	address, end, err := listen(mux)
	if err != nil {
		return err
	}
	defer end()
	ways := []struct {
		name, path              string
		requests, bytes, number []float64
	}{{name: "bundle"}, {name: "native modules with modulepreload", path: native}}
	for range loads {
		for i := range ways {
			w := &ways[i]
			r, err := loadFirst(ctx, address+w.path)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			w.requests, w.bytes, w.number = append(w.requests, r.requests), append(w.bytes, r.bytes), append(w.number, r.number)
		}
	}
	fmt.Fprintf(out, "| median of %d, latency of %v | requests | bytes | first number ms |\n|---|---:|---:|---:|\n", loads, latency)
	for _, w := range ways {
		fmt.Fprintf(out, "| %s | %.0f | %.0f | %.0f |\n", w.name, median(w.requests), median(w.bytes), median(w.number))
	}
	return nil
}

// asModules returns the page's document with the first module in place of the bundle, and
// every module that it imports announced.
func asModules(page http.Handler) (string, error) {
	get := func(name string) string {
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/"+name, nil))
		return w.Body.String()
	}
	const bundle, head = "tacho-first.js", "</head>"
	var made struct{ Sources []string }
	if err := json.Unmarshal([]byte(get(bundle+".map")), &made); err != nil {
		return "", err
	}
	var links strings.Builder
	for _, name := range append(made.Sources, "words.en.js") {
		fmt.Fprintf(&links, "<link rel=\"modulepreload\" href=%q>\n", name)
	}
	document := get("")
	if !strings.Contains(document, `"`+bundle+`"`) || !strings.Contains(document, head) {
		return "", errors.New("the page's document is not as it was")
	}
	return strings.NewReplacer(bundle, "main.js", head, links.String()+head).Replace(document), nil
}

// oneNumber answers every query with the rate of one route.
func oneNumber(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"status":"success","data":{"resultType":"vector","result":[`+
		`{"metric":{"part":"targets","job":"shop"},"value":[1,"1"]},{"metric":{"part":"rate","job":"shop","schema":"default","method":"GET","path":"/"},"value":[1,"5"]}]}}`)
}

// A firstLoad is what came until the first number was shown, in milliseconds from the
// navigation.
type firstLoad struct{ requests, bytes, number float64 }

// loadFirst opens an address in a new browser and counts the page's own files.
func loadFirst(ctx context.Context, address string) (firstLoad, error) {
	c := counter{api: map[network.RequestID]bool{}}
	page, end, err := browser(ctx, chromedp.WithListener(c.count))
	if err != nil {
		return firstLoad{}, err
	}
	defer end()
	if err := rest(ctx, page); err != nil {
		return firstLoad{}, err
	}
	slow := network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{
		{Latency: float64(latency.Milliseconds()), DownloadThroughput: -1, UploadThroughput: -1},
	}}
	if _, err := chromedp.Call(page, network.EmulateNetworkConditionsByRule, slow); err != nil {
		return firstLoad{}, err
	}
	if err := chromedp.Do(page, chromedp.Navigate(address)); err != nil {
		return firstLoad{}, err
	}
	if err := await(page, firstNumber); err != nil {
		return firstLoad{}, err
	}
	number, err := chromedp.Run(page, chromedp.Evaluate[float64](`performance.now()`))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sum.number = number
	return c.sum, err
}

// A counter counts the page's own files, and not the answers of the API.
type counter struct {
	mu  sync.Mutex
	api map[network.RequestID]bool
	sum firstLoad
}

func (c *counter) count(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if strings.Contains(e.Request.URL, "/api/") || !strings.HasPrefix(e.Request.URL, "http:") {
			c.api[e.RequestID] = true
			return
		}
		c.sum.requests++
	case *network.EventLoadingFinished:
		if !c.api[e.RequestID] {
			c.sum.bytes += e.EncodedDataLength
		}
	}
}
