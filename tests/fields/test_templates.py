"""Templates: what is wrong with one is said, and none can hang or crash."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from shared.errors import SettingError
from shared.fields.command import app
from shared.fields.extraction import extract
from shared.fields.template import SHIPPED, load_templates, read_template
from tests.fields.test_extraction import TEMPLATES, page_of

OWN = """
type: meter_slip
title: Phiếu ghi chỉ số
recognise:
  - {pattern: 'phieu ghi chi so', chance: 0.9}
fields:
  meter:
    kind: number
    find:
      - labels: [mã đồng hồ]
  amount:
    kind: amount
    find:
      - labels: [số tiền, thành tiền]
        pattern: '(?P<value>[0-9][0-9.,]*)'
"""


def test_a_template_of_ones_own_finds_its_fields(tmp_path: Path) -> None:
    (tmp_path / "meter.yaml").write_text(OWN)
    templates = load_templates(tmp_path)
    lines = [(50.0, 50.0, "PHIẾU GHI CHỈ SỐ"), (50.0, 90.0, "Mã đồng hồ: AB-12")]
    lines += [(50.0, 130.0, "Số tiền"), (400.0, 131.0, "1.250.000 đ")]
    found = extract([page_of(lines)], templates)
    assert found.document_type == "meter_slip"
    assert found.fields["meter"].value == "AB-12"
    assert (found.fields["amount"].value, found.fields["amount"].currency) == (1250000, "VND")
    assert found.fields["amount"].why.model_dump() == {
        "label": "Số tiền",
        "place": "right_of",
        "pattern": "(?P<value>[0-9][0-9.,]*)",
    }


def test_the_template_in_the_docs_can_be_used() -> None:
    docs = (Path(__file__).parents[2] / "docs" / "fields.md").read_text()
    example = docs.split("```yaml\n")[1].split("```")[0]
    assert read_template(example, "docs").type == "meter_slip"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("kind: number", "kind: numbr", "fields.meter.kind"),
        ("chance: 0.9", "chance: 2", "recognise.0.chance"),
        ("[0-9][0-9.,]*)", "[0-9)", "no pattern of RE2"),
        ("- labels: [mã đồng hồ]", "- {}", "a way needs"),
        ("- labels: [mã đồng hồ]", "- {under: other}", "no field above it"),
        ("title:", "titel:", "title"),
        ("labels: [mã đồng hồ]", "labels: [a]\n        lable: b", "lable"),
        ("type: meter_slip", "type: meter_slip\ntype: x", "given twice"),
        ("[mã đồng hồ]", "mã đồng hồ", "labels: it is a list"),
        ("[mã đồng hồ]", "[no]", "labels.0: it is a text"),
        ("    kind: number", "    kinds: number", "kinds: there is no such key"),
        ("fields:\n", "fields: text\nitems:\n", "fields: it has keys of its own"),
        ("title: Phiếu", "title: &a Phiếu\nx: *a #", "aliases"),
        ("title: Phiếu", "title: [[[", "no YAML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(before: str, after: str, told: str) -> None:
    assert before in OWN
    with pytest.raises(SettingError) as raised:
        read_template(OWN.replace(before, after, 1), "meter.yaml")
    assert "meter.yaml" in raised.value.detail and told in raised.value.detail


@given(text=st.text(max_size=300))
@settings(max_examples=60, deadline=None)
def test_any_text_is_a_template_or_an_error(text: str) -> None:
    with pytest.raises(SettingError):
        read_template(text)


@given(
    texts=st.lists(st.text(max_size=60).map(lambda text: " ".join(text.split())), max_size=12),
    places=st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=12, max_size=12
    ),
    kind=st.sampled_from(sorted(TEMPLATES)),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_page_has_fields_or_none(
    texts: list[str], places: list[tuple[float, float]], kind: str
) -> None:
    lines = [(*place, text) for place, text in zip(places, texts, strict=False)]
    found = extract([page_of(lines)], TEMPLATES, kind)
    assert found.document_type == kind


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        (r"Số phiếu: (?P<value>PGH-\d+)", "Số phiếu: PGH-142", "PGH-142"),
        (r"(?P<value>[A-ZĐ]{2}\d+)\W*$", "Mã: ĐH12.", "ĐH12"),
        ("(?P<value>A[–—]\\p{Nd})", "Ô a–1", "a–1"),
        ("(?P<value>[[:upper:]]+|x)", "ABC", None),  # no capital is left in what is matched
    ],
)
def test_a_pattern_may_be_written_as_the_text_is(
    pattern: str, text: str, value: str | None
) -> None:
    template = read_template(OWN.replace("- labels: [mã đồng hồ]", f"- pattern: '{pattern}'"))
    found = extract([page_of([(0.0, 20.0, text)])], {"meter_slip": template}, "meter_slip")
    assert (found.fields["meter"].text if "meter" in found.fields else None) == value


def test_lines_keep_their_diacritics_and_capitals() -> None:
    own = OWN.replace("- labels: [mã đồng hồ]", "- {pattern: '.+', lines: '^Đ'}")
    lines = [(0.0, 20.0, "dòng"), (0.0, 60.0, "D 1"), (0.0, 100.0, "Đ 2")]
    found = extract([page_of(lines)], {"meter_slip": read_template(own)}, "meter_slip")
    assert found.fields["meter"].text == "Đ 2"


def test_a_pattern_that_hangs_others_ends_at_once() -> None:
    evil = OWN.replace("(?P<value>[0-9][0-9.,]*)", "(?P<value>(a+)+(a|aa)+b)")
    template = read_template(evil)
    lines = [(0.0, 20.0, "phieu ghi chi so"), (0.0, 60.0, "Số tiền: " + "a" * 20_000)]
    assert "amount" not in extract([page_of(lines)], {"meter_slip": template}).fields


def test_the_shipped_templates_can_be_used() -> None:
    told = CliRunner().invoke(app, ["check", str(SHIPPED)])
    assert told.exit_code == 0 and "official_document" in told.output


def test_the_command_names_what_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("type: x")
    told = CliRunner().invoke(app, ["check", str(tmp_path)])
    assert told.exit_code == 1 and "bad.yaml" in told.output
