"""Takes a page's own text out of what is copied from a PDF, where the page was read instead.

What cannot be seen is removed; what can be seen stays on the page and means a space (ActualText,
PDF 1.7, 14.9.4), so that a layer that lies is not found beside what was read.
"""

from __future__ import annotations

from pikepdf import (
    ContentStreamInlineImage,
    ContentStreamInstruction,
    Dictionary,
    Name,
    Object,
    Operator,
    Page,
    Pdf,
    Stream,
    String,
    parse_content_stream,
    unparse_content_stream,
)

_SHOWS = frozenset({"Tj", "TJ", "'", '"'})
_INVISIBLE = 3  # text rendering mode (PDF 1.7, table 106)
_MAX_DEPTH = 8  # forms within forms

_BEGIN = ContentStreamInstruction([Name.Span, Dictionary(ActualText=String(" "))], Operator("BDC"))
_END = ContentStreamInstruction([], Operator("EMC"))


def silence_text(pdf: Pdf, page: Page) -> None:
    """Silence the text of a page and of the forms it draws. Raises PdfError on damaged content."""
    silenced = _silenced(page.obj)
    if silenced is not None:
        page.obj.Contents = pdf.make_stream(silenced)
    seen: set[tuple[int, int]] = set()
    _silence_forms(page.resources if "/Resources" in page.obj else Dictionary(), seen, _MAX_DEPTH)


def _silence_forms(resources: Object, seen: set[tuple[int, int]], depth: int) -> None:
    forms = resources.get("/XObject")
    if not isinstance(forms, Dictionary) or depth == 0:
        return
    for _, form in forms.items():
        is_form = isinstance(form, Stream) and form.get("/Subtype") == Name.Form
        if not is_form or form.objgen in seen:
            continue
        seen.add(form.objgen)
        silenced = _silenced(form)
        if silenced is not None:
            form.write(silenced)
        if isinstance(form.get("/Resources"), Dictionary):
            _silence_forms(form.Resources, seen, depth - 1)


def _silenced(content: Object) -> bytes | None:
    """The operators of a page or a form without audible text; None if it shows none."""
    out: list[ContentStreamInstruction | ContentStreamInlineImage] = []
    mode, modes, has_text = 0, [], False
    for instruction in parse_content_stream(content):
        name = str(instruction.operator)
        if name == "q":
            modes.append(mode)
        elif name == "Q" and modes:
            mode = modes.pop()
        elif name == "Tr" and instruction.operands:
            mode = int(instruction.operands[0])
        if name not in _SHOWS:
            out.append(instruction)
            continue
        has_text = True
        if mode != _INVISIBLE:
            out += [_BEGIN, instruction, _END]
        elif name == "'":
            out.append(ContentStreamInstruction([], Operator("T*")))
    return unparse_content_stream(out) if has_text else None
