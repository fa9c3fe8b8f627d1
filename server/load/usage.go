package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// usage is the resource usage of a process since its start.
type usage struct {
	at  time.Time
	cpu float64 // seconds, user and system
	memory
	appended float64 // samples
	wire     int64   // bytes sent, if they are counted
}

// clockTick is the number of clock ticks per second in /proc: USER_HZ, which is 100 on
// every architecture that Go supports.
const clockTick = 100

func (r *process) usage() (u usage, err error) {
	u.at = time.Now()
	if u.cpu, err = cpuSeconds(r.cmd.Process.Pid); err != nil {
		return u, err
	}
	if u.memory, err = memoryOf(r.cmd.Process.Pid); err != nil {
		return u, err
	}
	if r.sent != nil {
		u.wire = r.sent.Load()
	}
	u.appended, err = r.metric(r.appended)
	return u, err
}

// cpuSeconds reads utime and stime, the 14th and 15th field of stat; the
// second is a name in brackets that may contain anything.
func cpuSeconds(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var ticks float64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseFloat(f, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return ticks / clockTick, nil
}

// memory is the memory of a process in bytes.
type memory struct {
	rss, peak  int64 // now, the most so far
	anon, file int64 // the parts of rss: heap and stacks; pages of the program file that were used
}

func memoryOf(pid int) (m memory, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m, err
	}
	fields := map[string]*int64{"VmRSS": &m.rss, "VmHWM": &m.peak, "RssAnon": &m.anon, "RssFile": &m.file}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		to := fields[name]
		if to == nil {
			continue
		}
		kib, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		n, err := strconv.ParseInt(kib, 10, 64)
		if err != nil {
			return m, err
		}
		*to = n << 10
	}
	return m, nil
}

// metric returns the sum of a family on the program's own /metrics.
func (r *process) metric(name string) (sum float64, err error) {
	resp, err := http.Get(r.url + "metrics")
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	found := false
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || rest == "" || (rest[0] != ' ' && rest[0] != '{') {
			continue
		}
		v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			return 0, err
		}
		sum, found = sum+v, true
	}
	if !found {
		return 0, fmt.Errorf("%s: there is no %s on /metrics", r.name, name)
	}
	return sum, nil
}

// snapshot writes all data as blocks and returns their size in bytes.
func (r *process) snapshot() (int64, error) {
	resp, err := http.Post(r.url+"api/v1/admin/tsdb/snapshot", "", nil)
	if err != nil {
		return 0, err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: snapshot: %s", r.name, resp.Status)
	}
	return size(filepath.Join(r.data, "snapshots")), nil
}

// size returns the total size of the files below a directory in bytes, or 0 if it does
// not exist.
func size(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}
