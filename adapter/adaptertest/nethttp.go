package adaptertest

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"github.com/tacho-go/tacho"
)

// Serve puts around the measured service what the App asks for, and serves it on
// a free loopback port. It is what Start ends with in frameworks that are built
// on net/http.
func (app App) Serve(h http.Handler, m *tacho.Meter) (Service, error) {
	if app.Wrap != nil {
		h = app.Wrap(h)
	}
	if app.Around && m != nil {
		h = m.Handler(h)
	}
	return Serve(h, m)
}

// Serve serves a handler on a free loopback port.
func Serve(h http.Handler, m *tacho.Meter) (Service, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return Service{}, err
	}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true) // for RPCs
	server := &http.Server{
		Handler:     h,
		Protocols:   protocols,
		ErrorLog:    log.New(io.Discard, "", 0),
		BaseContext: func(net.Listener) context.Context { return context.WithValue(context.Background(), serviceKey{}, h) },
	}
	go func() { _ = server.Serve(listener) }()
	return Service{
		URL:   "http://" + listener.Addr().String(),
		Meter: m,
		Stop:  func() { _ = server.Close() },
	}, nil
}

// Mux builds an App on http.ServeMux and nothing else. Routes for which late
// is true are left to the returned function. The Meter is that of the metrics on
// routes; nil puts none on them.
func Mux(app App, m *tacho.Meter) (mux *http.ServeMux, late func()) {
	mux = http.NewServeMux()
	register := func(late bool) {
		for _, r := range app.Routes {
			if r.Late == late {
				mux.Handle(r.Method+" "+r.Path, OnRoute(m, r, guarded(app.Guard, r.Do)))
			}
		}
	}
	register(false)
	return mux, func() { register(true) }
}

// OnRoute returns h with the metrics and exclusions that r asks for: the handler that an adapter of
// a net/http router registers. Without a Meter it returns h.
func OnRoute(m *tacho.Meter, r Route, h http.Handler) http.Handler {
	if m == nil {
		return h
	}
	if r.Track != nil {
		h = tacho.Track(h, r.Track(m)...)
	}
	if r.DoNotTrack {
		h = m.DoNotTrack(h)
	}
	if r.ExcludeAll {
		h = m.ExcludeAll(h)
	}
	return h
}

func guarded(guard func(Call) bool, do func(Call)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := HTTPCall{w, r}
		if guard == nil || guard(c) {
			do(c)
		}
	})
}

// NetHTTP is tacho's own net/http middleware as a framework of the suite.
func NetHTTP() Framework {
	return Framework{
		Start: func(app App, opts tacho.Options) (Service, error) {
			return startNetHTTP(app, opts, (*tacho.Meter).Handler)
		},
		Lacks: map[Feature]string{
			ListsRoutes: "http.ServeMux cannot list its patterns",
		},
	}
}

// startNetHTTP serves an App on ServeMux, measured by any middleware.
func startNetHTTP(app App, opts tacho.Options, measure func(*tacho.Meter, http.Handler) http.Handler) (Service, error) {
	if app.Plain {
		mux, late := Mux(app, nil)
		late()
		return app.Serve(recovering(app.Recovery != NoRecovery, mux), nil)
	}
	m, err := tacho.New(opts)
	if err != nil {
		return Service{}, err
	}
	mux, late := Mux(app, m)
	mux.Handle("GET "+m.MetricsPath(), m.Metrics())
	inner := http.Handler(mux)
	if app.Recovery == RecoveryInside {
		inner = recovering(true, mux)
	}
	if app.Twice {
		inner = Blind(measure(m, inner))
	}
	h := recovering(app.Recovery == RecoveryOutside, measure(m, inner))
	late()
	return app.Serve(h, m)
}

// recovering is the recovery middleware that net/http services usually have.
func recovering(on bool, next http.Handler) http.Handler {
	if !on {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if v := recover(); v != nil {
				http.Error(w, "internal error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// Colon rewrites a path of the suite for routers that write /users/:id and
// /files/*rest.
func Colon(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		name, ok := strings.CutPrefix(s, "{")
		if !ok {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		if rest, ok := strings.CutSuffix(name, "..."); ok {
			segments[i] = "*" + rest
		} else {
			segments[i] = ":" + name
		}
	}
	return strings.Join(segments, "/")
}
