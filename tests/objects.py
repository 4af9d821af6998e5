"""A real object store for tests: moto's S3 server, a process of its own on a free port."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass, field

import httpx

from bench.service import free_port

BUCKET = "docchu"


@dataclass
class ObjectServer:
    """An S3 server with a bucket; what is in it goes with the process."""

    port: int = field(default_factory=free_port)
    host: str = "127.0.0.1"

    @property
    def environ(self) -> dict[str, str]:
        """The variables that lead there, and no others."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_REGION": "us-east-1",
        }

    @property
    def bucket(self) -> str:
        return f"{self.environ['AWS_ENDPOINT_URL']}/{BUCKET}"

    def start(self) -> None:
        """Start it, and make the bucket."""
        command = [sys.executable, "-m", "moto.server", "-H", self.host, "-p", str(self.port)]
        silent = subprocess.DEVNULL
        self.process = subprocess.Popen(command, env=os.environ, stdout=silent, stderr=silent)
        while True:
            assert self.process.poll() is None, "the S3 server ended at its start"
            try:
                httpx.put(self.bucket).raise_for_status()
                return
            except httpx.TransportError:
                time.sleep(0.05)

    def stop(self) -> None:
        """End it as a crash does."""
        self.process.kill()
        self.process.wait()

    def names(self, prefix: str = "") -> list[str]:
        """The objects below a prefix."""
        listing = httpx.get(self.bucket, params={"list-type": "2", "prefix": prefix}).text
        return [part.split("</Key>")[0] for part in listing.split("<Key>")[1:]]
