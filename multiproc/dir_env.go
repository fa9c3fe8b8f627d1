package multiproc

import "os"

// DirFromEnv returns the directory named in the environment, by either of the two variables that
// Python's client reads, or "".
func DirFromEnv() string {
	for _, name := range []string{"PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"} {
		if dir := os.Getenv(name); dir != "" {
			return dir
		}
	}
	return ""
}
