package push

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/tacho-go/tacho"
)

// A bench is a service with a hundred routes, and how long each request took.
type bench struct {
	server *httptest.Server
	client *http.Client
	pusher *Pusher
	took   []float64
}

func newBench(b *testing.B, url string) *bench {
	m := tacho.MustNew(tacho.Options{})
	mux := http.NewServeMux()
	for i := range 100 {
		mux.HandleFunc(fmt.Sprintf("GET /route%d/{id}", i), func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	}
	s := &bench{server: httptest.NewServer(m.Handler(mux)), client: &http.Client{}}
	b.Cleanup(s.server.Close)
	if url != "" {
		o := quiet(url)
		o.Timeout = time.Second
		p, err := Start(m.Gatherer(), o)
		if err != nil {
			b.Fatal(err)
		}
		s.pusher = p
		b.Cleanup(func() { _ = p.Close(b.Context()) })
	}
	return s
}

// round sends a hundred requests.
func (s *bench) round() {
	for i := range 100 {
		begin := time.Now()
		resp, err := s.client.Get(fmt.Sprintf("%s/route%d/%d", s.server.URL, i, i))
		if err != nil {
			continue
		}
		_ = resp.Body.Close()
		s.took = append(s.took, time.Since(begin).Seconds())
	}
}

func (s *bench) p99() float64 {
	slices.Sort(s.took)
	return s.took[len(s.took)*99/100]
}
