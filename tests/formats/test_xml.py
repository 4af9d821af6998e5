"""hOCR and ALTO are well-formed, say where each word stands, and hold to their specifications."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from lxml import etree

from shared.formats.alto import alto
from shared.formats.hocr import hocr
from shared.result import Line, Page, Word, document_text, paragraphs
from tests.formats.documents import DECREE, line_at, read_page

EVIL = "Lê & \"con\" <b>\x00\x0b\ufffe\ud800 ''".encode("utf-8", "replace").decode()
PAGES = [
    read_page(DECREE),
    Page(page=3, width=10, height=20, rotation=90, lines=()),
    Page(
        page=4, width=500, height=500, lines=(line_at(EVIL, -3, -2, 20), line_at("xa", 9, 300, 9))
    ),
]
ALTO_XSD = Path(__file__).parent / "schemas" / "alto-4-4.xsd"
XLINK = """<schema xmlns="http://www.w3.org/2001/XMLSchema"
targetNamespace="http://www.w3.org/1999/xlink"><attributeGroup name="simpleLink"/></schema>"""
"""As much of the schema that ALTO's imports as ALTO's names."""
XHTML = "{http://www.w3.org/1999/xhtml}"
ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"


@pytest.fixture(scope="module")
def hocr_tree() -> ElementTree.Element:
    return ElementTree.fromstring("".join(hocr(PAGES, 'a "b" & c.pdf', "vi-print 1")))


@pytest.fixture(scope="module")
def alto_tree() -> ElementTree.Element:
    return ElementTree.fromstring("".join(alto(PAGES, 'a "b" & c.pdf', "vi-print 1")))


def words_of(pages: Sequence[Page]) -> list[str]:
    return [re.sub("[\x00\x0b\ufffe]", "\ufffd", w) for w in document_text([*pages]).split()]


def of_class(tree: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in tree.iter() if element.get("class") == name]


def properties(element: ElementTree.Element) -> dict[str, list[str]]:
    """The `title` of hOCR (1.2, 3): properties by semicolons, values by spaces."""
    found: dict[str, list[str]] = {}
    for part in re.findall(r'(?:"[^"]*"|[^;"])+', element.get("title", "")):
        name, *values = part.strip().split(" ", 1)
        assert re.fullmatch("[a-z][a-z_]*", name), part
        found[name] = values[0].split() if values else []
    return found


def test_hocr_says_what_made_it_and_what_is_in_it(hocr_tree: ElementTree.Element) -> None:
    metas = {m.get("name"): m.get("content") for m in hocr_tree.iter(f"{XHTML}meta")}
    assert metas["ocr-system"] == "docchu vi-print 1"
    declared = set(str(metas["ocr-capabilities"]).split())
    used = {e.get("class") for e in hocr_tree.iter() if e.get("class")}
    assert used <= declared and "ocrp_wconf" in declared


def test_hocr_nests_words_in_lines_in_paragraphs_in_pages(hocr_tree: ElementTree.Element) -> None:
    pages = of_class(hocr_tree, "ocr_page")
    assert [properties(p)["ppageno"] for p in pages] == [["0"], ["2"], ["3"]]
    assert [len(of_class(p, "ocr_par")) for p in pages] == [len(paragraphs(p)) for p in PAGES]
    for page in pages:
        for par in page:
            assert par.get("class") == "ocr_par"
            for line in par:
                assert line.get("class") == "ocr_line"
                assert all(word.get("class") == "ocrx_word" for word in line)


def test_hocr_boxes_are_whole_numbers_within_each_other(hocr_tree: ElementTree.Element) -> None:
    for page in of_class(hocr_tree, "ocr_page")[:1]:
        for line in of_class(page, "ocr_line"):
            left, top, right, bottom = map(int, properties(line)["bbox"])
            for word in line:
                box = [int(side) for side in properties(word)["bbox"]]
                assert left <= box[0] < box[2] <= right and top <= box[1] < box[3] <= bottom
                assert properties(word)["x_wconf"] == ["90"]


def test_lines_and_paragraphs_of_hocr_hardly_overlap(hocr_tree: ElementTree.Element) -> None:
    """What hocr-tools' `hocr-check` asks of areas of one kind: a fifth in common at most."""
    for page in of_class(hocr_tree, "ocr_page"):
        for kind in ("ocr_line", "ocr_par"):
            boxes = [[*map(int, properties(e)["bbox"])] for e in of_class(page, kind)]
            for one, other in combinations(boxes, 2):
                width = min(one[2], other[2]) - max(one[0], other[0])
                height = min(one[3], other[3]) - max(one[1], other[1])
                larger = max((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
                assert max(width, 0) * max(height, 0) <= 0.2 * larger


def test_hocr_has_every_word_and_no_id_twice(hocr_tree: ElementTree.Element) -> None:
    words = [word.text for word in of_class(hocr_tree, "ocrx_word")]
    assert words == words_of(PAGES)
    ids = [e.get("id") for e in hocr_tree.iter() if e.get("id")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("pages", [PAGES, []], ids=["pages", "nothing read"])
def test_alto_is_valid_by_its_schema(pages: list[Page]) -> None:
    class WithoutNetwork(etree.Resolver):
        def resolve(self, url: str, _: str, context: object) -> object:
            return self.resolve_string(XLINK, context) if "xlink" in url else None

    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(WithoutNetwork())
    schema = etree.XMLSchema(etree.parse(str(ALTO_XSD), parser))
    schema.assertValid(etree.fromstring("".join(alto(pages, 'a "b" & c.pdf', "m 1")).encode()))


def test_alto_has_every_word_with_a_space_between_two(alto_tree: ElementTree.Element) -> None:
    words = [word.get("CONTENT") for word in alto_tree.iter(f"{ALTO}String")]
    assert words == words_of(PAGES)
    for line in alto_tree.iter(f"{ALTO}TextLine"):
        kinds = [part.tag.removeprefix(ALTO) for part in line]
        assert kinds == (["String", "SP"] * len(kinds))[: len(kinds)] and kinds[-1] == "String"


def test_a_document_of_which_nothing_was_read_is_still_valid() -> None:
    assert len(ElementTree.fromstring("".join(hocr([], "a", "m")))) == 2
    tree = ElementTree.fromstring("".join(alto([], "a", "m")))
    assert len(list(tree.iter(f"{ALTO}Page"))) == 1, "the schema wants a page"


def test_a_line_without_words_is_its_own_word() -> None:
    line = line_at("một hai", 0, 0, 20)
    page = Page(page=1, width=99, height=99, lines=(Line(**{**dict(line), "words": ()}),))
    assert ">một hai</span>" in "".join(hocr([page], "a", "m"))
    assert 'CONTENT="một hai"' in "".join(alto([page], "a", "m"))


def test_what_xml_cannot_hold_becomes_the_sign_for_it() -> None:
    box = line_at("x", 0, 0, 9).box
    word = Word(text="a\x02b\x00c", confidence=1, box=box)
    page = Page(
        page=1, width=9, height=9, lines=(Line(text="x", confidence=1, box=box, words=(word,)),)
    )
    for text in ("".join(hocr([page], "\x1f", "m")), "".join(alto([page], "\x1f", "m"))):
        ElementTree.fromstring(text)
        assert "a\ufffdb\ufffdc" in text
