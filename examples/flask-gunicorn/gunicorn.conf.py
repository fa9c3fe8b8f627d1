"""Gunicorn as it usually is, and what prometheus_client needs of it."""

import os

from prometheus_client import multiprocess

bind = os.environ.get("BIND", "127.0.0.1:5000")
workers = int(os.environ.get("WORKERS", "4"))


def child_exit(server, worker):
    # Takes away what a worker's live gauges said. Its counters stay.
    multiprocess.mark_process_dead(worker.pid)
