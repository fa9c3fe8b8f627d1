"""A Flask service that labels by route and status number, in one process."""
import time

from flask import Flask, g, request
from prometheus_client import Counter, Gauge, Histogram, make_wsgi_app
from werkzeug.middleware.dispatcher import DispatcherMiddleware

flask = Flask(__name__)

REQUESTS = Counter("http_requests_total", "Requests.", ["method", "path", "status"])
DURATION = Histogram("http_request_duration_seconds", "Latency.", ["method", "path"])
IN_FLIGHT = Gauge("http_requests_in_flight", "Requests being served now.")


@flask.before_request
def begin():
    g.began = time.perf_counter()
    IN_FLIGHT.inc()


@flask.after_request
def record(response):
    route = request.url_rule.rule if request.url_rule else "unmatched"
    REQUESTS.labels(request.method, route, response.status_code).inc()
    DURATION.labels(request.method, route).observe(time.perf_counter() - g.began)
    return response


@flask.teardown_request
def end(_):
    IN_FLIGHT.dec()


@flask.route("/items/<int:item>")
def item(item):
    return {"item": item}


app = DispatcherMiddleware(flask, {"/metrics": make_wsgi_app()})
