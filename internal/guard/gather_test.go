package guard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
)

// waits is a context that lets a test know when somebody waits for it.
type waits struct {
	context.Context
	begun chan struct{}
	once  sync.Once
}

func waitsOf(t *testing.T) *waits { return &waits{Context: t.Context(), begun: make(chan struct{})} }

func (w *waits) Done() <-chan struct{} {
	w.once.Do(func() { close(w.begun) })
	return w.Context.Done()
}

// TestScrapeWaitsForItsOwnGathering: a scrape that comes while others are gathered gets
// what was there when it came. Those that come meanwhile share one gathering.
func TestScrapeWaitsForItsOwnGathering(t *testing.T) {
	var value, gatherings atomic.Int64
	begun, proceed := make(chan struct{}, 10), make(chan struct{})
	s := &Shared{Gatherer: prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		name := fmt.Sprint(value.Load())
		gatherings.Add(1)
		begun <- struct{}{}
		<-proceed
		return []*dto.MetricFamily{{Name: &name}}, nil
	})}
	scrape := func() (*waits, chan string) {
		w, answer := waitsOf(t), make(chan string, 1)
		go func() {
			families, err := s.Gather(w)
			if err != nil {
				t.Error(err)
				families = []*dto.MetricFamily{{}}
			}
			answer <- families[0].GetName()
		}()
		<-w.begun
		return w, answer
	}
	_, first := scrape()
	<-begun
	value.Store(1)
	_, second := scrape()
	_, third := scrape()
	close(proceed)
	for which, c := range map[string]struct {
		answer chan string
		want   string
	}{"first": {first, "0"}, "second": {second, "1"}, "third": {third, "1"}} {
		if got := <-c.answer; got != c.want {
			t.Errorf("the %s scrape got %s, want %s", which, got, c.want)
		}
	}
	if n := gatherings.Load(); n != 2 {
		t.Errorf("there were %d gatherings", n)
	}
	value.Store(2)
	if _, later := scrape(); <-later != "2" {
		t.Error("a later scrape gets something old")
	}
}

// TestHangingGatheringDoesNotPileUp: scrapes whose time is up leave one gathering to be
// done, however many they are.
func TestHangingGatheringDoesNotPileUp(t *testing.T) {
	var gatherings atomic.Int64
	hang := make(chan struct{})
	s := &Shared{Gatherer: prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) {
		if gatherings.Add(1) == 2 {
			panic("on purpose")
		}
		<-hang
		return nil, nil
	})}
	for range 5 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		if _, err := s.Gather(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		cancel()
	}
	if n := gatherings.Load(); n != 1 {
		t.Errorf("%d gatherings are under way", n)
	}
	close(hang)
	if _, err := s.Gather(t.Context()); err != nil && !strings.Contains(err.Error(), "on purpose") {
		t.Error(err)
	}
	if _, err := s.Gather(t.Context()); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}
