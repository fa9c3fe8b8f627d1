package main

import "github.com/tacho-go/tacho"

// Options that the rows switch on, each in one place.

// minimal leaves only requests, their duration and panics.
func minimal(o *tacho.Options) { o.Minimal = true }

// native adds native histograms beside the classic buckets.
func native(o *tacho.Options) { o.NativeHistograms = true }
