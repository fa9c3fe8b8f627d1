package main

import (
	"fmt"
	"runtime"
)

// cores measures one hot route with a growing number of threads, which contend for the counters
// of that route. It reports CPU time per request, so that figures stay comparable on machines
// with fewer cores than threads.
func cores(l *lab) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	hot := workload{"1 route", 1, 1}
	t := table{head: []string{"GOMAXPROCS", "bare ns", "tacho ns", "added ns", "tacho / bare"}, text: 0}
	for _, n := range []int{1, 2, 4, 8} {
		runtime.GOMAXPROCS(n)
		c, err := measureCores(l, hot, n)
		if err != nil {
			return err
		}
		plain, measured := c[0].ns, c[1].ns
		t.add(fmt.Sprint(n), fmt.Sprintf("%.0f", spreadOf(plain).median), fmt.Sprintf("%.0f", spreadOf(measured).median),
			spreadOf(each(measured, plain, less)).String(), spreadOf(each(measured, plain, over)).String())
	}
	l.title("One hot route on more cores")
	l.note("net/http, everything on, as many goroutines as GOMAXPROCS; CPU ns per request, median of %d rounds. "+
		"This machine has %d CPUs: rows with more threads show preemption, not contention.", l.times("cores"), runtime.NumCPU())
	t.print(l.out)
	return nil
}

func measureCores(l *lab, hot workload, n int) ([]measurement, error) {
	loads := make([]*traffic, n)
	for i := range loads {
		loads[i] = hot.traffic(i)
	}
	pair := netHTTPRows()[:2] // bare, everything on
	t := trial{workers: n, rounds: l.times("cores"), turns: requestTurns}
	for _, r := range pair {
		t.subjects = append(t.subjects, r.subject(hot, loads))
	}
	return t.run(l.ctx)
}
