"""The child process: opens the files that it is told of and answers with their pages.

Started as `python -m worker.loading.child LIMITS [WINDOW]` with the socket as its standard input;
WINDOW is the file of the window, if there is one. It knows no job, imports no torch, and lives
until the socket closes.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import warnings

from PIL import Image

from shared.errors.documents import DocumentDamaged, DocumentError
from shared.running import sandbox
from worker.loading import protocol
from worker.loading.documents import Documents
from worker.loading.limits import LoadLimits
from worker.loading.pdf import layer_json
from worker.loading.pdf.pages import PdfFile
from worker.loading.pictures import PictureFile
from worker.loading.window import Window

_NICE = 5
"""Pages that take long to draw get a third of the processor that the reader gets beside them."""
_LARGE_PAGE_PIXELS = 16_000_000
"""Beyond this the memory of a page goes back to the system; a usual page's is kept for the next."""


def main() -> None:
    """Say that this process is ready, then answer requests one after the other."""
    os.nice(_NICE)
    limits = LoadLimits(**json.loads(sys.argv[1]))
    connection = socket.socket(fileno=0)
    window = _window(sys.argv[2:])
    documents = Documents(limits)
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    sandbox.be_silent()
    sandbox.enter(limits.max_memory_bytes)
    protocol.send(connection, {"ready": True})
    try:
        while True:
            request = protocol.receive(connection)
            sandbox.allow_cpu(limits.page_cpu_s)
            if _answer(connection, window, documents, request) > _LARGE_PAGE_PIXELS:
                sandbox.return_memory()
    except (EOFError, ConnectionError):
        return  # the worker closed this child or is gone
    except MemoryError:
        os._exit(protocol.OUT_OF_MEMORY_EXIT)


def _window(told: list[str]) -> memoryview | None:
    if not told:
        return None
    window = Window(int(told[0]))
    window.close()
    return window.view


def _answer(
    connection: socket.socket,
    window: memoryview | None,
    documents: Documents,
    request: protocol.Header,
) -> int:
    """Answer a request; returns how many pixels that took."""
    try:
        document = documents.open(
            request["path"], request["version"], request["media_type"], request.get("password")
        )
        if request["verb"] == "count":
            protocol.send(connection, {"num_pages": document.num_pages()})
            return 0
        if request["verb"] == "layer":
            _send_layer(connection, document, request["page"])
            return 0
        pixels = document.load(request["page"])
    except DocumentError as error:
        _refuse(connection, error)
    except (FileNotFoundError, NotADirectoryError):
        protocol.send(connection, {"error": "file_not_found", "detail": "", "facts": {}})
    except (MemoryError, ConnectionError):
        raise
    except Exception:
        # The boundary of this process: whatever a decoder raises, the document is at fault.
        documents.close()
        _refuse(connection, DocumentDamaged())
    else:
        told = {"damage": pixels.damage, "full": pixels.full}
        header = {"height": pixels.height, "width": pixels.width, **told}
        protocol.send_page(connection, header, pixels.chunks, window)
        return pixels.height * pixels.width
    return 0


def _send_layer(connection: socket.socket, document: PdfFile | PictureFile, page: int) -> None:
    if isinstance(document, PictureFile):
        raise DocumentDamaged  # nobody asks a picture for its text
    encoded = layer_json.encoded(document.layer(page))
    protocol.send(connection, {"layer_bytes": len(encoded)})
    connection.sendall(encoded)


def _refuse(connection: socket.socket, error: DocumentError) -> None:
    refusal = {"error": error.code, "detail": error.detail, "facts": error.facts}
    protocol.send(connection, refusal)


if __name__ == "__main__":
    main()
