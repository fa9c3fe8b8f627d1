// Package multiproc merges the metrics that the processes of one service write into a directory:
// a Go service that uses tacho, or Python's prometheus_client under PROMETHEUS_MULTIPROC_DIR,
// such as the workers of Gunicorn and uWSGI.
//
//	r, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: "/run/shop/metrics"})
//	families, err := r.Gather()
//
// The command tacho multiproc serves the result of such a Reader. A Go service writes through
// [Cells], which are shared memory, and through a [Publisher] of client_golang's metrics;
// tacho.Options.Multiproc sets up both. [Reader.Compact] merges the files of dead processes.
//
// Exporters and other programs that read such a directory may use this package directly. It
// depends on client_golang and its data types only, and must not import the root package, which
// is built on it.
//
// # Python's file format
//
// Each process has a file for each metric type, <type>_<id>.db or gauge_<mode>_<id>.db. The id
// is the PID, a name that the service gives its workers, or a number that a later worker uses
// again, which then goes on counting in the files (uWSGI, tacho gunicorn). Numbers are
// little-endian.
//
//	offset 0   int32    bytes in use, including these eight
//	offset 4   uint32   generation of the file, for a Go process and tacho gunicorn; otherwise zero
//	then entries, each of:
//	           int32    n, the length of the key
//	           n bytes  the key: JSON, [metric, sample, {label: value}, help]
//	           spaces   8 - (n+4) % 8, one to eight
//	           float64  the value
//	           float64  Unix time at which a gauge was set: newer files only
//
// Releases up to 0.16 wrote no timestamp; releases from 0.25 on, and some before, do. The file
// does not record which layout it has; the positions at which its entries end reveal it. Writers
// map their files, 64 KiB at first, and double the size when a file is full; bytes beyond those
// in use are zero. A writer updates the bytes in use after it has written an entry, and never
// moves entries, so a reader always finds complete ones. The modification time is meaningless,
// because writes go through the mapping.
//
// # Cell files
//
// A Go process counts in its own file, tacho_<id>.cells. A cell is a run of 64-bit integers
// under a key that its owner interprets; cells.go has the layout. The id is
// <pid>-<start>-<namespace>-<n>. The process holds a lock on the file (flock) for as long as it
// lives.
//
// # Merging
//
// Counters, summaries and histogram buckets are summed over all files. Gauges are merged by
// mode: min, max, sum, mostrecent, or all, which shows each process's value with a pid label.
// Python's MultiProcessCollector does the same; tests compare the two.
package multiproc
