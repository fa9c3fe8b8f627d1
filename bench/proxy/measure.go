package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A round is what one load of a program showed.
type round struct {
	rate     float64 // requests per second
	p50, p99 float64 // ms
	cpu      float64 // of the program itself, µs per request
}

// clients is how many connections the load has.
const clients = 32

var (
	rateLine = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	half     = regexp.MustCompile(`50%\s+([\d.]+)(\w+)`)
	nearly   = regexp.MustCompile(`99%\s+([\d.]+)(\w+)`)
	count    = regexp.MustCompile(`(\d+) requests in`)
)

func (p *program) measure(seconds int) error {
	if p.clients == 0 {
		p.clients = clients
	}
	before := cpuOf(p.cmd.Process.Pid)
	out, err := exec.Command("wrk", "-t1", "-c"+strconv.Itoa(p.clients), "-d"+strconv.Itoa(seconds)+"s", "--latency", "http://"+p.address+p.path).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	spent := cpuOf(p.cmd.Process.Pid) - before
	text := string(out)
	if strings.Contains(text, "Non-2xx") || strings.Contains(text, "Socket errors") {
		return errors.New("some requests failed: " + text)
	}
	n, _ := strconv.ParseFloat(count.FindStringSubmatch(text)[1], 64)
	rate, _ := strconv.ParseFloat(rateLine.FindStringSubmatch(text)[1], 64)
	p.rounds = append(p.rounds, round{rate, milliseconds(half.FindStringSubmatch(text)), milliseconds(nearly.FindStringSubmatch(text)), spent.Seconds() / n * 1e6})
	return nil
}

func milliseconds(m []string) float64 {
	v, _ := strconv.ParseFloat(m[1], 64)
	return v * map[string]float64{"us": 1e-3, "ms": 1, "s": 1e3}[m[2]]
}

// hold measures the memory of a program without and with idle connections, each of which has had a response.
func (p *program) hold(n int) error {
	p.memory = memoryOf(p.cmd.Process.Pid)
	for range n {
		conn, err := net.Dial("tcp", p.address)
		if err != nil {
			return err
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, "GET "+p.path+" HTTP/1.1\r\nHost: bench\r\n\r\n"); err != nil {
			return err
		}
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			return err
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil {
			return err
		}
	}
	p.idle = memoryOf(p.cmd.Process.Pid)
	return nil
}

// processes returns a process and its children, such as nginx's workers.
func processes(pid int) []string {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	return append(strings.Fields(string(children)), strconv.Itoa(pid))
}

// cpuOf returns the processor time of a process and its children.
func cpuOf(pid int) time.Duration {
	const ticks = 100 // USER_HZ
	sum := 0.0
	for _, text := range processes(pid) {
		stat, err := os.ReadFile("/proc/" + text + "/stat")
		if err != nil {
			continue
		}
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		for _, f := range fields[11:13] {
			v, _ := strconv.ParseFloat(f, 64)
			sum += v
		}
	}
	return time.Duration(sum / ticks * float64(time.Second))
}

var resident = regexp.MustCompile(`(?m)^VmRSS:\s+(\d+) kB$`)

// memoryOf returns the resident memory of a process and its children in bytes.
func memoryOf(pid int) (sum int64) {
	for _, text := range processes(pid) {
		status, err := os.ReadFile("/proc/" + text + "/status")
		if err != nil {
			continue
		}
		if m := resident.FindSubmatch(status); m != nil {
			kb, _ := strconv.ParseInt(string(m[1]), 10, 64)
			sum += kb << 10
		}
	}
	return sum
}

// median returns that of a value of each round.
func median(rounds []round, value func(int, round) float64) float64 {
	var all []float64
	for i, r := range rounds {
		all = append(all, value(i, r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func (b bench) report(all []*program) {
	named := map[string]*program{}
	for _, p := range all {
		named[p.name] = p
	}
	ratio := func(p *program, of string, value func(round) float64) string {
		other := named[of]
		if other == nil {
			return ""
		}
		return fmt.Sprintf("%.2f", median(p.rounds, func(i int, r round) float64 { return value(r) / value(other.rounds[i]) }))
	}
	rate, p99 := func(r round) float64 { return r.rate }, func(r round) float64 { return r.p99 }
	fmt.Printf("%d rounds of %d s, wrk -t1 -c%d, responses of %d bytes; memory with %d idle connections:\n\n", b.rounds, b.seconds, all[0].clients, b.size, b.idle)
	fmt.Println("| | requests/s | ratio | of nginx | p50 ms | p99 ms | ratio | own CPU per request, µs | memory, MB | idle connections, MB |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, p := range all {
		fmt.Printf("| %s | %.0f | %s | %s | %.2f | %.2f | %s | %.0f | %d | %d |\n", p.name, median(p.rounds, func(_ int, r round) float64 { return r.rate }), ratio(p, p.reference, rate), ratio(p, "nginx", rate),
			median(p.rounds, func(_ int, r round) float64 { return r.p50 }), median(p.rounds, func(_ int, r round) float64 { return r.p99 }), ratio(p, p.reference, p99),
			median(p.rounds, func(_ int, r round) float64 { return r.cpu }), p.memory>>20, p.idle>>20)
	}
}
