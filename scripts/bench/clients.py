"""The programs that are compared: a command line for each, and how many run at a time."""

import os
import pathlib
import shutil
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).parent
OURS = "fuel-updates"
BEFORE = "fuel-updates before"

SSH_OPTIONS = [
    "BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "PreferredAuthentications=publickey",
    "KexAlgorithms=curve25519-sha256", "Ciphers=aes256-gcm@openssh.com", "HostKeyAlgorithms=ssh-ed25519",
    "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=/dev/null", "UpdateHostKeys=no", "GSSAPIAuthentication=no",
    "ControlMaster=no", "LogLevel=ERROR", "ConnectTimeout=60",
]


def ssh_options(servers, key):
    own = [f"UserKnownHostsFile={servers.peers_known_hosts}", f"IdentityFile={key}", f"Port={servers.port}"]
    return SSH_OPTIONS + own


def as_arguments(options):
    return [word for option in options for word in ("-o", option)]


class Clients:
    """What is installed here. `missing` names what is not, with the reason."""

    def __init__(self, binary, work, install, before=None):
        self.binary = binary
        self.before = before
        self.missing = {}
        self.asyncssh_python = self._asyncssh(work, install)
        packages = {"ssh": "openssh-client", "pdsh": "pdsh", "parallel-ssh": "pssh", "clush": "clustershell"}
        lacking = [package for program, package in packages.items() if not shutil.which(program)]
        if lacking and install and os.geteuid() == 0 and shutil.which("apt-get"):
            command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *lacking]
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, timeout=300)
        for program, package in packages.items():
            if not shutil.which(program):
                self.missing[program] = f"not installed (package {package})"

    def _asyncssh(self, work, install):
        if subprocess.run([sys.executable, "-c", "import asyncssh"], capture_output=True).returncode == 0:
            return sys.executable
        folder = work / "venv"
        python = folder / "bin/python"
        if install:
            try:
                venv.create(folder, with_pip=True)
                pip = [python, "-m", "pip", "install", "-q", "asyncssh", "uvloop"]
                subprocess.run(pip, check=True, timeout=300, capture_output=True)
                return python
            except (OSError, subprocess.SubprocessError) as error:
                self.missing["asyncssh"] = f"could not be installed: {error}"
        self.missing.setdefault("asyncssh", "not installed (pip install asyncssh uvloop)")
        return None

    def commands(self, servers, count, key, remote):
        """Name, command line and environment of each client, for the first `count` nodes; ours is the first."""
        options = ssh_options(servers, key)
        targets = servers.folder / f"addresses-{count}"
        targets.write_text("".join(f"{host}\n" for host in servers.addresses[:count]))
        plain = {"PATH": os.environ["PATH"], "HOME": str(servers.folder / "home"), "LC_ALL": "C.UTF-8"}
        ours = [self.binary, "check", "installed", "--inventory", servers.inventory(count), "--ssh-key", key, "-f", "json"]
        ours += ["--host-keys", "strict", "--handshake-timeout", "30", "--node-timeout", "60"]
        result = [(OURS, ours, {**plain, "FUEL_UPDATES_STATE_DIR": str(servers.state())})]
        if self.before:
            result.append((BEFORE, [self.before, *ours[1:]], {**plain, "FUEL_UPDATES_STATE_DIR": str(servers.state())}))
        ssh = ["ssh", "-F", "none", *as_arguments(options), "-l", servers.user]
        width = min(16, count)
        xargs = ["xargs", "-a", targets, f"-P{width}", "-I{}", *ssh, "{}", remote.replace("{}", "")]
        result.append((f"ssh, xargs -P{width}", xargs, plain))
        width = min(32, count)
        if "parallel-ssh" not in self.missing:
            pssh = ["parallel-ssh", f"-p{width}", "-i", "-t", "0", "-h", targets, "-l", servers.user]
            result.append((f"pssh -p{width}", [*pssh, "-x", f"-F none {' '.join(as_arguments(options))}", remote], plain))
        if "pdsh" not in self.missing:
            arguments = f"-F none {' '.join(as_arguments(options))} -l%u %h"
            pdsh = ["pdsh", "-R", "ssh", f"-f{width}", "-l", servers.user, "-w", f"^{targets}", remote]
            result.append((f"pdsh -f{width}", pdsh, {**plain, "PDSH_SSH_ARGS": arguments}))
        if "clush" not in self.missing:
            clush = ["clush", f"-f{width}", "-l", servers.user, "-o", f"-F none {' '.join(as_arguments(options))}"]
            result.append((f"clush -f{width}", [*clush, f"--hostfile={targets}", remote], plain))
        if self.asyncssh_python:
            asyncssh = [self.asyncssh_python, HERE / "asyncssh_peer.py", key, servers.peers_known_hosts]
            asyncssh += [servers.user, str(servers.port), targets, remote]
            result.append((f"asyncssh {min(100, count)}", asyncssh, plain))
        return [(name, [str(word) for word in command], env) for name, command, env in result]
