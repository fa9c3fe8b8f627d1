"""Prints what the hook adds to a request, in microseconds: bench.py CONFIGURATION ROUNDS"""

import io
import os
import statistics
import sys
import tempfile
import time

os.environ["TACHO_GUNICORN_DIR"] = tempfile.mkdtemp()
hook = {}
with open(sys.argv[1]) as file:
    exec(compile(file.read(), sys.argv[1], "exec"), hook)

from flask import Flask  # noqa: E402

app = Flask(__name__)
app.get("/users/<int:user_id>")(lambda user_id: "user")


def seconds(application, requests):
    begin = time.perf_counter()
    for i in range(requests):
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": "/users/7", "SCRIPT_NAME": "", "QUERY_STRING": "", "SERVER_NAME": "a",
            "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
            "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": True, "wsgi.run_once": False,
        }
        response = application(environ, lambda status, headers, exc_info=None: None)
        for _ in response:
            pass
        if hasattr(response, "close"):
            response.close()
    return (time.perf_counter() - begin) / requests


measured = hook["Measured"](app, hook["Metrics"](os.environ["TACHO_GUNICORN_DIR"]))
plain, hooked = [], []
for _ in range(int(sys.argv[2])):  # in turn
    plain.append(seconds(app, 300))
    hooked.append(seconds(measured, 300))
print(statistics.median(plain) * 1e6, statistics.median(hooked) * 1e6)
