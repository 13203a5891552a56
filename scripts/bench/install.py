#!/usr/bin/env python3
"""How long an installation takes, and how long each controller is in its turn, over a repository with a limited rate.

    scripts/bench/install.py --lab FUEL-LAB --binary FUEL-UPDATES [--before OLD-FUEL-UPDATES]

3 controllers and 20 computes of the lab. Their apt, dpkg and services are stand-ins; what is real: the program, the graph and
its scripts, the order and the limits of Nailgun's tasks, and every transfer: each package list and each package is fetched
over HTTP from one server whose rate all nodes share. To unpack and configure packages is a pause.
"""

import argparse
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

NODES = 34  # a site of this size has 3 controllers and 21 computes; the rest is not selected
SELECTED = "1-23"
PACKAGES = {"controller": 6, "compute": 4}


class Link:
    """A server that sends zeros, at a rate that all connections share."""

    def __init__(self, rate):
        self.rate, self.free_at, self.lock, self.sent = rate, time.monotonic(), threading.Lock(), 0
        link = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                left = int(self.path.strip("/")) * 1024
                self.send_response(200)
                self.send_header("Content-Length", str(left))
                self.end_headers()
                while left > 0:
                    size = min(left, 256 * 1024)
                    link.wait(size)
                    self.wfile.write(bytes(size))
                    left -= size

            def log_message(self, *_):
                pass

        ThreadingHTTPServer.request_queue_size = 128
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def wait(self, size):
        with self.lock:
            self.free_at = max(self.free_at, time.monotonic()) + size / self.rate
            self.sent += size
            pause = self.free_at - time.monotonic()
        time.sleep(max(0, pause))


def seconds(text):
    return float(text.timestamp()) if hasattr(text, "timestamp") else time.mktime(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def run(binary, options):
    """One installation; returns its figures."""
    link = Link(options.rate * 1_000_000)
    lab = subprocess.Popen([options.lab, "serve", "--nodes", str(NODES)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        exports, environment = "", dict(os.environ)
        while "FUEL_UPDATES_STATE_DIR" not in exports:
            line = lab.stdout.readline()
            if not line:
                sys.exit("the lab does not start")
            exports += line
        environment.update(re.findall(r"^export (\w+)='(.*)'$", exports, re.M))
        trees = furnish(exports, link, options)
        if trees != NODES:
            sys.exit(f"{trees} node trees in place of {NODES}")
        with tempfile.TemporaryDirectory() as folder:
            environment["FUEL_UPDATES_STATE_DIR"] = folder
            began = time.monotonic()
            command = [binary, "-e", "1", "-q", "install", "--yes", "--nodes", SELECTED, "-f", "json"]
            done = subprocess.run(command, env=environment, capture_output=True, text=True)
            took = time.monotonic() - began
            if done.returncode not in (0, 3):
                sys.exit(f"the installation ends with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
            task = json.loads(done.stdout)["task"]["id"]
            history = subprocess.run([binary, "-e", "1", "-q", "history", str(task), "-f", "json"], env=environment, capture_output=True, text=True)
        return figures(json.loads(history.stdout)["tasks"], took, link.sent)
    finally:
        lab.send_signal(signal.SIGTERM)
        lab.wait()


def furnish(exports, link, options):
    """Gives every node its packages, their sizes and the link; returns how many nodes there are."""
    paths = re.findall(r"'(/[^']*)'", exports)
    tops = {parent for path in paths for parent in pathlib.Path(path).parents if (parent / "nodes").is_dir()}
    count = 0
    for top in tops:
        for marker in top.glob("nodes/*/.lab"):
            number = int((re.search(r"\d+$", marker.parent.name) or ["0"])[0])
            if number == 0:
                continue  # the master's tree
            count += 1
            role = "controller" if number <= 3 else "compute"
            size, pause = (options.controller_mb, options.controller_s) if role == "controller" else (options.compute_mb, options.compute_s)
            names = [f"mos-{role}-{index}" for index in range(PACKAGES[role])]
            (marker / "kilobytes").write_text(f"lists {options.lists_kb}\n" + "".join(f"{n} {size * 1000 // len(names)}\n" for n in names))
            for file, version in (("installed", 1), ("repo", 2)):
                with (marker / file).open("a") as book:
                    book.writelines(f"{name} {version}\n" for name in names)
            (marker / "link").write_text(link.url + "\n")
            (marker / "faults").mkdir(exist_ok=True)
            (marker / "faults/slow").write_text(f"{pause}\n")
    return count


def figures(tasks, took, sent):
    spans = {}
    for task in tasks:
        if task.get("began") and task.get("ended"):
            spans.setdefault(task["task"], []).append((seconds(task["began"]), seconds(task["ended"])))
    turns = spans.get("mu_update_first", []) + spans.get("mu_update_controllers", [])
    computes = spans.get("mu_update_canary", []) + spans.get("mu_update_computes", [])
    first = min(begin for begin, _ in spans["mu_backup"])
    length = lambda all_of: max(end for _, end in all_of) - min(begin for begin, _ in all_of)
    return {
        "whole installation, s": took,
        "from the first change to the end, s": max(end for all_of in spans.values() for _, end in all_of) - first,
        "all controllers in their turns, s": length(turns),
        "one controller in its turn (mean), s": sum(end - begin for begin, end in turns) / len(turns),
        "all computes in their turns, s": length(computes),
        "fetched, MB": sent / 1_000_000,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lab", required=True)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--before", help="an earlier build, measured at the same time in a lab of its own")
    parser.add_argument("--rate", type=float, default=12.5, help="MB per second that all nodes share [12.5]")
    parser.add_argument("--controller-mb", type=int, default=120)
    parser.add_argument("--compute-mb", type=int, default=70)
    parser.add_argument("--lists-kb", type=int, default=1500)
    parser.add_argument("--controller-s", type=int, default=40, help="to unpack and configure the packages of a controller")
    parser.add_argument("--compute-s", type=int, default=20)
    options = parser.parse_args()
    binaries = {"after": options.binary} | ({"before": options.before} if options.before else {})
    found = {}
    threads = [threading.Thread(target=lambda n=name, b=binary: found.update({n: run(b, options)})) for name, binary in binaries.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(found) < len(binaries):
        sys.exit(1)
    columns = [name for name in ("before", "after") if name in found]
    print("| |", " | ".join(columns), "|\n|---|" + "---|" * len(columns))
    for name in found["after"]:
        print(f"| {name} |", " | ".join(f"{found[column][name]:.0f}" for column in columns), "|")


if __name__ == "__main__":
    main()
