"""The Flask service that examples/from-flask replaces.

It is measured by prometheus-flask-exporter where that package is installed,
and otherwise by hand, with the same metrics, on Python's own client. It prints
which, and the port that it took.
"""

import time
from wsgiref.simple_server import WSGIRequestHandler, make_server

from flask import Flask, Response, request

app = Flask(__name__)


@app.route("/first_route")
@app.route("/second_route")
@app.route("/three_route")
def tutorial():
    return "ok"


@app.route("/created", methods=["POST"])
def created():
    return "made", 201


@app.route("/teapot")
def teapot():
    raise ValueError("short and stout")


@app.errorhandler(ValueError)
def explain(error):
    return str(error), 418


@app.route("/fail")
def fail():
    raise RuntimeError("on purpose")


def by_hand():
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

    registry = CollectorRegistry()
    labels = ("method", "path", "status")
    duration = Histogram(
        "flask_http_request_duration_seconds", "Flask HTTP request duration in seconds", labels, registry=registry
    )
    total = Counter("flask_http_request_total", "Total number of HTTP requests", ("method", "status"), registry=registry)
    exceptions = Counter(
        "flask_http_request_exceptions_total",
        "Total number of HTTP requests which resulted in an exception",
        ("method", "status"),
        registry=registry,
    )
    info = Gauge("flask_exporter_info", "Information about the Prometheus Flask exporter", ("version",), registry=registry)
    info.labels("by hand").set(1)

    @app.before_request
    def start():
        request.start = time.perf_counter()

    @app.after_request
    def record(response):
        if request.path != "/metrics":
            status = response.status_code
            duration.labels(request.method, request.path, status).observe(time.perf_counter() - request.start)
            total.labels(request.method, status).inc()
        return response

    @app.teardown_request
    def crash(exception):
        if exception is not None:  # its response was recorded above
            exceptions.labels(request.method, 500).inc()

    @app.route("/metrics")
    def metrics():
        return Response(generate_latest(registry), mimetype="text/plain")


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


try:
    from prometheus_flask_exporter import PrometheusMetrics

    PrometheusMetrics(app)
    how = "prometheus-flask-exporter"
except ImportError:
    by_hand()
    how = "by hand"
server = make_server("127.0.0.1", 0, app, handler_class=Quiet)
print(f"measured {how}, listening on http://127.0.0.1:{server.server_port}", flush=True)
server.serve_forever()
