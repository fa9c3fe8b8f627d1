package main

import (
	"os"
	"sync"

	"github.com/tacho-go/tacho"
	"github.com/tacho-go/tacho/schema"
)

// Options of the rows, each defined once.

// minimal exports only requests, their duration and panics.
func minimal(o *tacho.Options) { o.Minimal = true }

// native adds native histograms to the classic buckets.
func native(o *tacho.Options) { o.NativeHistograms = true }

// flaskToo adds the names of prometheus-flask-exporter.
func flaskToo(o *tacho.Options) { o.AlsoSchemas = []schema.Schema{schema.Flask()} }

// ownLabels adds labels computed from the request and the response.
func ownLabels(o *tacho.Options) {
	o.Labels = []tacho.Label{
		{Name: "kind", Func: func(r tacho.Request) string { return r.ResponseHeader("Content-Type") }},
		{Name: "tenant", Func: func(r tacho.Request) string { return r.Header("X-Tenant") }, Values: []string{"a", "b"}},
	}
}

// shared counts in memory that other processes of the service can read.
func shared(o *tacho.Options) { o.Multiproc.Dir = sharedDir() }

// sharedDir is a temporary directory that exists until the program ends.
var sharedDir = sync.OnceValue(func() string {
	dir, err := os.MkdirTemp("", "tacho-bench")
	if err != nil {
		panic(err)
	}
	return dir
})
