// Package peer gets the real Prometheus that tests and measurements compare
// this server with: the version whose packages are inside it.
package peer

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

var installing sync.Mutex

// Program returns the path of Prometheus's program prometheus or promtool of a
// release such as 3.16.0. It is built from source once and kept in the user's
// cache folder; that needs the module proxy and a few minutes.
func Program(program, release string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	version, err := moduleVersion(release)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "tacho-test", "prometheus-"+version)
	file := filepath.Join(dir, program)
	installing.Lock()
	defer installing.Unlock()
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	if err := install(dir, "github.com/prometheus/prometheus/cmd/"+program+"@"+version); err != nil {
		return "", fmt.Errorf("the Prometheus to compare with cannot be had: %w", err)
	}
	return file, nil
}

// moduleVersion turns a release into the version of its Go module: 3.16.0 is
// v0.316.0.
func moduleVersion(release string) (string, error) {
	var major, minor, patch int
	if _, err := fmt.Sscanf(release, "%d.%d.%d", &major, &minor, &patch); err != nil {
		return "", fmt.Errorf("%q is no release of Prometheus: %w", release, err)
	}
	return fmt.Sprintf("v0.%d%02d.%d", major, minor, patch), nil
}

// install builds a package into dir. It is built without service discovery: one
// of its kinds needs a module that does not resolve.
func install(dir, pkg string) error {
	outside, err := os.MkdirTemp("", "peer") // away from any go.mod and go.work
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(outside) }()
	cmd := exec.Command("go", "install", "-tags", "remove_all_sd", pkg)
	cmd.Dir = outside
	cmd.Env = append(os.Environ(), "GOBIN="+dir, "GOWORK=off", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("go install %s: %w: %s", pkg, err, lines[len(lines)-1])
	}
	return nil
}
