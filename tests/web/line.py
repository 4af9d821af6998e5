"""The line between the browser and the service: it can be cut, or hold everything back."""

from __future__ import annotations

import contextlib
import socket
import threading


class Line:
    """Forwards the connections of a port of its own to a service's."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._flowing = threading.Event()
        self._flowing.set()
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._listen()

    def cut(self) -> None:
        """As when the service ends: connections break, and nobody listens any more."""
        for end in (self._listener, *self._ends):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def mend(self) -> None:
        """As when the service is started again."""
        self._listener = socket.create_server(("127.0.0.1", int(self.address.rsplit(":")[-1])))
        self._listen()

    def hold(self) -> None:
        """As when the service stands still: connections are taken, and nothing goes through."""
        self._flowing.clear()

    def release(self) -> None:
        """Let everything go on."""
        self._flowing.set()

    def _listen(self) -> None:
        threading.Thread(target=self._accept, args=[self._listener], daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # cut
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._ends += [near, far]
                for way in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=way, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._flowing.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
