package adapter_test

import (
	"net/http"
	"testing"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/adapter"
	"github.com/tacho-go/tacho/adapter/adaptertest"
)

// TestExampleConforms: the example's adapter is right in all cases.
func TestExampleConforms(t *testing.T) {
	adaptertest.Run(t, adaptertest.Framework{Start: startExample, Lacks: map[adaptertest.Feature]string{
		adaptertest.ListsRoutes: "the example's router cannot list its routes",
	}})
}

func startExample(app adaptertest.App, opts tacho.Options) (adaptertest.Service, error) {
	e := NewEngine()
	var m *tacho.Meter
	if !app.Plain {
		var err error
		if m, err = tacho.New(opts); err != nil {
			return adaptertest.Service{}, err
		}
		endpoint := m.Metrics()
		e.Handle("GET "+m.MetricsPath(), func(c *Context) error {
			endpoint.ServeHTTP(c, c.Request)
			return nil
		})
	}
	if app.Recovery == adaptertest.RecoveryInside {
		e.Use(recovery)
	}
	if app.Twice && m != nil {
		e.Use(Measure(m))
		e.Use(blindly)
	}
	if m != nil {
		e.Use(Measure(m))
	}
	if app.Recovery == adaptertest.RecoveryOutside || app.Plain && app.Recovery != adaptertest.NoRecovery {
		e.Use(recovery)
	}
	for _, r := range app.Routes {
		e.Handle(r.Method+" "+r.Path, func(c *Context) error {
			if in := (exampleCall{adaptertest.HTTPCall{W: c.ResponseWriter, R: c.Request}, c}); app.Guard == nil || app.Guard(in) {
				r.Do(in)
			}
			return nil
		}, onExample(m, r)...)
	}
	return app.Serve(e, m)
}

// onExample is what is put on a route.
func onExample(m *tacho.Meter, r adaptertest.Route) (all []Middleware) {
	if m == nil {
		return nil
	}
	if r.ExcludeAll {
		all = append(all, ExcludeAll(m))
	}
	if r.DoNotTrack {
		all = append(all, DoNotTrack(m))
	}
	if r.Track != nil {
		all = append(all, Track(r.Track(m)...))
	}
	return all
}

func recovery(next Handler) Handler {
	return func(c *Context) (err error) {
		defer func() {
			if v := recover(); v != nil {
				http.Error(c, "internal error", http.StatusInternalServerError)
			}
		}()
		return next(c)
	}
}

// blindly puts a writer into the Context that hides the one in it.
func blindly(next Handler) Handler {
	return func(c *Context) error {
		own := c.ResponseWriter
		defer func() { c.ResponseWriter = own }()
		c.ResponseWriter = struct {
			http.ResponseWriter
			http.Flusher
			http.Hijacker
		}{own, own.(http.Flusher), own.(http.Hijacker)}
		return next(c)
	}
}

// exampleCall is a request in a handler.
type exampleCall struct {
	adaptertest.HTTPCall
	c *Context
}

// Redispatch implements adaptertest.Redispatcher.
func (e exampleCall) Redispatch(path string) {
	e.c.Request.URL.Path = path
	e.c.engine.Serve(e.c)
}

// TestTrackMixedMeters: metrics of several Meters on one route are refused when they are
// put there.
func TestTrackMixedMeters(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("metrics of two Meters were taken")
		}
	}()
	a, b := tacho.MustNew(tacho.Options{}), tacho.MustNew(tacho.Options{})
	o := tacho.MetricOptions{Name: "calls", Help: "Calls."}
	adapter.Track(a.Counter(o), b.Counter(o))
}
