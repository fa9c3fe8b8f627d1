package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/prometheus/util/httputil"

	"github.com/tacho-go/tacho/internal/origin"
)

// handler returns the handler of all endpoints, below the path of the external URL.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", s.api())
	if s.otlp != nil {
		mux.Handle("POST "+otlpPath, s.whenReady(s.otlp.ServeHTTP))
	}
	mux.Handle("GET /metrics", s.meter.Metrics())
	mux.HandleFunc("GET /-/healthy", s.healthy)
	mux.HandleFunc("GET /-/ready", s.ready)
	mux.HandleFunc("POST /-/reload", s.reload)
	mux.HandleFunc("PUT /-/reload", s.reload)
	if s.opts.Agent {
		mux.HandleFunc("GET /{$}", s.whenReady(s.agentStatus))
	} else {
		s.handleQueries(mux)
	}
	if s.opts.Page != nil {
		mux.Handle("/", s.opts.Page)
	}
	// Guard everything, including Prometheus's API, so that no path is missed.
	h := origin.Guard(s.meter.Handler(mux), s.url)
	if prefix := s.url.Path; prefix != "" {
		return below(prefix, h)
	}
	return h
}

// handleQueries adds the endpoints that an agent has not.
func (s *Server) handleQueries(mux *http.ServeMux) {
	mux.Handle("GET /federate", s.whenReady(s.federate))
	mux.Handle("POST /"+BatchPath, httputil.CompressionHandler{Handler: s.whenReady(s.batches())})
	mux.Handle("POST /"+AnnotationsPath, s.whenReady(s.annotate))
	mux.Handle("GET /"+VerdictPath, httputil.CompressionHandler{Handler: s.whenReady(s.judge.ServeHTTP)})
	mux.HandleFunc("/api/tacho/", wrongCall)
}

// tachoAPI are the paths of tacho's own API, with their method.
var tachoAPI = map[string]string{BatchPath: http.MethodPost, AnnotationsPath: http.MethodPost, VerdictPath: http.MethodGet}

// wrongCall rejects other methods and paths below /api/tacho/.
func wrongCall(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	method, known := tachoAPI[path]
	if !known {
		writeError(w, http.StatusNotFound, fmt.Errorf("there is no %s: use %s, %s or %s", path, BatchPath, AnnotationsPath, VerdictPath))
		return
	}
	w.Header().Set("Allow", method)
	writeError(w, http.StatusMethodNotAllowed, errors.New("use "+method))
}

// below serves h under a path prefix and redirects the bare prefix and / to it.
func below(prefix string, h http.Handler) http.Handler {
	stripped := http.StripPrefix(prefix, h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" || r.URL.Path == prefix {
			http.Redirect(w, r, prefix+"/", http.StatusFound)
			return
		}
		if !strings.HasPrefix(r.URL.Path, prefix+"/") {
			http.NotFound(w, r)
			return
		}
		stripped.ServeHTTP(w, r)
	})
}

// healthy serves /-/healthy: the process is up.
func (s *Server) healthy(w http.ResponseWriter, _ *http.Request) {
	fmt.Fprintln(w, "tacho is healthy.")
}

// ready serves /-/ready: queries are answered and samples are stored.
func (s *Server) ready(w http.ResponseWriter, _ *http.Request) {
	switch now := state(s.state.Load()); {
	case now != ready:
		s.notReady(w, now)
	case s.store.full.Load():
		http.Error(w, s.whenFull(), http.StatusServiceUnavailable)
	default:
		fmt.Fprintln(w, "tacho is ready.")
	}
}

func (s *Server) whenFull() string {
	if s.opts.Agent {
		return "the disk is full: no samples are scraped until there is free space"
	}
	return "the disk is full: queries are answered, but no samples are stored until there is free space"
}

// reload serves /-/reload.
func (s *Server) reload(w http.ResponseWriter, _ *http.Request) {
	if state(s.state.Load()) != ready {
		s.notReady(w, state(s.state.Load()))
		return
	}
	if err := s.Reload(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// newHTTPServer returns an HTTP server for h. It has no write timeout, because a query
// may take as long as the query timeout.
func newHTTPServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 5 * time.Minute}
}

// serveHTTP serves until shutdownHTTP is called, with TLS and users if the web
// configuration sets them.
func (s *Server) serveHTTP() error {
	file := s.opts.WebConfigFile
	log := s.log.With("component", "web")
	if err := web.Serve(s.listener, s.http, &web.FlagConfig{WebConfigFile: &file}, log); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *Server) shutdownHTTP() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close() // live streams and long queries end here
	}
}
