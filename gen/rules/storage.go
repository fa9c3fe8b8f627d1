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
		texts: texts{`The storage of {{ $labels.instance }} of {{ $labels.job }} was damaged.`,
			`{{ $labels.instance }} of {{ $labels.job }} found damaged records in its write-ahead log, truncated the log there and continued. ` +
				`Samples after that point, at most the last hours before the restart, are lost. ` +
				`Its log names the file. Check the machine for a full disk, a power loss or failing hardware.`},
		chinese: texts{`{{ $labels.job }} 的 {{ $labels.instance }} 的存储曾损坏。`,
			`{{ $labels.job }} 的 {{ $labels.instance }} 在预写日志中发现损坏的记录，已从该处截断日志并继续运行。` +
				`此后的样本丢失，最多是重启前几个小时的数据。其日志中有文件名。请检查该机器是否曾磁盘写满、断电或硬件故障。`},
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
		texts: texts{`The disk of {{ $labels.instance }} is full: no samples are stored.`,
			`The server {{ $labels.instance }} has stopped storing samples, most likely because its disk is full. Stored data stays available, ` +
				`but new data is missing, and alerts on it cannot fire. ` +
				`Free space on the disk of its data directory, or lower its retention; it then resumes by itself.`},
		chinese: texts{`{{ $labels.instance }} 的磁盘已满：不再存储样本。`,
			`服务器 {{ $labels.instance }} 已停止存储样本，多半是因为磁盘已满。已存储的数据仍可查询，但缺少新数据，基于新数据的告警也不会触发。` +
				`请为其数据目录所在的磁盘腾出空间，或缩短保留时间；之后它会自动恢复。`},
		expr: flag + " == 1\nor\n" +
			"time() - max_over_time(timestamp(" + flag + ")[6h:1m]) > " + silence +
			" unless on () time() - max(timestamp(up)) < " + silence,
		hold: time.Minute,
	}
}
