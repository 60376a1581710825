"""Workers started one by one, where a process cannot fork: time limits and fresh state, no more."""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

from .forked import ENVIRONMENT, paths_of_packages

START_SECONDS = 30
PROGRAM = """
import sys, json, socket
order = json.loads(sys.stdin.buffer.readline())
sys.path.insert(0, order["sources"])
from sandbox import nursery, worker
nursery.prepare(order["path"])
sock = socket.create_connection(("127.0.0.1", order["port"]))
sock.sendall(order.pop("token").encode())
worker.serve(sock)
"""


class SpawnedWorkers:
    """Starts a worker at a time as a new process."""

    process = None

    def start(self, order):
        """Start a worker; see `ForkedWorkers.start`."""
        token = secrets.token_hex(16)
        own = {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(START_SECONDS)
            self.process = subprocess.Popen(
                [sys.executable, "-I", "-c", PROGRAM],
                env=ENVIRONMENT | own,
                cwd=order["folder"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                bufsize=0,
            )
            what = {
                "sources": str(Path(__file__).resolve().parents[1]),
                "path": paths_of_packages(),
                "port": server.getsockname()[1],
                "token": token,
            }
            self.process.stdin.write(json.dumps(what).encode() + b"\n")
            while True:
                sock, _ = server.accept()
                sock.settimeout(START_SECONDS)
                if sock.recv(len(token)) == token.encode():
                    return sock, self.process.stdout
                sock.close()

    def end(self):
        """Kill the worker, and what it started in its session; see `ForkedWorkers.end`."""
        if self.process is None:
            return ""
        code = self.process.poll()
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.stdin.close()
        self.process.wait()
        self.process = None
        return "" if code is None else f"its process ended with exit code {code}"

    def close(self):
        """End the last worker."""
        self.end()
