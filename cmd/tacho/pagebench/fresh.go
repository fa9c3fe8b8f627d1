package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/tacho-go/tacho"
)

// whenNumber keeps the time, in milliseconds, at which the page shows its first number.
const whenNumber = `(() => {
	const look = () => {
		if (` + firstNumber + `) window.__number = Date.now();
		else requestAnimationFrame(look);
	};
	look();
	return true;
})()`

// fresh starts a service, tacho serve on an empty directory, and the page, and prints
// the time from the scrape that gives the first number, the second for a rate, to this number.
func fresh(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "tacho-bench-fresh-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program, err := build(ctx, dir)
	if err != nil {
		return err
	}
	tab, end, err := browser(ctx)
	if err != nil {
		return err
	}
	defer end()
	var all []float64
	for range loads {
		took, err := numberAfterScrape(ctx, tab, program)
		if err != nil {
			return err
		}
		all = append(all, took)
	}
	fmt.Fprintf(out, "From the scrape that gives the first number to the number on the page, in seconds: %.2f; median %.2f.\n", all, median(all))
	return nil
}

// numberAfterScrape measures once.
func numberAfterScrape(ctx, tab context.Context, program string) (float64, error) {
	service, end, err := newService()
	if err != nil {
		return 0, err
	}
	defer end()
	if err := rest(ctx, tab); err != nil {
		return 0, err
	}
	data, err := os.MkdirTemp("", "tacho-bench-data-")
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(data) }()
	d, err := start(exec.CommandContext(ctx, program, "serve", "shop="+strings.TrimPrefix(strings.TrimSuffix(service, "/"), "http://"), "--data-dir", data, "--listen", "127.0.0.1:0"))
	if err != nil {
		return 0, err
	}
	took, err := scrapeToNumber(tab, d.address)
	return took, errors.Join(err, d.end())
}

func scrapeToNumber(tab context.Context, address string) (float64, error) {
	if err := chromedp.Do(tab, chromedp.Navigate(address)); err != nil {
		return 0, err
	}
	if _, err := chromedp.Run(tab, chromedp.Evaluate[bool](whenNumber)); err != nil {
		return 0, err
	}
	if err := await(tab, "window.__number > 0"); err != nil {
		return 0, err
	}
	shown, err := chromedp.Run(tab, chromedp.Evaluate[float64](`window.__number`))
	if err != nil {
		return 0, err
	}
	scrapes, err := scrapesOf(address)
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(scrapes, func(at float64) bool { return at > shown/1000 })
	if i < 0 {
		i = len(scrapes)
	}
	if i == 0 {
		return 0, errors.New("a number before the first scrape")
	}
	return shown/1000 - scrapes[i-1], nil
}

// scrapesOf are the times at which the server has scraped its target.
func scrapesOf(address string) ([]float64, error) {
	answer, err := http.Get(address + "api/v1/query?query=" + url.QueryEscape(`up{job="shop"}[5m]`))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var said struct {
		Data struct {
			Result []struct{ Values [][2]any }
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&said); err != nil {
		return nil, err
	}
	var times []float64
	for _, series := range said.Data.Result {
		for _, v := range series.Values {
			at, _ := v[0].(float64)
			times = append(times, at)
		}
	}
	return times, nil
}

// newService is a service with one route, which is called 20 times a second.
func newService() (address string, end func(), err error) {
	m := tacho.MustNew(tacho.Options{})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	mux.Handle("GET /metrics", m.Metrics())
	address, stop, err := listen(m.Handler(mux))
	if err != nil {
		return "", nil, err
	}
	calling, cancel := context.WithCancel(context.Background())
	go func() {
		for calling.Err() == nil {
			if answer, err := http.Get(address + "hello"); err == nil {
				_, _ = io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
			}
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return address, func() { cancel(); stop() }, nil
}
