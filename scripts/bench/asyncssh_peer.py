"""Runs one command on many nodes with asyncssh, 100 at a time, and prints what each answers.

usage: asyncssh_peer.py KEY KNOWN_HOSTS USER PORT ADDRESSES COMMAND
"""

import asyncio
import sys

import asyncssh

try:
    import uvloop
except ImportError:
    uvloop = None


async def main(key, known_hosts, user, port, addresses, command):
    identity = asyncssh.read_private_key(key)
    known = asyncssh.read_known_hosts(known_hosts)
    window = asyncio.Semaphore(100)

    async def ask(address):
        async with window:
            try:
                async with asyncssh.connect(
                    address, int(port), username=user, client_keys=[identity], known_hosts=known, config=None,
                    agent_path=None, kex_algs=["curve25519-sha256"], encryption_algs=["aes256-gcm@openssh.com"],
                    server_host_key_algs=["ssh-ed25519"], preferred_auth="publickey", login_timeout=60,
                ) as connection:
                    answer = await connection.run(command)
                    print(f"{address}: {answer.stdout}", end="")
            except (OSError, asyncssh.Error) as error:
                print(f"{address}: {error}", file=sys.stderr)

    with open(addresses) as file:
        await asyncio.gather(*(ask(line.strip()) for line in file))


if uvloop:
    uvloop.install()
asyncio.run(main(*sys.argv[1:]))
