// Package multiproc adds up what the processes of one service write into a
// directory: those of a Go service with tacho, and those of Python's
// prometheus_client under PROMETHEUS_MULTIPROC_DIR, such as Gunicorn's and uWSGI's
// workers.
//
//	r, err := multiproc.NewReader(multiproc.ReaderOptions{Dir: "/run/shop/metrics"})
//	families, err := r.Gather()
//
// The program tacho multiproc is such a Reader with an endpoint. A Go service
// writes through [Cells], which are shared memory, and a [Publisher] of
// client_golang's metrics; tacho.Options.Multiproc does all of that. [Reader.Compact] folds
// what processes have left that are gone.
//
// # The files of Python's format
//
// Each process has a file for each type of metric, <type>_<id>.db or
// gauge_<mode>_<id>.db, where the id is the process's number or a name that the
// service gives its workers. Numbers are little-endian.
//
//	offset 0   int32    bytes in use, these eight included
//	offset 4   uint32   which file of its name it is, of a Go process; else zero
//	then entries, each of:
//	           int32    n, the length of the key
//	           n bytes  the key: JSON, [metric, sample, {label: value}, help]
//	           spaces   8 - (n+4) % 8, one to eight
//	           float64  the value
//	           float64  Unix time at which a gauge was set: in newer files only
//
// Up to release 0.16 the client wrote no time, from some release before 0.25 on it
// does. Nothing in a file says which: it is told by where its entries end. Files
// are mapped by their writers, 64 KiB at first and twice as large when they are
// full; bytes behind those in use are zero. The bytes in use are written after an
// entry's own, and entries are never moved, so that a reader always finds whole
// ones. The time of a file's last change says nothing, since writes go
// through the mapping.
//
// # The files of cells
//
// A Go process counts in a file of its own, tacho_<id>.cells, in runs of 64-bit
// integers, each under a key that its owner understands: see cells.go. The id is
// <pid>-<start>-<namespace>-<n>. The process holds a lock on the file (flock) for as
// long as it lives.
//
// # Adding up
//
// Counters, summaries and the buckets of histograms are summed over all files,
// gauges by their mode: min, max, sum, mostrecent, or all, which shows each
// process's own with a label pid. That is what Python's MultiProcessCollector
// does; tests compare the two.
package multiproc
