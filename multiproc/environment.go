package multiproc

import "os"

// EnvironmentDir is the directory that the environment names, by either of the
// names that Python's client knows, or "".
func EnvironmentDir() string {
	for _, name := range []string{"PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"} {
		if dir := os.Getenv(name); dir != "" {
			return dir
		}
	}
	return ""
}
