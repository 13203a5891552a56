"""Real OpenSSH servers on many loopback addresses, each address a node with a file tree of its own."""

import atexit
import getpass
import os
import pathlib
import socket
import subprocess
import time

from processes import children

SSHD = "/usr/sbin/sshd"
# sshd's own limit of listening sockets; more addresses get more servers.
ADDRESSES_PER_SERVER = 16
TITLE = "MU-3"
MU_VERSION = (
    '{"id": 3, "title": "MU-3", "timestamp": 1476189000, "description": "Maintenance Update 3 for MOS 9.0",'
    ' "url": "http://mirror.example.org/mos/9.0/mu-3"}\n'
)


def address(number):
    """The address of a node; 127.88.0.1 is node 1."""
    return f"127.88.{(number - 1) // 250}.{(number - 1) % 250 + 1}"


def keygen(path, *options):
    subprocess.run(["ssh-keygen", "-q", "-N", "", "-C", "bench", "-f", str(path), *options], check=True)
    return path


def free_port(addresses):
    """A port that is free on all of these addresses."""
    for _ in range(50):
        sockets = []
        try:
            port = 0
            for host in addresses:
                sockets.append(socket.socket())
                sockets[-1].bind((host, port))
                port = port or sockets[-1].getsockname()[1]
            return port
        except OSError:
            continue
        finally:
            for each in sockets:
                each.close()
    raise SystemExit("no free port")


class Servers:
    """Servers for nodes 1 to `count`; those in `refusing` let nobody in, those in `empty` have no update."""

    def __init__(self, folder, count, refusing=(), empty=(), log_level="ERROR", port=None):
        self.folder = folder = pathlib.Path(folder)
        folder.mkdir(exist_ok=True)
        self.addresses = [address(n) for n in range(1, count + 1)]
        self.user = getpass.getuser()
        self.keys = {}
        self.keys["ed25519"] = keygen(folder / "id_ed25519", "-t", "ed25519")
        # As on a Fuel master: RSA-2048, BEGIN RSA PRIVATE KEY.
        self.keys["rsa-2048"] = keygen(folder / "id_rsa", "-t", "rsa", "-b", "2048", "-m", "PEM")
        host_key = keygen(folder / "host_ed25519", "-t", "ed25519")
        public = [path.with_suffix(".pub").read_text() for path in self.keys.values()]
        (folder / "authorized_keys").write_text("".join(public))
        (folder / "home").mkdir()
        self.port = port or free_port(self.addresses)
        self.host_key = " ".join(host_key.with_suffix(".pub").read_text().split()[:2])
        if self.user == "root":
            # sshd's folder for its unprivileged half; a tmpfs forgets it.
            os.makedirs("/run/sshd", exist_ok=True)
        self.processes = []
        # However this ends, no server is left behind.
        atexit.register(self.stop)
        for first in range(0, count, ADDRESSES_PER_SERVER):
            numbers = range(first + 1, min(first + ADDRESSES_PER_SERVER, count) + 1)
            self._start(first, numbers, refusing, empty, log_level)
        self.addresses_file = folder / "addresses"
        self.addresses_file.write_text("".join(f"{a}\n" for a in self.addresses))
        # One line for all: OpenSSH reads the whole file at every login, and this is not about that.
        self.peers_known_hosts = folder / "known_hosts"
        self.peers_known_hosts.write_text(f"[127.88.*]:{self.port} {self.host_key}\n")

    def _start(self, first, numbers, refusing, empty, log_level):
        lines = [
            f"Port {self.port}", "UsePAM no", "UseDNS no", "StrictModes no", "PidFile none", "PermitRootLogin yes",
            "PasswordAuthentication no", "KbdInteractiveAuthentication no", "MaxStartups 20000", "PrintMotd no",
            f"LogLevel {log_level}", f"HostKey {self.folder}/host_ed25519",
        ]
        lines += [f"ListenAddress {address(n)}" for n in numbers]
        for n in numbers:
            tree = self.folder / f"node-{n}"
            (tree / "etc/fuel").mkdir(parents=True)
            (tree / "etc/nailgun_uid").write_text(f"{n}\n")
            (tree / "etc/astute.yaml").write_text("cluster: {id: 1}\nfuel_version: '9.0'\n")
            if n not in empty:
                (tree / "etc/fuel/mu-version.json").write_text(MU_VERSION)
            # An empty home: the profile of whoever runs this is not measured.
            lines += [
                f"Match LocalAddress {address(n)}",
                f"  SetEnv HOME={self.folder}/home FUEL_MU_ROOT={tree}",
                f"  AuthorizedKeysFile {'none' if n in refusing else self.folder / 'authorized_keys'}",
            ]
        config = self.folder / f"sshd_config.{first}"
        config.write_text("\n".join(lines) + "\n")
        process = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self.processes.append(process)
        if log_level == "DEBUG1":
            self.log = process.stderr
        for n in numbers:
            self._wait_for(address(n), process)

    def _wait_for(self, host, process):
        """Returns when somebody listens there."""
        while process.poll() is None:
            try:
                socket.create_connection((host, self.port), 5).close()
                return
            except ConnectionRefusedError:
                continue
        raise SystemExit(f"sshd ended: {process.stderr.read().decode()}")

    def wait_for_quiet(self):
        """Returns when nobody is logged in any more: what a server still does for one client would delay the next one."""
        end = time.monotonic() + 60
        while any(children(process.pid) for process in self.processes):
            if time.monotonic() > end:
                raise SystemExit("sessions of sshd do not end")
            time.sleep(0.01)

    def inventory(self, count, first=()):
        """A node list of the first `count` nodes; `first` are entries to put before them: (name, address, port)."""
        lines = ["schema: fuel-updates-inventory/1", "env: 1", 'mos_version: "9.0"', "ssh:"]
        lines += [f"  user: {self.user}", f"  port: {self.port}", "nodes:"]
        for name, host, port in first:
            lines.append(f"  - {{name: {name}, address: {host}, port: {port}, roles: [compute]}}")
        for n, host in enumerate(self.addresses[:count], 1):
            lines.append(f"  - {{id: {n}, name: node-{n}, address: {host}, roles: [compute]}}")
        path = self.folder / f"inventory-{count}.yaml"
        path.write_text("\n".join(lines) + "\n")
        return path

    def state(self):
        """A state folder that knows all host keys."""
        folder = self.folder / "state"
        folder.mkdir(mode=0o700, exist_ok=True)
        lines = (f"[{host}]:{self.port} {self.host_key}\n" for host in self.addresses)
        (folder / "known_hosts").write_text("".join(lines))
        return folder

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait()
        self.processes = []
