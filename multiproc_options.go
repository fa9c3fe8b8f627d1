package tacho

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/tacho-go/tacho/multiproc"
)

// Multiproc combines the metrics of the processes of one service: children of a prefork server,
// several processes on one port (SO_REUSEPORT), the old and the new program during a restart. A
// scrape of any process then returns the totals of all, and counters do not decrease when a process
// ends. The processes should have the same Options; constant labels are those of the scraped
// process.
//
// It requires Unix. Exemplars are those of the scraped process.
type Multiproc struct {
	// Dir is a directory for these processes only, preferably in memory, such as below /run or
	// /dev/shm. It is created if it does not exist. It may be kept across restarts of the service;
	// counters then continue. The default is that of PROMETHEUS_MULTIPROC_DIR or
	// prometheus_multiproc_dir; in a child of Fiber's prefork, a directory named after its parent.
	// Otherwise, each process counts on its own.
	//
	// A second Meter of a process, on its own registry, uses the subdirectory 2, and so on: each
	// process should create its Meters in the same order.
	Dir string

	// Service is the name of the service that owns the directory. Processes of another service do
	// not use it: they count on their own and log a warning. The default is the path of the main
	// module, so that the old and the new program are one service. Two services of one module need
	// different names. To reuse a directory for another service, empty it.
	Service string

	// Off disables it, regardless of the environment.
	Off bool

	// GaugeModes defines how the values of several processes are combined, for gauges of the
	// registry by their exported names: sum, min, max, mostrecent, or all, which keeps each
	// process's value with a label pid. The prefix live excludes dead processes. The default is
	// [multiproc.GaugeMode], usually livesum.
	GaugeModes map[string]string

	// NoCompaction keeps the files of dead processes. By default, living processes merge them into
	// an archive within seconds.
	NoCompaction bool

	inherited bool // Dir is from PROMETHEUS_MULTIPROC_DIR, which may be meant for another program
}

// dir returns the directory to use, or "".
func (o Multiproc) dir() string {
	if o.Off {
		return ""
	}
	return o.Dir
}

// mainModule returns the path of the program's module, or its name without one.
func mainModule() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Path != "" {
		return info.Main.Path
	}
	return filepath.Base(os.Args[0])
}

func preforkDir() string {
	// Fiber sets it in the processes that its prefork starts.
	if os.Getenv("FIBER_PREFORK_CHILD") != "" {
		return filepath.Join(os.TempDir(), preforkPrefix+multiproc.ProcessName(os.Getppid()))
	}
	return ""
}

// preforkPrefix is the prefix of default directories, which only tacho removes.
const preforkPrefix = "tacho-prefork-"

// checkPrefork returns an error if a default directory belongs to another user: anyone can create
// it in advance in the system's temporary directory.
func (o Multiproc) checkPrefork() error {
	if !strings.HasPrefix(filepath.Base(o.Dir), preforkPrefix) {
		return nil
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil // a full disk is handled later
	}
	return multiproc.CheckDirOwner(o.Dir)
}

// sweepPrefork removes the default directories of parents that no longer exist.
func sweepPrefork() {
	all, _ := filepath.Glob(filepath.Join(os.TempDir(), preforkPrefix+"*"))
	for _, dir := range all {
		if multiproc.IsGone(strings.TrimPrefix(filepath.Base(dir), preforkPrefix)) {
			_ = os.RemoveAll(dir)
		}
	}
}

const maxServiceName = 1000

// joinError is New's error if the directory cannot be used.
func joinError(dir string, err error) error {
	return fmt.Errorf("tacho: Options.Multiproc.Dir: %w; name a directory in Dir, or in PROMETHEUS_MULTIPROC_DIR, which this process may write (%s), or set Off", err, dir)
}
