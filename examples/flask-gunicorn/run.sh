#!/bin/sh
# Runs the service under Gunicorn, and tacho beside it, until Ctrl-C.
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

# A folder of its own, empty at the start: numbers of workers come again.
PROMETHEUS_MULTIPROC_DIR=$(mktemp -d)
export PROMETHEUS_MULTIPROC_DIR PYTHONDONTWRITEBYTECODE=1

"$python" -m gunicorn.app.wsgiapp app:app &
gunicorn=$!
"$tacho" multiproc --listen "${METRICS:-127.0.0.1:9200}" &
exporter=$!

# Gunicorn ends first, so that its last numbers can still be read.
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
