"""Two things that are about waiting: bad nodes first in the list, and an RSA key at a server without EXT_INFO."""

import json
import os
import pathlib
import re
import socket
import subprocess
import threading
import time

from servers import Servers, address

CONNECT, HANDSHAKE = 5.0, 10.0


class BlackHole:
    """An address that answers no SYN: a listener whose queue is full."""

    def __init__(self, host):
        self.listener = socket.socket()
        self.listener.bind((host, 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.queue = []
        while True:
            client = socket.socket()
            client.settimeout(0.3)
            try:
                client.connect((host, self.port))
                self.queue.append(client)
            except OSError:
                client.close()
                return


class Silent:
    """Accepts, and says nothing. `closed` is set when the other side is gone."""

    def __init__(self, host):
        self.listener = socket.create_server((host, 0))
        self.port = self.listener.getsockname()[1]
        self.closed = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        connection, _ = self.listener.accept()
        while connection.recv(4096):
            pass
        self.closed.set()


def nobody(host):
    """A port where nobody listens."""
    with socket.create_server((host, 0)) as listener:
        return listener.getsockname()[1]


def environment(servers):
    state = {"FUEL_UPDATES_STATE_DIR": str(servers.state()), "HOME": str(servers.folder / "home")}
    return {"PATH": os.environ["PATH"], **state}


def sockets_of(process):
    """The remote ends of a process's TCP sockets."""
    inodes = set()
    for fd in pathlib.Path(f"/proc/{process}/fd").iterdir():
        try:
            inodes.update(re.findall(r"socket:\[(\d+)\]", os.readlink(fd)))
        except OSError:
            continue
    rows = (line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:])
    return [int(row[2].split(":")[1], 16) for row in rows if row[9] in inodes]


def left_over(ports):
    """Connections to these ports that are not over (TIME_WAIT is)."""
    rows = (line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:])
    over, listening = "06", "0A"
    return [row for row in rows if int(row[2].split(":")[1], 16) in ports and row[3] not in (over, listening)]


def bad_nodes_first(binary, work):
    """A list of 100: five bad nodes first, then 95 good ones. The order of the answers tells who waited."""
    servers = Servers(work / "bad", 97, refusing={1}, empty={2})
    # Addresses of their own, behind those of the servers.
    hole, silent = BlackHole(address(251)), Silent(address(252))
    closed = nobody(address(253))
    first = [("blackhole", address(251), hole.port), ("silent", address(252), silent.port)]
    first.append(("closed-port", address(253), closed))
    inventory = servers.inventory(97, first)
    command = [binary, "check", "installed", "--inventory", inventory, "--ssh-key", servers.keys["rsa-2048"]]
    command += ["--connect-timeout", CONNECT, "--handshake-timeout", HANDSHAKE, "--host-keys", "strict"]
    command += ["--progress", "none", "--events", "/dev/stderr"]
    for end in hole.queue:
        end.setblocking(False)
    began = time.monotonic()
    process = subprocess.Popen(
        [str(word) for word in command], env=environment(servers), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )
    lines, open_then = [], None
    for line in process.stderr:
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "answered":
            node = event["node"]
            what = node["mu"]["title"] if node["mu"] else f"{node['state']} ({node['detail']})"
            lines.append((time.monotonic() - began, node["name"], what))
            if event["done"] == 98:
                # Only the black hole and the silent node are left; a goodbye may still be on its way.
                time.sleep(0.5)
                open_then = sockets_of(process.pid)
    status = process.wait()
    end = time.monotonic() - began
    servers.stop()
    good = [at for at, name, what in lines if what == "MU-3"]
    bad = [(at, name, what) for at, name, what in lines if what != "MU-3"]
    last = [name for _, name, _ in lines[-2:]]
    gone = silent.closed.wait(2)
    remaining = left_over({servers.port, silent.port, closed})
    print("\nBad nodes first in a list of 100\n")
    print(f"- {len(good)} good nodes, first after {good[0]:.2f} s, last after {good[-1]:.2f} s")
    for at, name, what in bad:
        print(f"- {name} after {at:.2f} s: {what}")
    print(f"- exit status {status} after {end:.2f} s; the longest timeout is {HANDSHAKE:.0f} s")
    print(f"- connections open while only the two hanging nodes are left: {len(open_then or [])}; after the end: {len(remaining)}")
    verdicts = {
        "no good node waited for a bad one": len(good) == 95 and last == ["blackhole", "silent"],
        f"the end came within {HANDSHAKE:.0f} s + 0.2 s": end <= HANDSHAKE + 0.2,
        "no socket is left": sorted(open_then or []) == sorted([hole.port, silent.port]) and not remaining and gone,
    }
    for what, shown in verdicts.items():
        print(f"- {what}: {'yes' if shown else 'NO'}", flush=True)


def rsa_wait(binary, work):
    """How long after the key exchange the first login request comes, by the server's own log.

    The client does not ask for EXT_INFO, so the server sends none, as servers before OpenSSH 7.2 never do."""
    servers = Servers(work / "rsa", 1, log_level="DEBUG1")
    command = [binary, "check", "installed", "--inventory", servers.inventory(1)]
    command += ["--ssh-key", servers.keys["rsa-2048"], "--host-keys", "strict", "--quiet"]
    waits, said = [], False
    for _ in range(5):
        client = subprocess.Popen([str(word) for word in command], env=environment(servers), stdout=subprocess.DEVNULL)
        keys = None
        for line in servers.log:
            said = said or b"Sending SSH2_MSG_EXT_INFO" in line
            if b"SSH2_MSG_NEWKEYS received" in line:
                keys = time.monotonic()
            elif keys and b"userauth-request for user" in line and b"method publickey" in line:
                waits.append(time.monotonic() - keys)
                break
        client.wait(timeout=60)
    servers.stop()
    print("\nRSA key at a server without EXT_INFO\n")
    print(f"- from the server's new keys to the first login request: {', '.join(f'{w * 1000:.1f}' for w in waits)} ms")
    print(f"- EXT_INFO sent by the server: {'YES' if said else 'no'}", flush=True)
