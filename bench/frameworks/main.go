// Frameworks measures what metrics add to a request on each framework, beside other libraries for it. It
// is a module of its own, outside of the workspace, because these bring many others.
//
//	cd bench/frameworks && GOWORK=off go run .
//
// All rows run by turns in one process, on one goroutine, without a network. What is added is the CPU
// time of a row less that of the bare framework, each the least of all rounds.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// A row is one library on one framework. The bare framework has no library.
type row struct {
	framework, library string
	start              func() (serve func()) // serve serves one request
}

const bare = ""

func rows() []row {
	var all []row
	for _, some := range [][]row{echoRows(), echov4Rows(), fiberRows(), fiberv2Rows()} {
		all = append(all, some...)
	}
	return all
}

// A result is what a row takes for a request.
type result struct {
	row
	serve  func()
	cpu    float64 // nanoseconds
	allocs float64
}

func main() {
	rounds := flag.Int("rounds", 15, "how many times all rows run")
	filter := flag.String("filter", "", "only frameworks that match this `regexp`")
	flag.Parse()
	var results []*result
	for _, r := range rows() {
		if regexp.MustCompile(*filter).MatchString(r.framework) {
			results = append(results, &result{row: r, serve: r.start(), cpu: math.Inf(1)})
		}
	}
	for range *rounds {
		for _, r := range results {
			r.cpu = min(r.cpu, cpuOf(r.serve))
		}
	}
	for _, r := range results {
		r.allocs = testing.AllocsPerRun(1000, r.serve)
	}
	print(results)
}

// slice is how long one row runs in a round.
const slice = 40 * time.Millisecond

// cpuOf returns the CPU time of a request.
func cpuOf(serve func()) float64 {
	n, began, cpu := 0, time.Now(), used()
	for time.Since(began) < slice {
		for range 200 {
			serve()
		}
		n += 200
	}
	return float64(used()-cpu) / float64(n)
}

// used returns the CPU time of the process so far.
func used() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// print writes a table. Each framework's rows follow its bare one, tacho's first.
func print(results []*result) {
	fmt.Println("| framework | library | CPU added (ns) | × tacho | allocations added |")
	fmt.Println("|---|---|---|---|---|")
	var base, ours *result
	for _, r := range results {
		if r.library == bare {
			base, ours = r, nil
			continue
		}
		if ours == nil {
			ours = r
		}
		added := r.cpu - base.cpu
		fmt.Printf("| %s | %s | %.0f | %.1f | %.0f |\n", r.framework, r.library, added, added/(ours.cpu-base.cpu), r.allocs-base.allocs)
	}
}
