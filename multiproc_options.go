package tacho

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"

	"github.com/tacho-go/tacho/multiproc"
)

// Multiproc says where the processes of one service share their counts: children
// of a prefork server, siblings on one port (SO_REUSEPORT), the old and the new
// program during a restart. Whichever of them is asked then answers for all, and
// no counter falls because one has died. They should have the same Options;
// constant labels are those of the process that is asked.
//
// It needs Unix. Exemplars are those of the process that is asked.
type Multiproc struct {
	// Dir is a directory that these processes have for themselves, best one in
	// memory such as below /run or /dev/shm. It is made if it is not there, and
	// may stay from one start of the service to the next: then its counters go
	// on. The default is that of PROMETHEUS_MULTIPROC_DIR, or of
	// prometheus_multiproc_dir; in a child of Fiber's prefork, one that is named
	// after its parent. Without any of these a process counts for itself alone.
	//
	// A second Meter of a process, on a registry of its own, uses the directory
	// 2 below it, and so on: each process should make its Meters in the same
	// order.
	Dir string

	// Service is the name of the service that the directory belongs to. Processes
	// of another one stay out of it: they count for themselves alone, and warn. The default is
	// the path of the main module, so that the old and the new program are one service; two
	// services of one module need names. Where another service's directory is to be used,
	// empty it.
	Service string

	// Off switches it off, whatever the environment says.
	Off bool

	// GaugeModes say how the values of several processes become one, for gauges
	// of the registry by the name that they are exported under: sum, min, max, mostrecent, or all, which shows each
	// process's own with a label pid; with live before it, processes that are
	// gone have no say. Otherwise it is what [multiproc.GaugeMode] says, livesum
	// mostly.
	GaugeModes map[string]string

	// NoCompaction leaves the files of processes that are gone where they are.
	// Otherwise the living fold them into an archive, within seconds.
	NoCompaction bool

	inherited bool // Dir is that of PROMETHEUS_MULTIPROC_DIR, which may be meant for another program
}

// dir is the directory that is used, or "".
func (o Multiproc) dir() string {
	if o.Off {
		return ""
	}
	return o.Dir
}

// mainModule is the path of the program's module, or its name if it has none.
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

// preforkPrefix begins the names of directories that nobody has named, and nobody
// else will remove.
const preforkPrefix = "tacho-prefork-"

// checkPrefork returns an error if a directory that nobody has named is a stranger's:
// in the system's temporary one everybody can make it beforehand.
func (o Multiproc) checkPrefork() error {
	if !strings.HasPrefix(filepath.Base(o.Dir), preforkPrefix) {
		return nil
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil // a full disk is dealt with later
	}
	return multiproc.CheckDirOwner(o.Dir)
}

// sweepPrefork removes those of parents that are gone.
func sweepPrefork() {
	all, _ := filepath.Glob(filepath.Join(os.TempDir(), preforkPrefix+"*"))
	for _, dir := range all {
		if multiproc.IsGone(strings.TrimPrefix(filepath.Base(dir), preforkPrefix)) {
			_ = os.RemoveAll(dir)
		}
	}
}

const maxServiceName = 1000

// joinError is what New says when the directory cannot be used.
func joinError(dir string, err error) error {
	return fmt.Errorf("tacho: Options.Multiproc.Dir: %w; name a directory in Dir, or in PROMETHEUS_MULTIPROC_DIR, which this process may write (%s), or set Off", err, dir)
}
