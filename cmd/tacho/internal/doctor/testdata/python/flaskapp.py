"""A Flask service with many faults: raw paths, unbounded labels, wrong units."""
import os
import time

from flask import Flask, g, request
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

app = Flask(__name__)

REQUESTS = Counter("http_requests_total", "Requests.", ["method", "path", "status", "user_agent"])
DURATION = Histogram("http_request_duration_seconds", "Latency.", ["method", "path"], buckets=[0.0001, 0.0002])
WAITING = Gauge("queue_wait_milliseconds", "How long the oldest job waits.")


@app.before_request
def begin():
    g.began = time.perf_counter()


@app.after_request
def record(response):
    if request.path not in ("/metrics", "/pid"):
        words = response.status.split(" ", 1)[1].title()
        agent = request.headers.get("User-Agent", "")
        REQUESTS.labels(request.method, request.path, words, agent).inc()
        DURATION.labels(request.method, request.path).observe(time.perf_counter() - g.began)
    return response


@app.route("/items/<int:item>")
def item(item):
    return {"item": item}


@app.route("/pid")
def pid():
    return str(os.getpid())


@app.route("/slow")
def slow():
    time.sleep(0.002)
    return "done"


@app.route("/metrics")
def metrics():
    return generate_latest(), 200, {"Content-Type": CONTENT_TYPE_LATEST}
