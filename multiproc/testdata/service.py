"""Workers that write every type and mode of metric, and Python's own reading of it.

service.py write DIR WORKERS SETS   forks workers, each with SETS label sets, and waits for them
service.py read DIR                 prints what MultiProcessCollector makes of the directory
service.py churn DIR                forks 75 workers that count and die, three at a time; on SIGTERM no more of them
service.py time DIR ROUNDS          prints the CPU seconds of reading it, the median of some rounds
"""

import os
import signal
import sys
import time

mode, directory = sys.argv[1], sys.argv[2]
os.environ["PROMETHEUS_MULTIPROC_DIR"] = directory

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, generate_latest  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402

HOSTILE = ["", "plain", 'quo"te', "back\\slash", "new\nline", "tab\t", "ünïcödé", "日本語", "😀", " ", "{}", 'a="b",c', "x" * 300, "\x00\x01", "\ud83d"[:0]]
FLOATS = [0.0, -0.0, 1.0, 0.1, 1e-300, 5e-324, 1e300, 123456789.0, 1234567.5, float("inf"), float("-inf"), float("nan"), -1.5]
MODES = ["all", "liveall", "min", "livemin", "max", "livemax", "sum", "livesum"]


def everything(worker):
    requests = Counter("requests", "Requests \\ with\na \"help\"", ["path", "b"])
    for i, text in enumerate(HOSTILE):
        requests.labels(text, str(i)).inc(worker * 10 + i + 0.5)
    Counter("never", "Never counted")
    Counter("empty", "Made and not counted", ["a"]).labels("x")
    times = Histogram("times_seconds", "Times", ["path"], buckets=(0.1, 1, 2.5, 1e6))
    for i in range(50):
        times.labels(HOSTILE[i % 5]).observe((i * 37 % 100) / 20 * worker)
    Histogram("default_seconds", "Default buckets").observe(0.3 * worker)
    sizes = Summary("sizes_bytes", "Sizes", ["path"])
    for i in range(20):
        sizes.labels(HOSTILE[i % 3]).observe(i * worker)
    for m in MODES:
        g = Gauge("gauge_" + m, "A gauge", ["v"], multiprocess_mode=m)
        for i, v in enumerate(FLOATS):
            if m in ("min", "max", "livemin", "livemax", "sum", "livesum") and v != v:
                continue  # Python's answer depends on the directory's order
            g.labels(str(i)).set(v if i % 2 else v + worker)
        g.labels("worker").set(worker)


def many(worker, sets):
    requests = Counter("load_requests", "Requests", ["method", "path", "status"])
    times = Histogram("load_seconds", "Times", ["method", "path", "status"])
    for i in range(sets):
        labels = ("GET", "/some/route/%d" % i, "200")
        requests.labels(*labels).inc(i + worker)
        times.labels(*labels).observe((i % 100) / 10)


def write(workers, sets):
    pids = []
    for worker in range(1, workers + 1):
        pid = os.fork()
        if pid == 0:
            if sets:
                many(worker, sets)
            else:
                everything(worker)
            os._exit(0)
        pids.append(pid)
    for pid in pids:
        if os.waitpid(pid, 0)[1] != 0:
            sys.exit("a worker failed")


def churn():
    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    for _ in range(25):
        if stopped:
            return
        pids = []
        for worker in range(3):
            pid = os.fork()
            if pid == 0:
                requests = Counter("churn_requests", "Requests", ["path"])
                for i in range(200):
                    requests.labels("/%d" % (i % 40)).inc()
                Histogram("churn_seconds", "Times").observe(worker)
                os._exit(0)
            pids.append(pid)
        for pid in pids:
            os.waitpid(pid, 0)


def read():
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)


if mode == "write":
    write(int(sys.argv[3]), int(sys.argv[4]))
elif mode == "churn":
    churn()
elif mode == "read":
    sys.stdout.buffer.write(read())
else:
    rounds = []
    for _ in range(int(sys.argv[3])):
        begin = time.process_time()
        read()
        rounds.append(time.process_time() - begin)
    print(sorted(rounds)[len(rounds) // 2])
