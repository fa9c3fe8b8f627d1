"""Python's own MultiProcessCollector over HTTP: collector.py DIR prints its address and serves."""

import os
import sys

os.environ["PROMETHEUS_MULTIPROC_DIR"] = sys.argv[1]

from wsgiref.simple_server import WSGIRequestHandler, make_server  # noqa: E402

from prometheus_client import CollectorRegistry, make_wsgi_app  # noqa: E402
from prometheus_client.multiprocess import MultiProcessCollector  # noqa: E402


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


registry = CollectorRegistry()
MultiProcessCollector(registry)
server = make_server("127.0.0.1", 0, make_wsgi_app(registry), handler_class=Quiet)
print("Metrics  http://127.0.0.1:%d/metrics" % server.server_port, flush=True)
server.serve_forever()
