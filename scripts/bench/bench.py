#!/usr/bin/env python3
"""Compares `fuel-updates check installed` with other ways to ask many nodes over SSH. See README.md."""

import argparse
import json
import os
import pathlib
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

import bad_nodes
from clients import BEFORE, OURS, Clients
from processes import tree
from servers import TITLE, Servers

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parent.parent
READ = "cat $FUEL_MU_ROOT/etc/fuel/mu-version.json"

# What stands in the frame of our probe; a random word in the field.
WORD = "w0123456789abcdef"


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default=ROOT / "target/x86_64-unknown-linux-gnu/release/fuel-updates")
    parser.add_argument("--before", type=pathlib.Path, help="an earlier build of ours, measured in the same rounds")
    parser.add_argument("--nodes", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rounds-1000", type=int, default=1, help="rounds from 1000 nodes on (minutes each)")
    parser.add_argument("--keys", nargs="+", default=["ed25519", "rsa-2048"])
    parser.add_argument("--same-command", action="store_true", help="the others run our whole probe, not `cat FILE`")
    parser.add_argument("--no-install", action="store_true", help="leave out what is not installed")
    parser.add_argument("--only", choices=["speed", "bad-nodes", "rsa-wait"], help="one part only")
    parser.add_argument("--json", type=pathlib.Path, help="write every single measurement there")
    return parser.parse_args()


def probe():
    """The command that our program runs on a node."""
    text = "".join((ROOT / "src/domain" / name).read_text() for name in ("prelude.sh", "probe.sh", "probe_print.sh"))
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    return code.replace("@WORD@", WORD).replace("@PROGRAMS@", "od grep flock")


def memory(root):
    """Memory of all descendants of a process in kB, what they share counted once."""
    total = 0
    for process in tree(root):
        try:
            with open(f"/proc/{process}/smaps_rollup") as file:
                total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
    return total


class Bench:
    def __init__(self, work, servers):
        self.work = work
        self.servers = servers
        self.measure = work / "measure"
        subprocess.run(["cc", "-O2", "-o", self.measure, HERE / "measure.c"], check=True)

    def run(self, client, count, sample=None):
        """Runs one client once, and looks at its memory every `sample` seconds."""
        name, command, environment = client
        self.servers.wait_for_quiet()
        result, out, err = self.work / "result", self.work / "stdout", self.work / "stderr"
        with open(out, "wb") as stdout, open(err, "wb") as stderr:
            process = subprocess.Popen(
                [self.measure, result, *command], env=environment, stdin=subprocess.DEVNULL, stdout=stdout,
                stderr=stderr, cwd=self.work,
            )
            peak = 0
            while sample and process.poll() is None:
                peak = max(peak, memory(process.pid))
                time.sleep(sample)
            process.wait(timeout=900)
        wall, cpu, maxrss, status = map(int, result.read_text().split())
        if name in (OURS, BEFORE):
            nodes = json.loads(out.read_text() or "{}").get("nodes", [])
            answers = sum((node["mu"] or {}).get("title") == TITLE for node in nodes)
        else:
            printed = out.read_text(errors="replace")
            # Of our whole probe the file comes in base64; its last line tells.
            answers = printed.count(f'"{TITLE}"') or printed.count(f"#fuel-updates {WORD} end")
        run = {"name": name, "nodes": count, "wall": wall / 1e6, "cpu": cpu / 1e3 / count, "maxrss": maxrss / 1024}
        run |= {"tree": peak / 1024, "status": status, "failures": count - answers}
        if run["failures"] or (name in (OURS, BEFORE) and status):
            print(f"  {name}: status {status}, {answers} of {count} answered: {err.read_text()[-300:]}", flush=True)
        return run

    def block(self, clients, count, rounds):
        """All clients in turn, `rounds` times, and once more to look at their memory.

        Where a run takes half a minute, one look in a while costs it nothing, and the last round serves both."""
        runs, many = [], count >= 1000
        for number in range(rounds):
            turn = number % len(clients)
            sample = 0.2 if many and number == rounds - 1 else None
            runs += [self.run(client, count, sample) for client in clients[turn:] + clients[:turn]]
        looked = runs[-len(clients):] if many else [self.run(client, count, 0.02) for client in clients]
        return runs, {run["name"]: run["tree"] for run in looked}


def table(runs, memories, count, key):
    rounds = sum(run["name"] == OURS for run in runs)
    print(f"\nN={count}, {key} key, medians of {rounds} interleaved round{'s' if rounds > 1 else ''}\n")
    print("| | wall s | ours/its | client CPU ms/node | ours/its | peak memory MB | failures |")
    print("|---|---|---|---|---|---|---|")
    median = lambda name, what: statistics.median(run[what] for run in runs if run["name"] == name)
    for name in dict.fromkeys(run["name"] for run in runs):
        wall, cpu = median(name, "wall"), median(name, "cpu")
        failures = sum(run["failures"] for run in runs if run["name"] == name)
        ratios = ("", "")
        peak = memories[name]
        if name in (OURS, BEFORE):
            peak = max(run["maxrss"] for run in runs if run["name"] == name)
        if name == BEFORE:
            ratios = (f"{median(OURS, 'wall') / wall:.2f}", f"{median(OURS, 'cpu') / cpu:.2f}")
        elif name != OURS:
            ratios = (f"{median(OURS, 'wall') / wall:.2f}", f"1/{cpu / median(OURS, 'cpu'):.1f}")
        print(f"| {name} | {wall:.2f} | {ratios[0]} | {cpu:.2f} | {ratios[1]} | {peak:.1f} | {failures} |", flush=True)


def speed(args, work):
    clients = Clients(args.binary, work, not args.no_install, args.before)
    for name, why in clients.missing.items():
        print(f"left out: {name}: {why}")
    servers = Servers(work / "servers", max(args.nodes))
    bench = Bench(work, servers)
    remote = probe() if args.same_command else READ
    print("the others run", "our whole probe" if args.same_command else f"`{READ}`")
    everything = []
    try:
        for count in args.nodes:
            for key in args.keys:
                commands = clients.commands(servers, count, servers.keys[key], remote)
                rounds = args.rounds_1000 if count >= 1000 else args.rounds
                runs, memories = bench.block(commands, count, rounds)
                table(runs, memories, count, key)
                everything += [{**run, "key": key} for run in runs]
    finally:
        servers.stop()
        if args.json:
            args.json.write_text(json.dumps(everything, indent=1))


def main():
    args = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="fuel-updates-bench.") as folder:
        work = pathlib.Path(folder)
        version = subprocess.run([args.binary, "--version"], check=True, capture_output=True, text=True).stdout.strip()
        ssh = subprocess.run(["ssh", "-V"], capture_output=True, text=True).stderr.strip()
        print(f"{version}; {ssh}; {os.cpu_count()} CPUs, Linux {platform.release()}; load {os.getloadavg()[0]:.1f}")
        if args.only in (None, "speed"):
            speed(args, work)
        if args.only in (None, "bad-nodes"):
            bad_nodes.bad_nodes_first(args.binary, work)
        if args.only in (None, "rsa-wait"):
            bad_nodes.rsa_wait(args.binary, work)


if __name__ == "__main__":
    main()
