package multiproc

// A usage is the resource usage of a process, as in Prometheus's process metrics.
type usage struct {
	cpu, resident, virtual, fds, start float64
}
