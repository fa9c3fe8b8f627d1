#!/bin/sh
# Runs the service under Gunicorn, and tacho next to it, until Ctrl-C.
#
#   examples/flask-gunicorn/run.sh
#   curl http://127.0.0.1:5000/first_route
#   curl http://127.0.0.1:9200/metrics
#
# It needs Flask, Gunicorn and prometheus_client for $PYTHON (on Debian: apt-get
# install python3-flask gunicorn python3-prometheus-client), and tacho in
# $TACHO (make build).
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-/usr/bin/python3}
tacho=${TACHO:-../../bin/tacho}

# A new, empty directory, because PIDs are reused.
PROMETHEUS_MULTIPROC_DIR=$(mktemp -d)
export PROMETHEUS_MULTIPROC_DIR PYTHONDONTWRITEBYTECODE=1

"$python" -m gunicorn.app.wsgiapp app:app &
gunicorn=$!
"$tacho" multiproc --listen "${METRICS:-127.0.0.1:9200}" &
exporter=$!

# Gunicorn stops first, so that its last values can still be read.
end() {
	trap - INT TERM EXIT
	kill "$gunicorn"
	wait "$gunicorn" || status=$?
	kill "$exporter"
	wait "$exporter" || status=$?
	rm -r "$PROMETHEUS_MULTIPROC_DIR"
	exit "${status:-0}"
}
trap end INT TERM EXIT
wait "$gunicorn"
