#!/usr/bin/env python3
"""Measures `check drift` with many nodes and many packages: peak memory, time from the last answer to the report, CPU of a node.

    scripts/bench/drift.py --binary target/x86_64-unknown-linux-gnu/release/fuel-updates [--nodes 200] [--packages 1500]

Real sshd on loopback; each node has a package database and package lists of its own in which dpkg's and apt's real programs
read; every package is in a repository, and those of every 20th node are behind. The time is that between
the last answer of a node and the end of the report, both as they leave our process."""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True

from servers import Servers

ROOT = pathlib.Path(__file__).parent.parent.parent


def status(packages, node):
    """A package database; every 20th node has other versions of 40 packages."""
    lines = []
    for number in range(packages):
        version = "2:13.1.1-7~u14.04+mos20" if node % 20 or number >= 40 else "2:13.1.0-1~u14.04+mos1"
        lines.append(
            f"Package: python-some-package-{number}\nStatus: install ok installed\nArchitecture: all\nVersion: {version}\n"
            f"Maintainer: somebody\nDescription: package {number}\n\n"
        )
    lines.append("Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\nMaintainer: x\nDescription: x\n\n")
    return "".join(lines)


def lists(packages):
    """The index of a repository that has all packages, the old versions of some too."""
    versions = [("2:13.1.1-7~u14.04+mos20", packages), ("2:13.1.0-1~u14.04+mos1", min(40, packages))]
    names = [(f"python-some-package-{number}", "all", version) for version, count in versions for number in range(count)]
    return "".join(
        f"Package: {name}\nArchitecture: {architecture}\nVersion: {version}\nFilename: pool/{name}_{version}.deb\nSize: 1\n"
        f"SHA256: {'0' * 64}\nDescription: package\n\n"
        for name, architecture, version in [*names, ("dpkg", "amd64", "1")]
    )


def fill(tree, packages, node):
    for folder in ("var/lib/dpkg/info", "var/lib/dpkg/updates", "etc/apt/sources.list.d", "var/lib/apt/lists/partial", "usr/share"):
        (tree / folder).mkdir(parents=True, exist_ok=True)
    (tree / "var/lib/dpkg/status").write_text(status(packages, node))
    (tree / "etc/timezone").write_text("Etc/UTC\n")
    # apt looks for dpkg's table of architectures below its root.
    (tree / "usr/share/dpkg").symlink_to("/usr/share/dpkg")
    (tree / "etc/apt/sources.list").write_text("deb [trusted=yes] http://mirror.invalid/mos mos9.0-updates main\n")
    index = tree / "var/lib/apt/lists/mirror.invalid_mos_dists_mos9.0-updates"
    index.with_name(index.name + "_Release").write_text("Origin: MOS\nSuite: mos9.0-updates\nCodename: mos9.0-updates\n")
    index.with_name(index.name + "_main_binary-amd64_Packages").write_text(lists(packages))


def run(binary, inventory, state, options):
    """One check: seconds in all, seconds from the last answer to the end of the report, peak memory in MB."""
    command = [str(binary), "-e", "1", "--inventory", str(inventory), "check", "drift", "--node-timeout", "600", *options]
    command += ["--progress", "none", "--events", "/dev/stderr"]
    began = time.monotonic()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "FUEL_UPDATES_STATE_DIR": str(state)}
    )
    last = [began]

    def progress():
        for line in process.stderr:
            if b'"event":"answered"' in line:
                last[0] = time.monotonic()

    reader = threading.Thread(target=progress)
    reader.start()
    report = process.stdout.read()
    ended = time.monotonic()
    reader.join()
    _, code, usage = os.wait4(process.pid, 0)
    return ended - began, ended - last[0], usage.ru_maxrss / 1024, os.waitstatus_to_exitcode(code), report


def node_cpu(tree, rounds):
    """CPU seconds of one answer on a node."""
    sources = ["domain/prelude.sh", "domain/probe.sh", "../graphs/mu/scripts/lists.sh", "domain/drift/sh/node.sh", "domain/drift/sh/end.sh"]
    text = "".join((ROOT / "src" / name).read_text() for name in sources)
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    text = text.replace("@WORD@", "w0123456789abcdef").replace("@PROGRAMS@", "od grep flock awk sed md5sum")
    before = os.times()
    for _ in range(rounds):
        subprocess.run(["sh", "-c", text], env={**os.environ, "FUEL_MU_ROOT": str(tree)}, stdout=subprocess.PIPE, check=True)
    after = os.times()
    return (after.children_user + after.children_system - before.children_user - before.children_system) / rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=ROOT / "target/x86_64-unknown-linux-gnu/release/fuel-updates")
    parser.add_argument("--nodes", type=int, default=200)
    parser.add_argument("--packages", type=int, default=1500)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        servers = Servers(folder / "site", given.nodes)
        for node in range(1, given.nodes + 1):
            fill(folder / "site" / f"node-{node}", given.packages, node)
        nodes = [
            {"id": n, "name": f"node-{n}", "address": address, "port": servers.port, "roles": ["controller" if n < 4 else "compute"],
             "key": str(servers.keys["ed25519"])}
            for n, address in enumerate(servers.addresses, 1)
        ]
        inventory = folder / "inventory.json"
        inventory.write_text(json.dumps({"schema": "fuel-updates-inventory/1", "env": 1, "nodes": nodes}))
        print(f"node CPU: {node_cpu(folder / 'site' / 'node-1', 5):.3f} s an answer of {given.packages} packages")
        for name, options in [
            ("report", []),
            ("json", ["-f", "json"]),
            ("page and snapshot", ["--html", str(folder / "x.html"), "--save", str(folder / "x.json")]),
        ]:
            found = [run(given.binary, inventory, folder / "state", options) for _ in range(given.rounds)]
            whole, summary, memory = (statistics.median(column) for column in list(zip(*found))[:3])
            codes = sorted({code for *_, code, _ in found})
            print(f"{name}: {whole:.1f} s in all, {summary:.3f} s after the last answer, peak {memory:.1f} MB, exit {codes}")
        print(found[-1][4].decode().splitlines()[0])
        for file in ("x.html", "x.json"):
            print(f"{file}: {(folder / file).stat().st_size / 1e6:.2f} MB")
        servers.stop()


main()
