//go:build kubernetes

package server

// The Kubernetes client alone is larger than the rest of the binary. Build with
// -tags kubernetes to include it.
import _ "github.com/prometheus/prometheus/discovery/kubernetes"
