"""Reads python blocks of documentation pages as JSON, compiles each, and runs
those whose packages are installed, the blocks of a section in one go. Says on
standard output what it did; fails on the first block that is wrong."""

import importlib.util
import json
import os
import sys
import traceback

import flask

# What sections leave out, each line unless a section has the text.
FRAME = [
    ("app = ", "from flask import Flask, g, request"),
    ("app = ", "app = Flask(__name__)"),
]
EXPORTER_FRAME = [
    ("import PrometheusMetrics", "from prometheus_flask_exporter import PrometheusMetrics"),
    ("metrics = ", "metrics = PrometheusMetrics(app)"),
]
EXPORTER = "prometheus_flask_exporter"


def needs_exporter(text):
    return "metrics" in text or "PrometheusMetrics" in text


def framed(text):
    frame = FRAME + (EXPORTER_FRAME if needs_exporter(text) else [])
    return "\n".join(line for unless, line in frame if unless not in text) + "\n"


def run(page, blocks):
    """Runs a section's blocks in a process of their own."""
    flask.Flask.run = lambda *args, **kwargs: None  # nothing listens here
    names = {"__name__": "docs"}
    text = "".join(b["Text"] for b in blocks)
    exec(compile(framed(text), "frame", "exec"), names)
    for b in blocks:
        exec(compile("\n" * (b["Line"] - 1) + b["Text"], page, "exec"), names)


def main():
    sections = {}
    for b in json.load(sys.stdin):
        compile("\n" * (b["Line"] - 1) + b["Text"], b["Page"], "exec")
        sections.setdefault((b["Page"], b["Section"]), []).append(b)
    exporter = importlib.util.find_spec(EXPORTER) is not None
    ran, read = 0, 0
    for (page, section), blocks in sections.items():
        if needs_exporter("".join(b["Text"] for b in blocks)) and not exporter:
            read += len(blocks)
            continue
        pid = os.fork()
        if pid == 0:
            try:
                run(page, blocks)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        if os.waitpid(pid, 0)[1] != 0:
            sys.exit(f"{page}: the python blocks of the section {section!r} do not run")
        ran += len(blocks)
    print(f"{ran} were run, {read} only compiled")
    if read:
        print(f"{EXPORTER} is not installed: Debian has no package of it, so the blocks that use it were compiled and not run")


main()
