"""A usual Gunicorn configuration, plus the hook that prometheus_client needs."""

import os

from prometheus_client import multiprocess

bind = os.environ.get("BIND", "127.0.0.1:5000")
workers = int(os.environ.get("WORKERS", "4"))


def child_exit(server, worker):
    # Removes the worker's live gauges. Its counters remain.
    multiprocess.mark_process_dead(worker.pid)
