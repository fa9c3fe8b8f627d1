package rules

import "time"

// storageDamaged covers every scraped Prometheus, including tacho's own server. The
// counter increases while a process opens its storage, before its first scrape: so a
// value above zero in a young process counts, too.
func storageDamaged(Options) alert {
	const corruptions = "prometheus_tsdb_wal_corruptions_total"
	return alert{
		name:     "TachoStorageDamaged",
		severity: Critical,
		summary:  `The storage of {{ $labels.instance }} of {{ $labels.job }} was damaged.`,
		description: `{{ $labels.instance }} of {{ $labels.job }} found damaged records in its write-ahead log, truncated the log there and continued. ` +
			`Samples after that point, at most the last hours before the restart, are lost. ` +
			`Its log names the file. Check the machine for a full disk, a power loss or failing hardware.`,
		expr: "increase(" + corruptions + "[1h]) > 0\nor\n" +
			corruptions + " > 0 and on (job, instance) time() - process_start_time_seconds < 3600",
	}
}

// storageFull cannot rely on the flag alone: a server whose disk is full does not
// store the flag either. But it still evaluates rules, and finds that neither the
// flag nor any other series has had a new sample for minutes.
func storageFull(o Options) alert {
	const flag = "tacho_server_storage_full"
	silence := number(max(o.scaled(2*time.Minute), 4*o.Interval, 2*o.slowest()).Seconds())
	return alert{
		name:     "TachoStorageFull",
		severity: Critical,
		summary:  `The disk of {{ $labels.instance }} is full: no samples are stored.`,
		description: `The server {{ $labels.instance }} has stopped storing samples, most likely because its disk is full. Stored data stays available, ` +
			`but new data is missing, and alerts on it cannot fire. ` +
			`Free space on the disk of its data directory, or lower its retention; it then resumes by itself.`,
		expr: flag + " == 1\nor\n" +
			"time() - max_over_time(timestamp(" + flag + ")[6h:1m]) > " + silence +
			" unless on () time() - max(timestamp(up)) < " + silence,
		hold: time.Minute,
	}
}
