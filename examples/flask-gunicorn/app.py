"""The service of the Flask tutorial: three routes, measured by Python's
prometheus_client under the names of prometheus-flask-exporter.

It does not serve its metrics: tacho multiproc does, for all workers together.
With the exporter installed, GunicornPrometheusMetrics(app) replaces everything
between the lines.
"""

import random
import time

from flask import Flask, g, request
from prometheus_client import Counter, Gauge, Histogram

app = Flask(__name__)

# ---------------------------------------------------------------------------
duration = Histogram(
    "flask_http_request_duration_seconds",
    "Flask HTTP request duration in seconds",
    ["method", "path", "status"],
)
total = Counter("flask_http_request_total", "Total number of HTTP requests", ["method", "status"])
info = Gauge("flask_exporter_info", "Information about the Prometheus Flask exporter", ["version"], multiprocess_mode="max")
info.labels("by hand").set(1)


@app.before_request
def begin():
    g.begun = time.perf_counter()


@app.after_request
def record(response):
    # Known routes only: every path of a scanner would create a series.
    path = request.path if request.url_rule else "unmatched"
    duration.labels(request.method, path, response.status_code).observe(time.perf_counter() - g.begun)
    total.labels(request.method, response.status_code).inc()
    return response


# ---------------------------------------------------------------------------


@app.get("/first_route")
def first_route():
    time.sleep(random.uniform(0, 0.02))
    return "ok"


@app.get("/second_route")
def second_route():
    time.sleep(random.uniform(0, 0.04))
    return "ok"


@app.get("/three_route")
def three_route():
    time.sleep(random.uniform(0, 0.06))
    return "ok"
