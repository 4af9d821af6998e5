"""Hosts in network namespaces of this machine, whose lines can be cut; wants root and `ip`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HUB = "10.231.{}.1"
"""This machine's address on the line to host number `n`."""


def run(*words: str) -> None:
    """Run `ip`. Raises CalledProcessError, FileNotFoundError."""
    subprocess.run(["ip", *words], check=True, capture_output=True)


class Host:
    """A namespace with one line to this machine, and the programs that run there."""

    def __init__(self, number: int, folder: Path) -> None:
        self.name = f"docchu{os.getpid() % 10_000}h{number}"
        self.address = f"10.231.{number}.2"
        self.hub = HUB.format(number)
        self._line = f"dc{os.getpid() % 10_000}h{number}"
        self._folder = folder / f"host-{number}"
        self._folder.mkdir()
        self._programs: list[subprocess.Popen[bytes]] = []
        far = f"{self._line}f"
        run("netns", "add", self.name)
        run("link", "add", self._line, "type", "veth", "peer", "name", far)
        run("link", "set", far, "netns", self.name)
        run("addr", "add", f"{self.hub}/24", "dev", self._line)
        run("link", "set", self._line, "up")
        for words in (
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{self.address}/24", "dev", far),
            ("link", "set", far, "up"),
        ):
            run("-n", self.name, *words)

    def start(self, module: str, **environ: str) -> None:
        """Run a program there, with a data folder of the host's own."""
        own = {"DOCCHU_DATA_DIR": str(self._folder / "data")}
        with (self._folder / f"{module}.log").open("wb") as log:
            self._programs.append(
                subprocess.Popen(
                    ["ip", "netns", "exec", self.name, sys.executable, "-m", module],
                    env={**os.environ, **environ, **own},
                    stdout=log,
                    stderr=log,
                )
            )

    def cut(self) -> None:
        """Pull the cable: nothing goes through, and nobody is told."""
        run("link", "set", self._line, "down")

    def mend(self) -> None:
        """Plug it in again."""
        run("link", "set", self._line, "up")

    def close(self) -> None:
        """End the programs and take the namespace away."""
        for program in self._programs:
            program.terminate()
        for program in self._programs:
            try:
                program.wait(30)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
        with suppress(subprocess.CalledProcessError):
            run("link", "del", self._line)
        run("netns", "del", self.name)


@contextmanager
def hosts(num: int, folder: Path) -> Iterator[list[Host]]:
    """That many. Raises CalledProcessError, FileNotFoundError where this machine has none."""
    made: list[Host] = []
    try:
        for number in range(1, num + 1):
            made.append(Host(number, folder))
        yield made
    finally:
        for host in made:
            host.close()
