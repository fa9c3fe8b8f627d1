//go:build kubernetes

package server

// Kubernetes' client alone is larger than the rest of the binary. Build with
// -tags kubernetes to have it.
import _ "github.com/prometheus/prometheus/discovery/kubernetes"
