package demo

import (
	"fmt"
	"time"
)

// An Event is one event of the demo.
type Event struct {
	At    time.Duration // since Run began
	For   time.Duration // how long its faults last
	Every time.Duration // repeat interval; 0: once

	Deploy string  // the version to deploy, instance by instance
	Faults []Fault // active during the event

	Says string // short description
}

// A Fault degrades one route.
type Fault struct {
	Instance     string // empty: on all
	Method, Path string
	Slower       time.Duration // added to every request
	Fails        float64       // share of requests that fail, on top of the usual
}

// Script returns the events of `tacho demo`.
func Script() []Event {
	return []Event{
		{
			At: 20 * time.Second, Deploy: "1.1.0",
			Says: "version 1.1.0 is deployed, instance by instance",
		},
		{
			At: 45 * time.Second, For: 45 * time.Second,
			Says: "an incident, the fault of 1.1.0: GET /api is slow on instance b, GET /second_route fails, POST /api/orders is slow and fails",
			Faults: []Fault{
				{Instance: "b", Method: "GET", Path: apiPath, Slower: 450 * time.Millisecond},
				{Method: "GET", Path: secondPath, Fails: .7},
				{Method: "POST", Path: ordersPath, Slower: 600 * time.Millisecond, Fails: .25},
			},
		},
		{
			At: 10 * time.Minute, For: time.Minute, Every: 10 * time.Minute,
			Says: "the payment service is slow for a minute",
			Faults: []Fault{
				{Method: "POST", Path: ordersPath, Slower: 350 * time.Millisecond, Fails: .05},
			},
		},
	}
}

// begun returns how often the event has started by the time t.
func (e Event) begun(t time.Duration) int {
	switch {
	case t < e.At:
		return 0
	case e.Every == 0:
		return 1
	}
	return 1 + int((t-e.At)/e.Every)
}

// lasts reports whether the event's faults are active at the time t.
func (e Event) lasts(t time.Duration) bool {
	n := e.begun(t)
	return n > 0 && t < e.At+time.Duration(n-1)*e.Every+e.For
}

// faultsAt returns the active faults at the time t.
func faultsAt(script []Event, t time.Duration) []Fault {
	var all []Fault
	for _, e := range script {
		if e.lasts(t) {
			all = append(all, e.Faults...)
		}
	}
	return all
}

// faults returns the current faults to the handlers.
type faults struct {
	script  []Event
	elapsed func() time.Duration
}

// on returns the sum of the faults of a route on an instance; "" is the payment service.
func (f *faults) on(instance string, r route) Fault {
	return sum(faultsAt(f.script, f.elapsed()), instance, r)
}

func sum(all []Fault, instance string, r route) (total Fault) {
	for _, f := range all {
		if f.Method == r.method && f.Path == r.path && (f.Instance == "" || f.Instance == instance) {
			total.Slower += f.Slower
			total.Fails += f.Fails
		}
	}
	return total
}

// clock formats a time as minutes and seconds.
func clock(t time.Duration) string {
	s := int(t.Seconds())
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

func hours(d time.Duration) string { return fmt.Sprintf("%.0f hours", d.Hours()) }
