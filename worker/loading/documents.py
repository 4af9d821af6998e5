"""The document that a child has open: a 300-page PDF is parsed once, not once for each page."""

from __future__ import annotations

from worker.loading.limits import LoadLimits
from worker.loading.pdf.pages import PdfFile
from worker.loading.pictures import PictureFile


class Documents:
    """Opens documents and keeps the last one open."""

    def __init__(self, limits: LoadLimits) -> None:
        self._limits = limits
        self._key: tuple[str, str, str, str | None] | None = None
        self._open: PdfFile | PictureFile | None = None

    def open(
        self, path: str, version: str, media_type: str, password: str | None = None
    ) -> PdfFile | PictureFile:
        """The document at `path`; `version` changes when the file does.

        `password` opens a locked PDF.

        Raises DocumentDamaged, DocumentEncrypted, TooManyPages and FileNotFoundError.
        """
        key = (path, version, media_type, password)
        if self._open is None or self._key != key:
            self.close()
            if media_type == "application/pdf":
                self._open = PdfFile(path, self._limits, password)
            else:
                self._open = PictureFile(path, media_type, self._limits)
            self._key = key
        return self._open

    def close(self) -> None:
        """Close the document that is open, if one is."""
        if self._open is not None:
            document, self._open = self._open, None
            document.close()
