"""What a document or one of its pages is like: a branch of the tree in `shared.errors`.

These end up in a job's `error`.
"""

from __future__ import annotations

from shared.errors import DocchuError


class DocumentError(DocchuError):
    """The document cannot be read."""

    code = "document_unreadable"


class DocumentDamaged(DocumentError):
    """The document is damaged or cut short."""

    code = "document_damaged"


class DocumentLost(DocumentError):
    """The service has lost the document's bytes, through no fault of theirs: send it again."""

    code = "document_lost"


class DocumentEncrypted(DocumentError):
    """The document is encrypted: send its `password` with it, or send it without one."""

    code = "document_encrypted"


class DynamicForm(DocumentError):
    """The document is a dynamic XFA form, which only its own program shows: print it to a PDF."""

    code = "dynamic_form"


class ArchiveUnreadable(DocumentError):
    """The upload cannot be read as a zip: it is damaged or cut short."""

    code = "archive_unreadable"


class ArchiveEntryRefused(DocumentError):
    """This entry of the archive was not taken."""

    code = "archive_entry_refused"


class TooManyPages(DocumentError):
    """The document has more pages than this service takes."""

    code = "too_many_pages"


class NoSuchPages(DocumentError):
    """The document has none of the pages asked for."""

    code = "no_such_pages"


class PageTooLarge(DocumentError):
    """The page has more pixels than this service takes."""

    code = "page_too_large"


class PageTimeout(DocumentError):
    """The page took too long to open: it may be damaged or made to be slow."""

    code = "page_timeout"


class PageCrashed(DocumentError):
    """The page crashed the program that opens it, or wanted more memory than it may have."""

    code = "page_crashed"


class PoisonPage(DocumentError):
    """The page ended its worker each time that it was tried."""

    code = "poison_page"


class ReadFailed(DocumentError):
    """The page was opened but reading it failed."""

    code = "read_failed"


class NoText(DocumentError):
    """No extractable text: there is no text on any page that was read."""

    code = "no_text"


class ModelUnusable(DocumentError):
    """The model that the job asked for cannot be used."""

    code = "model_unusable"
