"""Measures a WSGI service under Gunicorn, without a change to the service.

Written by: tacho gunicorn{{flags}}

    gunicorn -c gunicorn.conf.py app:app
    tacho serve --gunicorn {{dir}}

Every worker counts in files of its own in DIRECTORY, which tacho reads. The files are mapped memory,
so that a killed worker loses nothing; a new worker goes on counting in them. Nothing here opens a
socket, waits, or makes a request fail. It needs Python 3.7 or later and its standard library only.
Gunicorn's ASGI workers (Uvicorn) are not measured.
"""

import bisect
import errno
import fcntl
import glob
import importlib
import json
import mmap
import os
import stat
import struct
import sys
import threading
import time

# A directory for this service alone. Its files belong to the workers' user.
DIRECTORY = os.environ.get("TACHO_GUNICORN_DIR", {{quoted}})

# Your own configuration: its settings and hooks stay in effect. It has a namespace of its own.
INCLUDE = {{include}}
_own = {"__name__": __name__, "__file__": INCLUDE}
if INCLUDE:
    with open(INCLUDE, "rb") as _file:
        exec(compile(_file.read(), INCLUDE, "exec"), _own)

# Upper bounds of the latency in seconds.
BOUNDS = {{bounds}}

# Label sets of a metric. Further ones are counted with the path __overflow__.
LIMIT = 2000

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"}
REQUESTS = ("http_requests", {{requests_help}})
DURATION = ("http_request_duration_seconds", {{duration_help}})
PANICS = ("http_request_panics", {{panics_help}})
IN_FLIGHT = ("http_requests_in_flight", {{in_flight_help}})
LOST = ("gunicorn_requests_lost", "Requests in progress in workers that died: their clients got no complete response.")


# A worker counts in the files of the lowest number that no living worker has, up to this one.
NUMBERS = 1000

# No PID is written with a zero in front, as in the files of Python's prometheus_client.
NAME = "%s_%05d.db"

# Errors of a file that has another owner, or of something else with its name: the next number may do.
ELSEWHERE = {errno.EAGAIN, errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.ENXIO}


class File:
    """A file in the format of Python's prometheus_client: a header, and then entries of a key and a
    value. All of its values are 64-bit floats at multiples of eight bytes, written at once. Its
    process has it locked, until the kernel releases the lock of a dead one."""

    FIRST = 64 * 1024

    def __init__(self):
        self.file, self.map, self.used, self.retry = None, None, 8, 0.0
        self.values = None  # the map as floats
        self.entries = {}  # the values that a dead worker has left: their indexes, by key

    def take(self, name, owner):
        """Opens a file that no living process has, with what a dead one has counted in it."""
        self.file = os.open(name, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
        fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        found = os.fstat(self.file)
        if not stat.S_ISREG(found.st_mode) or found.st_uid not in (os.geteuid(), owner and owner[0]):
            raise PermissionError(errno.EPERM, "not a file of this user", name)
        if owner and found.st_uid == 0:
            os.fchown(self.file, *owner)  # the workers' user must be able to read and merge it
        self.load(name, found.st_size)
        self.extend(max(found.st_size, self.FIRST))
        if self.used == 0:
            self.begin()
        # A reader that merges the files of dead workers renames a file, and then checks that no process
        # has it mapped. One of the two finds the other.
        if not self.is_at(name):
            raise BlockingIOError(errno.EAGAIN, "renamed", name)

    def is_at(self, name):
        found = os.fstat(self.file)
        try:
            return found.st_nlink == 1 and os.path.samestat(found, os.lstat(name))
        except FileNotFoundError:
            return False

    def is_there(self):
        """Reports whether the file has a name. A reader that merges files may have changed it."""
        try:
            return os.fstat(self.file).st_nlink > 0
        except OSError:  # the application has closed every file that it did not know
            self.file = None
            return False

    def load(self, name, size):
        """Finds the entries. A file that is damaged, or not ours, is left as it is."""
        self.used, self.entries = 0, {}
        if size == 0:
            return
        try:
            with mmap.mmap(self.file, size, access=mmap.ACCESS_READ) as data:
                self.used, = struct.unpack_from("i", data)
                if self.used != 0:
                    self.entries = dict(entries_of(data, self.used))
        except (ValueError, struct.error):
            raise PermissionError(errno.EPERM, "a damaged file", name) from None

    def begin(self):
        # A number that tells it from a merged file of this name. Python's client leaves it zero.
        self.map[4:8] = struct.pack("I", 1 + int.from_bytes(os.urandom(4), "little") % 0xffffffff)
        self.used = 8
        struct.pack_into("i", self.map, 0, self.used)

    def add(self, key):
        """Returns the index of a new entry's value, or None if there is no space on the disk."""
        entry = struct.pack("i", len(key)) + key
        entry += b" " * (8 - len(entry) % 8)
        if not self.reserve(self.used + len(entry) + 8):
            return None
        position = self.used + len(entry)
        self.map[self.used:position] = entry
        struct.pack_into("d", self.map, position, 0.0)
        self.used = position + 8
        struct.pack_into("i", self.map, 0, self.used)  # last: a reader finds complete entries only
        return position // 8

    def reserve(self, size):
        if size <= len(self.map):
            return True
        if time.monotonic() < self.retry:
            return False
        length = len(self.map)
        while length < size:
            length *= 2
        try:
            self.extend(length)
            return True
        except (OSError, ValueError):  # a full disk
            self.retry = time.monotonic() + 10
            return False

    def extend(self, length):
        # Mapped memory without a block on the disk would be SIGBUS.
        os.posix_fallocate(self.file, 0, length)
        self.map = mmap.mmap(self.file, length)
        self.values = memoryview(self.map)[:length // 8 * 8].cast("d")

    def release(self):
        """Closes the file. Its lock ends with the last process that has it open."""
        self.values = self.map = None
        if self.file is not None:
            os.close(self.file)
            self.file = None


def entries_of(data, used):
    """Yields the keys of a file, and the indexes of their values."""
    if not 8 <= used <= len(data):
        raise ValueError("no header")
    position = 8
    while position < used:
        length, = struct.unpack_from("i", data, position)
        key = data[position + 4:position + 4 + length] if length > 0 else b""
        position += 4 + length + 8 - (4 + length) % 8
        if key[:1] != b"[" or key[-1:] != b"]" or position + 8 > used:
            raise ValueError("no entry")
        yield key, position // 8
        position += 8


KINDS = ("counter", "histogram", "gauge_livesum")


class Metrics:
    """What one worker counts. It goes on in the files of a dead worker, so that there are never more
    files than workers were alive at once, however many have died."""

    def __init__(self, directory, owner=None, kinds=KINDS):
        self.directory, self.owner = directory, owner
        self.lock = threading.Lock()
        self.files = {kind: File() for kind in kinds}
        self.number, self.retry, self.problem = None, 0.0, None
        self.now = self.look = 0.0  # when the last request began, and when to look again at the files
        self.waiting = False  # values are in memory only
        self.cells = {}  # a value and its place, by kind and key
        self.counted = {}  # the cells of a request, by its labels; None for those of a dead worker
        self.in_flight = self.cell("gauge_livesum", IN_FLIGHT[0], IN_FLIGHT[0], {}, IN_FLIGHT[1])
        self.lost = self.cell("counter", LOST[0], LOST[0] + "_total", {}, LOST[1])

    def take(self):
        """Takes the files of the lowest free number. It returns False if there is no space for them."""
        if time.monotonic() < self.retry:
            return False
        try:
            try:
                self.take_free()
            except FileNotFoundError:  # somebody has removed the directory
                make_directory(os.geteuid(), os.getegid())
                self.take_free()
            return True
        except (OSError, ValueError) as problem:  # a full disk, or a directory that is gone
            self.retry, self.problem = time.monotonic() + 10, problem
            return False

    def take_free(self):
        for number in range(1, NUMBERS + 1):
            try:
                return self.open(number)
            except OSError as problem:
                if problem.errno not in ELSEWHERE or number == NUMBERS:
                    raise

    def open(self, number):
        try:
            for kind, file in self.files.items():
                file.take(os.path.join(self.directory, NAME % (kind, number)), self.owner)
        except BaseException:
            self.close()
            raise
        self.number = number
        self.end_in_flight()
        self.learn()

    def look_again(self):
        """Starts new files if somebody has removed the present ones, and writes what is in memory only."""
        self.look = self.now + 10
        if self.number is not None and not all([file.is_there() for file in self.files.values()]):
            self.forget()
        if self.waiting:
            self.write_waiting()

    def write_waiting(self):
        """Writes the values that are in memory only, as far as there is space now."""
        self.retry = 0.0
        if self.number is None and not self.take():
            return
        self.waiting = False
        for file in self.files.values():
            file.retry = 0.0
        for cell in self.cells.values():
            if cell[1] is None and cell[2].retry == 0.0:
                self.change(cell, 0)

    def forget(self):
        """Leaves removed files. The next ones have what is counted from now on: a reader still has the rest."""
        for cell in self.cells.values():
            if cell[1] is None:  # never written
                continue
            if cell is self.in_flight:
                cell[2].values[cell[1]] = 0.0  # this worker's, which are not lost
            else:
                cell[0] = 0.0
            cell[1] = None
        self.number, self.waiting = None, True
        self.close()

    def close(self):
        for file in self.files.values():
            file.release()

    def leave(self):
        """Ends the use of the files in a child of the worker, which would keep them locked."""
        self.lock, self.number = threading.Lock(), None
        self.retry = self.look = float("inf")
        self.close()

    def end_in_flight(self):
        """Counts the requests in progress of a dead worker as lost. First their end: a process that is
        killed in between counts none twice."""
        file = self.files["gauge_livesum"]
        lost = sum(file.values[at] for at in file.entries.values())
        for at in file.entries.values():
            file.values[at] = 0.0
        if lost > 0:
            self.change(self.lost, lost)

    def learn(self):
        """Notes the label sets of a dead worker: they count towards LIMIT."""
        begin = json.dumps([REQUESTS[0]])[:-1].encode() + b","
        for key in self.files["counter"].entries:
            if key.startswith(begin):
                quietly(lambda: self.learn_labels(json.loads(key.decode())[2]))

    def learn_labels(self, labels):
        self.counted.setdefault(tuple(labels.get(name) for name in ("method", "path", "status")))

    def cell(self, kind, metric, sample, labels, text):
        key = json.dumps([metric, sample, labels, text], sort_keys=True).encode()
        return self.cells.setdefault((kind, key), [0.0, None, self.files[kind], key])

    def change(self, cell, amount):
        """Changes a value. Without space on the disk it is kept in memory, and written later."""
        cell[0] += amount
        if cell[1] is None:
            self.place(cell)
        if cell[1] is not None:
            cell[2].values[cell[1]] = cell[0]
        else:
            self.waiting = True

    def place(self, cell):
        """Finds the place of a value in its file, and adds what a dead worker has counted there."""
        if self.number is None and not self.take():
            return
        if cell[1] is not None:  # placed meanwhile, by end_in_flight
            return
        found = cell[2].entries.get(cell[3])
        if found is None:
            cell[1] = cell[2].add(cell[3])
        else:
            cell[0], cell[1] = cell[0] + cell[2].values[found], found

    def start(self):
        """Exports what has no labels, at zero."""
        with self.lock:
            self.change(self.in_flight, 0)
            self.change(self.lost, 0)

    def begin(self):
        with self.lock:
            if self.now > self.look:
                self.look_again()
            self.change(self.in_flight, 1)

    def idle(self):
        """Writes what is in memory only, without a request."""
        with self.lock:
            self.now = time.perf_counter()
            if self.now > self.look:
                self.look_again()

    def end(self, method, path, status, seconds, failed):
        with self.lock:
            self.change(self.in_flight, -1)
            requests, total, buckets, panics = self.of(method, path, status)
            self.change(requests, 1)
            self.change(total, seconds)
            self.change(buckets[bisect.bisect_left(BOUNDS, seconds)], 1)
            if failed:
                self.change(panics, 1)

    def of(self, method, path, status):
        found = self.counted.get((method, path, status))
        if found is None and len(self.counted) >= LIMIT and (method, path, status) not in self.counted:
            path = "__overflow__"
            found = self.counted.get((method, path, status))
        if found is None:
            found = self.counted[method, path, status] = self.make(method, path, status)
        return found

    def make(self, method, path, status):
        labels = {"method": method, "path": path, "status": status}
        name, text = DURATION
        buckets = [self.cell("histogram", name, name + "_bucket", dict(labels, le=le), text)
                   for le in [repr(float(b)) for b in BOUNDS] + ["+Inf"]]
        for bucket in buckets:
            self.change(bucket, 0)
        return (
            self.cell("counter", REQUESTS[0], REQUESTS[0] + "_total", labels, REQUESTS[1]),
            self.cell("histogram", name, name + "_sum", labels, text),
            buckets,
            self.cell("counter", PANICS[0], PANICS[0] + "_total", {"method": method, "path": path}, PANICS[1]),
        )


def route_of(environ, mounted):
    """Returns the route that the framework has found. Flask forgets it after the call, so this is
    called when the response starts."""
    found = environ.get("tacho.route")  # an application may set it
    if found:
        return str(found)
    request = environ.get("werkzeug.request")  # Flask
    if request is not None and hasattr(request, "url_rule"):
        return flask_route(request, environ, mounted)
    if "tacho.django" in environ:
        match = environ["tacho.django"]
        return prefix(environ, mounted) + "/" + match.route if match else "unmatched"
    bottle = environ.get("bottle.route")
    if bottle is not None:
        return prefix(environ, mounted) + bottle.rule
    return "unmatched" if "bottle.app" in environ else "unknown"


def flask_route(request, environ, mounted):
    return prefix(environ, mounted) + request.url_rule.rule if request.url_rule else "unmatched"


def flask_request(trace):
    """Returns the request that an exception has ended in Flask, or None. Flask has forgotten it by now,
    but its frame, in which ctx is the context of the request, has not."""
    while trace is not None:
        request = getattr(trace.tb_frame.f_locals.get("ctx"), "request", None)
        if hasattr(request, "url_rule"):
            return request
        trace = trace.tb_next
    return None


def prefix(environ, mounted):
    """Returns the path at which a dispatcher within the service has mounted the application."""
    now = environ.get("SCRIPT_NAME", "")
    return now[len(mounted):] if now.startswith(mounted) else ""


class Measured:
    """The application of a worker, measured."""

    def __init__(self, app, metrics):
        self.app, self.metrics = app, metrics

    def __getattr__(self, name):
        return getattr(self.app, name)

    def __call__(self, environ, start_response):
        call = Call(self.metrics, environ, start_response)

        def started(status, headers, exc_info=None):
            # First the server, which may refuse it. Its headers may be an iterator: the server needs them.
            if exc_info is None:
                write = start_response(status, headers)
            else:
                write = start_response(status, headers, exc_info)
            call.started(status, headers)
            return write

        try:
            response = self.app(environ, started)
        except StopIteration:  # how an application under Gunicorn ends a WebSocket
            call.end()
            raise
        except BaseException:
            call.raised()
            raise
        return call.watch(response)


class Call:
    """One request. No method raises an exception of its own."""

    def __init__(self, metrics, environ, start_response):
        self.metrics, self.environ, self.mounted = metrics, environ, environ.get("SCRIPT_NAME", "")
        self.start_response = start_response
        self.status, self.route, self.over = None, "unknown", False
        self.failed = None  # the status that the server sends for an exception of the application
        self.stream, self.first, self.left = False, None, None
        self.begin = metrics.now = time.perf_counter()
        quietly(metrics.begin)

    def started(self, status, headers):
        try:
            self.status = str(int(status[:3]))
            self.route = route_of(self.environ, self.mounted)
            for name, value in headers if isinstance(headers, (list, tuple)) else ():
                name = name.lower()
                if name == "content-type":
                    self.stream = value.startswith("text/event-stream")
                elif name == "content-length":
                    self.left = int(value)
        except Exception:  # the server reports a bad status or header
            pass

    def passed(self, item):
        """Notes a piece of the body. The last one of a known length ends the request, before it is
        sent: a worker that is killed afterwards has counted what its client got."""
        if self.stream and self.first is None:
            self.first = time.perf_counter()  # the latency of a stream is that of its first byte
        if self.left is not None:
            try:
                self.left -= len(item)
            except TypeError:  # not bytes: the server reports it
                return
            if self.left <= 0:
                self.end()

    def raised(self):
        """Notes an exception of the application that ends the request."""
        self.broke()
        self.end()

    def broke(self):
        """Notes an exception of the application. If no header is sent yet, the server responds with an
        error, whatever status the application has chosen."""
        self.failed = "500"
        quietly(self.find_error)
        if self.status is None:
            quietly(self.find_route)
        elif not self.sent():
            self.status = None

    def sent(self):
        """Reports whether the server has sent the headers. Only Gunicorn's own can tell."""
        try:
            return self.start_response.__self__.headers_sent
        except AttributeError:
            return True

    def find_error(self):
        """Finds the status of an exception that Gunicorn takes for the client's: a header of the response
        that is not valid, and an error of TLS."""
        problem = type(sys.exc_info()[1])
        if problem.__module__ == "gunicorn.http.errors":
            self.failed = "400"
        elif "ssl" in sys.modules and issubclass(problem, sys.modules["ssl"].SSLError):
            self.failed = "403"

    def find_route(self):
        """Finds the route of a request without a response."""
        self.route = route_of(self.environ, self.mounted)
        if self.route == "unknown":
            request = flask_request(sys.exc_info()[2])
            if request is not None:
                self.route = flask_route(request, self.environ, self.mounted)

    def end(self):
        if not self.over:
            self.over = True
            quietly(self.record)
            self.start_response = None  # it refers to the server's response

    def record(self):
        status = self.status or self.failed or "101"
        method = self.environ.get("REQUEST_METHOD", "")
        seconds = (self.first or time.perf_counter()) - self.begin
        if self.status is None and self.failed is None:
            # The application has used the connection by itself, as for a WebSocket. The time of its
            # response is not known, and the life of the connection is no latency.
            quietly(self.find_route)
            seconds = 0.0
        failed = self.failed is not None or "tacho.failed" in self.environ
        self.metrics.end(method if method in METHODS else "OTHER", self.route, status, seconds, failed)

    def watch(self, response):
        """Returns what Gunicorn sends. A list is complete. A file keeps its type, which Gunicorn sends
        by sendfile. Everything else ends with its close."""
        if isinstance(response, (list, tuple)):
            self.end()
            return response
        if not hasattr(response, "__iter__") and not hasattr(response, "__getitem__"):
            # Gunicorn's ALREADY_HANDLED, which it compares, or a mistake.
            if self.status is None:
                self.end()
            else:
                self.raised()
            return response
        wrapper = self.environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(response, wrapper):
            close = getattr(response, "close", None)

            def closed():
                self.end()
                if close is not None:
                    close()
            response.close = closed
            if hasattr(response, "filelike"):
                response.filelike = Read(response.filelike, self)
            return response
        return Watched(response, self)


class Watched:
    """The body of a response, until it is closed."""

    def __init__(self, response, call):
        self.response, self.call = response, call
        self.items = None

    def __iter__(self):
        try:
            self.items = iter(self.response)
        except BaseException:
            self.call.broke()
            raise
        return self

    def __next__(self):
        if self.items is None:
            iter(self)
        try:
            item = next(self.items)
        except StopIteration:
            self.call.end()  # the client has all of it, even if the worker dies before close
            raise
        except BaseException:
            self.call.broke()
            raise
        self.call.passed(item)
        return item

    def close(self):
        try:
            close = getattr(self.response, "close", None)
            if close is not None:
                close()
        finally:
            self.call.end()


class Read:
    """The file of a response, which Gunicorn reads if it cannot send it by sendfile."""

    def __init__(self, file, call):
        self.file, self.call = file, call

    def __getattr__(self, name):
        return getattr(self.file, name)

    def read(self, *size):
        try:
            return self.file.read(*size)
        except BaseException:
            self.call.broke()
            raise


def quietly(function):
    try:
        function()
    except Exception:  # never the user's request
        pass


def watch_frameworks():
    """Lets Flask and Django report what they do not put into the environment: Django its route, and
    both the exceptions that they turn into a response."""
    if "django.core.handlers.wsgi" in sys.modules:
        handler = sys.modules["django.core.handlers.wsgi"].WSGIHandler
        handler.get_response = django_response(handler.get_response)
        from django.core.signals import got_request_exception
        got_request_exception.connect(django_failed, weak=False)
    if "flask" in sys.modules:
        flask = sys.modules["flask"]
        flask.Flask.handle_exception = flask_exception(flask.Flask.handle_exception, flask)


def django_response(original):
    def get_response(self, request):
        try:
            return original(self, request)
        finally:
            # Not the request: it refers to the environment, and would only be freed by the garbage collector.
            request.environ["tacho.django"] = getattr(request, "resolver_match", None)
    return get_response


def django_failed(request=None, **_):
    if request is not None:
        request.environ["tacho.failed"] = True


def flask_exception(original, flask):
    """Flask's signal would do, but before Flask 2.3 it needs another package."""
    def handle_exception(*args, **more):
        quietly(lambda: flask.request.environ.update({"tacho.failed": True}))
        return original(*args, **more)
    return handle_exception


def own_hook(name, *args):
    hook = _own.get(name)
    if isinstance(hook, str):  # as Gunicorn allows
        module, _, attribute = hook.rpartition(".")
        hook = getattr(importlib.import_module(module), attribute)
    if hook:
        hook(*args)


def on_starting(server):
    own_hook("on_starting", server)
    quietly(lambda: check_class(server))
    try:
        make_directory(server.cfg.uid, server.cfg.gid)
    except OSError as problem:
        server.log.warning("tacho: requests are not measured: %s", problem)


def make_directory(uid, gid):
    """Makes the directory for the workers' user. One that somebody else has made, as in /tmp, is not used."""
    os.makedirs(DIRECTORY, mode=0o750, exist_ok=True)
    found = os.lstat(DIRECTORY)
    if os.geteuid() == 0 and found.st_uid == 0 and uid != 0:
        os.chown(DIRECTORY, uid, gid)
    elif found.st_uid not in (uid, os.geteuid()) or not stat.S_ISDIR(found.st_mode):
        raise OSError("%s belongs to another user: set TACHO_GUNICORN_DIR to a directory of this service" % DIRECTORY)


# Gunicorn's workers that serve WSGI. Another one may not take a wrapped application.
WSGI = {"gunicorn.workers." + name for name in ("sync", "gthread", "ggevent", "geventlet", "base_async")}


def serves_wsgi(worker_class):
    return any(c.__module__ in WSGI for c in worker_class.__mro__)


def check_class(server):
    if not serves_wsgi(server.worker_class):
        server.log.warning(
            "tacho: the requests of this service are not measured, because %s does not serve WSGI. To measure them, put "
            "tacho proxy in front of the service, or send its metrics by OpenTelemetry to tacho serve --receive.",
            server.worker_class.__name__)


def on_reload(server):
    own_hook("on_reload", server)
    quietly(lambda: check_class(server))


def post_worker_init(worker):
    own_hook("post_worker_init", worker)
    try:
        if not serves_wsgi(type(worker)):
            return
        quietly(watch_frameworks)
        metrics = Metrics(DIRECTORY)
        metrics.start()
        if metrics.number is None:
            worker.log.warning("tacho: requests are counted in memory until there are files for them: %s", metrics.problem)
        os.register_at_fork(after_in_child=metrics.leave)
        worker.wsgi = Measured(worker.wsgi, metrics)
        worker.notify = notified(worker.notify, metrics)
    except Exception as problem:
        worker.log.warning("tacho: requests are not measured: %s", problem)


def notified(notify, metrics):
    """Returns a worker's heartbeat that also writes what a full disk has kept in memory."""
    def beat():
        if metrics.waiting:
            quietly(metrics.idle)
        notify()
    return beat


def child_exit(server, worker):
    try:
        own_hook("child_exit", server, worker)
    finally:
        for name in glob.glob(os.path.join(glob.escape(DIRECTORY), "gauge_livesum_0*.db")):
            quietly(lambda: end_dead(name, server.cfg))


def end_dead(name, cfg):
    """Ends the requests in progress of a worker that is dead: its file is not locked."""
    if in_flight(name) > 0:
        # The gauge first: if a living worker has it locked, no other file is made.
        metrics = Metrics(DIRECTORY, (cfg.uid, cfg.gid), ("gauge_livesum", "counter"))
        metrics.open(int(name[:-3].rpartition("_")[2]))
        metrics.close()


def in_flight(name):
    """Returns the sum of a file's values. The master must not wait for a pipe of that name."""
    with open(os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return 0.0
        data = file.read(File.FIRST)
    if len(data) < 8:
        return 0.0
    used, = struct.unpack_from("i", data)
    return sum(struct.unpack_from("d", data, 8 * at)[0] for _, at in entries_of(data, used))


# Last: a name of the included file replaces none of this one.
for _name, _value in _own.items():
    globals().setdefault(_name, _value)
