"""The service of the Flask and Prometheus tutorials: three routes of different
speed, and their requests at /metrics under the Flask exporter's names.

Run by Gunicorn with PROMETHEUS_MULTIPROC_DIR set, so that any worker answers
/metrics for all of them. Only Flask and prometheus_client are needed.
"""

import random
import time

from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

app = Flask(__name__)

# The default buckets of prometheus_client are the exporter's, too.
duration = Histogram(
    "flask_http_request_duration_seconds",
    "Flask HTTP request duration in seconds",
    ["method", "path", "status"],
)
total = Counter(
    "flask_http_request_total",
    "Total number of HTTP requests",
    ["method", "status"],
)


@app.before_request
def begin():
    g.begun = time.perf_counter()


@app.after_request
def record(response):
    if request.path != "/metrics":
        # Only known routes: a scanner's paths would each be a series.
        path = request.path if request.url_rule else "unmatched"
        status = response.status_code
        duration.labels(request.method, path, status).observe(time.perf_counter() - g.begun)
        total.labels(request.method, status).inc()
    return response


@app.get("/metrics")
def metrics():
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return Response(encode(registry), content_type=content_type)


def sell(kind, slowest):
    time.sleep(random.uniform(0, slowest))
    return f"sold: {kind}\n"


@app.get("/first_route")
def first_route():
    return sell("book", 0.02)


@app.get("/second_route")
def second_route():
    return sell("pen", 0.04)


@app.get("/three_route")
def three_route():
    return sell("lamp", 0.06)
