"""pdf.js, the viewer of Firefox, as Debian ships it: its words and where they are selected."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

_BUILD = Path(os.environ.get("DOCCHU_TEST_PDFJS", "/usr/share/javascript/pdf/build"))
_VIEWER = """<!doctype html><meta charset="utf-8"><title>pdf.js</title>
<style>body { margin: 0 } #text { position: absolute; inset: 0; line-height: 1 }
#text > span { position: absolute; white-space: pre; transform-origin: 0 0 }</style>
<canvas id="seen"></canvas><div id="text"></div><script src="pdf.js"></script>"""
SHOW = """async (scale) => {
  pdfjsLib.GlobalWorkerOptions.workerSrc = 'pdf.worker.js';
  const page = await (await pdfjsLib.getDocument('document.pdf').promise).getPage(1);
  const viewport = page.getViewport({ scale });
  const canvas = document.getElementById('seen'), container = document.getElementById('text');
  Object.assign(canvas, { width: viewport.width, height: viewport.height });
  await page.render({ canvasContext: canvas.getContext('2d'), viewport }).promise;
  const textContent = await page.getTextContent();
  await pdfjsLib.renderTextLayer({ textContent, container, viewport }).promise;
  const words = [];
  const texts = document.createTreeWalker(container, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    for (const found of texts.currentNode.data.matchAll(/\\S+/g)) {
      const range = document.createRange();
      range.setStart(texts.currentNode, found.index);
      range.setEnd(texts.currentNode, found.index + found[0].length);
      const { left, top, right, bottom } = range.getBoundingClientRect();
      words.push([found[0], [left, top, right, bottom]]);
    }
  }
  return { width: viewport.width, height: viewport.height, words };
}"""


class _Handler(SimpleHTTPRequestHandler):
    def __init__(self, *given: object, pdf: bytes) -> None:
        self._made = {
            "/": ("text/html", _VIEWER.encode()),
            "/document.pdf": ("application/pdf", pdf),
            "/favicon.ico": ("image/png", b""),
        }
        super().__init__(*given, directory=str(_BUILD))  # type: ignore[arg-type, misc]

    def do_GET(self) -> None:
        if self.path not in self._made:
            return super().do_GET()
        kind, body = self._made[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def served(pdf: bytes) -> Iterator[str]:
    """The address where pdf.js waits to show a document at `document.pdf`."""
    if not (_BUILD / "pdf.js").exists():
        assert os.environ.get("CI") != "true", "CI must have libjs-pdf"
        pytest.skip("pdf.js is not installed (apt install libjs-pdf)")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, pdf=pdf))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
