//go:build unix

package multiproc

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/tacho-go/tacho/internal/long"
)

// publishEvery is how many counts a worker makes between publishing.
const publishEvery = 256

// countAndReport counts as fast as it can, in new cells all the time, and writes a byte for
// every completed count.
func countAndReport(dir string) {
	n := argument(0)
	c, err := OpenCells(CellsOptions{Dir: dir})
	if err != nil {
		panic(err)
	}
	p := NewPublisher(c, nil)
	c.Add(CellKey{"live", true}, 1, 1)[0].Add(1)
	own := c.Add(CellKey{Text: fmt.Sprint("worker ", n)}, 1, int64(n))
	var series []atomic.Uint64
	for i := 0; ; i++ {
		if i%50 == 0 {
			series = c.Add(CellKey{Text: fmt.Sprint("series ", (n*131+i/50)%400)}, 1+i/50%40, int64(n))
		}
		own[0].Add(1)
		series[len(series)-1].Add(1)
		if counted := i + 1; counted%publishEvery == 0 {
			families := []*dto.MetricFamily{
				counterOf("published_total", float64(counted), "worker", strconv.Itoa(n)),
				gaugeOf("gauge", 1, "round", strconv.Itoa(counted/publishEvery%3)), // causes a rewrite of the file
			}
			if p.Publish(families) > 0 {
				panic("there is space")
			}
		}
		_, _ = os.Stdout.Write([]byte{'.'})
	}
}

// countUntilKilled starts a worker, kills it after a number of counts, and returns how many
// counts it reported. A worker that should not count is killed while it starts.
func countUntilKilled(t *testing.T, dir string, number, until int, soon time.Duration) (done int) {
	cmd := inRole("count", dir, number)
	stderr := &strings.Builder{}
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Error(err)
		return 0
	}
	if until == 0 {
		defer time.AfterFunc(soon, func() { _ = cmd.Process.Kill() }).Stop()
	}
	buffer := make([]byte, 64<<10)
	for killed := false; ; {
		n, err := out.Read(buffer)
		done += n
		if err != nil {
			break
		}
		if !killed && until > 0 && done >= until {
			killed = true
			_ = cmd.Process.Kill()
		}
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Errorf("worker %d: %v\n%s", number, err, stderr)
	}
	return done
}

// TestKilled: workers are killed at random moments, while they start, create cells, count and
// publish, while a reader reads and a compactor merges their files. Nothing is lost or counted
// twice.
func TestKilled(t *testing.T) {
	const atOnce = 4
	kills := long.Form(t, 60, 300, "kills")
	dir := t.TempDir()
	begin := time.Now()

	stop := make(chan struct{})
	var others sync.WaitGroup
	forever := func(do func() error) {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := do(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	r, compactor := newReader(t, dir), newReader(t, dir)
	scans, merges := 0, 0
	last := samples{}
	forever(func() error { scans++; return scanWhileKilled(t, r, last) })
	forever(func() error {
		n, err := compactor.Compact()
		merges += n
		if errors.Is(err, ErrBusy) {
			err = nil
		}
		return err
	})

	done := make([]int, kills)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for i := int(next.Add(1) - 1); i < kills; i = int(next.Add(1) - 1) {
				random := rand.New(rand.NewPCG(1, uint64(i)))
				until := random.IntN(5_000)
				if i%8 == 0 {
					until = 0
				}
				done[i] = countUntilKilled(t, dir, i, until, time.Duration(random.IntN(60))*time.Millisecond)
			}
		})
	}
	workers.Wait()
	close(stop)
	others.Wait()

	n, err := compactor.Compact()
	if err != nil {
		t.Error(err)
	}
	for name, r := range map[string]*Reader{"looks on": r, "is new": newReader(t, dir)} {
		checkKilled(t, name, r, done)
	}
	t.Logf("%d kills in %v, %d scans, %d files merged", kills, time.Since(begin).Round(time.Millisecond), scans, merges+n)
}

// scanWhileKilled scans, and returns an error if a total is wrong.
func scanWhileKilled(t *testing.T, r *Reader, last samples) error {
	if what := fallen(r); what != "" {
		return errors.New(what)
	}
	now := gather(t, r)
	for name, v := range last {
		if now[name] < v {
			return fmt.Errorf("%s fell from %v to %v", name, v, now[name])
		}
	}
	for name, v := range now {
		if strings.HasPrefix(name, "published_total") {
			last[name] = v
		}
	}
	for why, n := range r.report.damaged {
		if n > 0 {
			return fmt.Errorf("damage: %s", why)
		}
	}
	return nil
}

// checkKilled compares the final totals of a reader with what workers reported: each may have
// one more, which it could not report.
func checkKilled(t *testing.T, name string, r *Reader, done []int) {
	t.Helper()
	counted := make([]uint64, len(done))
	var series, own, said uint64
	r.Cells(func(cells []*Cell) {
		for _, c := range cells {
			i := -1
			_, _ = fmt.Sscanf(c.Text, "worker %d", &i)
			switch {
			case c.Live && c.Seen:
				t.Errorf("reader %s has %q", name, c.Text)
			case i >= 0:
				counted[i] = c.Words[0]
				own += c.Words[0]
				if c.Created != int64(i) {
					t.Errorf("reader %s: worker %d started at %d", name, i, c.Created)
				}
			default:
				for _, w := range c.Words {
					series += w
				}
			}
		}
	})
	published := gather(t, r)
	counting := 0
	for i, n := range done {
		said += uint64(n)
		if counted[i] != uint64(n) && counted[i] != uint64(n)+1 {
			t.Errorf("reader %s: worker %d counted %d, and reported %d", name, i, counted[i], n)
		}
		v := published[fmt.Sprintf(`published_total{worker="%d"}`, i)]
		if v < float64(n/publishEvery*publishEvery) || v > float64(counted[i]) {
			t.Errorf("reader %s: worker %d published %v of %d", name, i, v, counted[i])
		}
		if n > 0 {
			counting++
		}
	}
	if series < said || series > own {
		t.Errorf("reader %s has %d in all series, want %d to %d", name, series, said, own)
	}
	if counting < len(done)*3/4 || said < uint64(1000*len(done)) {
		t.Errorf("only %d workers counted, to %d", counting, said)
	}
}
