// Package remotewrite sends the samples of a write-ahead log to the receivers of the section
// remote_write of a prometheus.yml, and loses none over a restart.
//
// Each receiver reads the log on its own, window by window:
//
//	WAL segments ──> tail ──> window ──> requests ──> receiver
//	                                                     │ all acknowledged
//	                          savepoint <────────────────┘
//
// A window is what is read until it has enough samples for a request per shard, or until
// batch_send_deadline after its first sample. Its series are divided among at most max_shards
// requests that are sent at the same time and repeated until the receiver accepts or rejects
// them. Then the position in the log, the savepoint, is written to a file beside the log, and
// the next window is read. After a restart, the receiver continues at its savepoint: only the
// window in flight may be sent twice, with the same timestamps and values.
//
// The storage truncates its log without regard to receivers. The segments that a receiver still
// needs are kept as hard links in the directory remote-write, for at most Options.MaxBacklog.
//
// Prometheus's own queues (storage/remote) keep no position: after a restart, they send only
// what is newer than the start. docs/design/013-remote-write.md has the comparison.
package remotewrite
