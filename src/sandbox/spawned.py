"""Workers started one by one, where a process cannot fork."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

from .forked import ENVIRONMENT, of_code, paths_of_packages
from .nursery import kill_group

START_SECONDS, ANSWER_SECONDS = 60, 5
PROGRAM = """
import json, socket, sys
order = json.loads(sys.stdin.buffer.readline())
sys.path.insert(0, order["sources"])
from sandbox import nursery, worker
nursery.prepare(order["path"])
sock = socket.create_connection(("127.0.0.1", order["port"]))
sock.sendall(order["token"].encode())
nursery.settle(order["worker"])
worker.serve(sock)
"""


class SpawnedWorkers:
    """Starts a worker at a time as a new process; what that started in other groups stays."""

    process = None

    def start(self, order):
        """Start a worker; see `ForkedWorkers.start`."""
        self.end()
        own = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", "-c", PROGRAM],
                env=ENVIRONMENT | own,
                cwd=order["folder"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                bufsize=0,
            )
            try:
                return self._connect(server, order), self.process.stdout
            except BaseException:
                self.process.stdout.close()
                self.end()
                raise

    def _connect(self, server, order):
        """Tell the process what to do; give the socket that is connected to it."""
        token = secrets.token_hex(16)
        what = {
            "sources": str(Path(__file__).resolve().parents[1]),
            "path": paths_of_packages(),
            "port": server.getsockname()[1],
            "token": token,
            "worker": order,
        }
        with self.process.stdin as stream:
            stream.write(json.dumps(what).encode() + b"\n")
        server.settimeout(0.2)
        give_up = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < give_up:
            with contextlib.suppress(TimeoutError):
                sock, _ = server.accept()
                sock.settimeout(ANSWER_SECONDS)
                if sock.recv(len(token)) == token.encode():
                    return sock
                sock.close()
        raise OSError("no worker can be started")

    def end(self):
        """Kill the worker, and what it started in its group; see `ForkedWorkers.end`."""
        if self.process is None:
            return ""
        if hasattr(os, "killpg"):
            kill_group(self.process.pid)
        self.process.kill()
        code = self.process.wait()
        self.process = None
        return of_code(code)

    def close(self):
        """End the last worker."""
        self.end()
