package rules

import "time"

// storageDamaged covers every Prometheus that is scraped, including tacho's own server. The
// counter increases while a process opens its storage, before it is first scraped: a value above
// zero in a new process is recent damage.
func storageDamaged(Options) alert {
	const corruptions = "prometheus_tsdb_wal_corruptions_total"
	return alert{
		name:     "TachoStorageDamaged",
		severity: Critical,
		summary:  `The storage of {{ $labels.instance }} of {{ $labels.job }} was damaged.`,
		description: `{{ $labels.instance }} of {{ $labels.job }} found damaged records in its write-ahead log, cut the log off there and went on. ` +
			`What had been written after that place, at most the last hours before the restart, is missing from the graphs. ` +
			`Look at its log for the file's name, and at the machine for a full disk, a power loss or failing hardware.`,
		expr: "increase(" + corruptions + "[1h]) > 0\nor\n" +
			corruptions + " > 0 and on (job, instance) time() - process_start_time_seconds < 3600",
	}
}

// storageFull cannot rely on the flag alone: a server with a full disk does not store the flag
// either. But it continues to evaluate rules, and sees that neither the flag nor any other
// series has had a new sample for minutes.
func storageFull(o Options) alert {
	const flag = "tacho_server_storage_full"
	silence := number(max(o.scaled(2*time.Minute), 4*o.Interval, 2*o.slowest()).Seconds())
	return alert{
		name:     "TachoStorageFull",
		severity: Critical,
		summary:  `The disk of {{ $labels.instance }} is full: nothing is being recorded.`,
		description: `The server {{ $labels.instance }} has stopped recording, most likely because its disk is full. It goes on showing what it has, ` +
			`but everything since then is missing, and alerts on fresh data cannot fire. ` +
			`Make room on the disk of its data folder, or give it a lower retention; recording resumes by itself.`,
		expr: flag + " == 1\nor\n" +
			"time() - max_over_time(timestamp(" + flag + ")[6h:1m]) > " + silence +
			" unless on () time() - max(timestamp(up)) < " + silence,
		hold: time.Minute,
	}
}
