"""Documents are found by what they say, as long as they say it and for nobody else."""

from __future__ import annotations

import pytest

from api.jobs import searching
from shared.store import keys
from shared.store.jobs import filtering
from tests.api.playing import PDF, Api, page_of
from tests.api.test_auth import bearer
from tests.api.test_finding import found, sent

DEED = ("HỢP ĐỒNG MUA BÁN", "Số 12/2024/HĐ, giá 1.250.000", "Bên A: Nguyễn Thị Hòa")


def read(api: Api, *pages: tuple[str, ...], name: str = "a.png", **headers: str) -> str:
    """The id of a job whose pages say this."""
    job_id = sent(api, name, PDF, **headers)
    api.finish(*(page_of(number, *lines) for number, lines in enumerate(pages, 1)))
    return job_id


def places(api: Api, query: str) -> list[dict[str, object]]:
    (job,) = api.get(f"/v1/jobs?q={query}").get_json()["jobs"]
    shown: list[dict[str, object]] = job["found"]
    return shown


def correct(api: Api, job_id: str, line: int, **said: object) -> None:
    path = f"/v1/jobs/{job_id}/pages/1/lines/{line}"
    assert api.client.put(path, json=said).status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "hop dong",
        "HỢP đồng",
        "mua nguyen",
        '"ban so 12"',
        "12/2024/hd",
        "1.250.000",
        "1 hòa",
        "Hòa",
    ],
)
def test_words_are_found_whatever_their_case_and_marks(api: Api, query: str) -> None:
    deed = read(api, DEED)
    read(api, ("Phiếu thu tiền mặt",))
    assert found(api, q=query) == [deed]


@pytest.mark.parametrize(
    "query",
    ["hop dong phieu", "hóp", "hợp dong", '"dong hop"', "12/2025", "hopdong", "on", "?!", '"'],
)
def test_what_is_not_said_so_is_not_found(api: Api, query: str) -> None:
    read(api, DEED)
    read(api, ("Phiếu thu tiền mặt",))
    assert found(api, q=query) == []


def test_a_hit_says_page_and_line_and_what_stands_there(api: Api) -> None:
    read(api, ("một",), ("hai", "x " * 100 + "ba " + "y " * 100), ("bốn hai",))
    assert places(api, "bon") == [{"page": 3, "line": 0, "text": "bốn hai"}]
    second, last = places(api, "hai+bon")
    assert (second["page"], second["line"], last["page"]) == (2, 0, 3)
    (cut,) = places(api, "ba")
    assert " ba " in str(cut["text"]) and len(str(cut["text"])) < 165 and cut["line"] == 1


def test_a_name_is_found_as_well_and_the_rest_in_the_text(api: Api) -> None:
    job_id = read(api, DEED, name="hồ sơ thuê nhà.png")
    assert found(api, q="thue") == found(api, q="thue hoa") == [job_id]
    assert places(api, "thue") == [] and [one["line"] for one in places(api, "thue+hoa")] == [2]


def test_the_newest_come_first_page_by_page_with_the_other_filters(api: Api) -> None:
    ids = [read(api, DEED, name=f"{at}.png") for at in range(5)]
    assert found(api, q="mua", limit="2") == found(api, q="mua") == ids[::-1]
    assert found(api, q="mua", name="3") == [ids[3]]
    assert found(api, q="mua", status="failed") == []


def test_what_is_rare_is_found_though_an_answer_ends_when_its_time_is_over(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [read(api, DEED if at % 4 == 0 else ("khác",)) for at in range(10)][::4]
    monkeypatch.setattr(searching, "_MOST_S", -1)
    monkeypatch.setattr(filtering, "_AT_ONCE", 3)
    first = api.get("/v1/jobs?q=mua").get_json()
    assert (first["jobs"], bool(first["next_cursor"])) == ([], True)
    assert found(api, q="mua") == wanted[::-1]


def test_what_was_set_right_is_found_and_what_it_was_is_not(api: Api) -> None:
    job_id = read(api, ("Nguyên Vân Hoà", "rác"), ("Lê Lợi",))
    correct(api, job_id, 0, text="Nguyễn Văn Hòa")
    correct(api, job_id, 1, not_text=True)
    assert found(api, q='"Văn Hòa"') == found(api, q="hoa loi") == [job_id]
    assert found(api, q="Vân") == found(api, q="rac") == []
    assert places(api, "Văn") == [{"page": 1, "line": 0, "text": "Nguyễn Văn Hòa"}]
    correct(api, job_id, 1, as_read=True)
    assert found(api, q="rac") == [job_id]


def test_what_is_erased_is_not_found_and_leaves_nothing(api: Api) -> None:
    job_id = read(api, DEED)
    assert api.store.exists(keys.prints(job_id))
    assert api.client.delete(f"/v1/jobs/{job_id}").status_code == 204
    assert found(api, q="mua") == []
    assert not api.store.exists(keys.prints(job_id))


def test_bytes_that_are_gone_are_not_found_though_the_store_has_their_prints(api: Api) -> None:
    gone, kept = read(api, DEED), read(api, DEED)
    api.parts.blobs.delete_job("default", gone)
    assert found(api, q="mua") == [kept]


def test_pages_that_were_read_before_there_were_prints_are_found(api: Api) -> None:
    job_id, other = read(api, ("một",), ("hai",)), read(api, ("ba",))
    api.store.delete(keys.prints(job_id))
    assert found(api, q="hai mot") == [job_id]
    assert found(api, q="ba") == [other]


def test_what_was_read_so_far_is_found(api: Api) -> None:
    job_id = sent(api, data=PDF)
    api.read(api.begin(2), page_of(1, *DEED))
    assert found(api, q="mua") == [job_id]


def test_another_tenants_documents_are_not_found(api: Api) -> None:
    ann, bob = bearer(api, "ann"), bearer(api, "bob")
    job_id = read(api, DEED, **ann)
    assert found(api, ann, q="mua") == [job_id]
    assert found(api, bob, q="mua") == []


def test_damaged_records_hide_no_others(api: Api) -> None:
    odd, damaged, sound = read(api, DEED), read(api, DEED), read(api, DEED)
    api.store.set(keys.prints(odd), "x")
    api.store.hset(keys.job(damaged), "document", "{")
    assert found(api, q="mua") == [sound, odd]
    for told in ("two", "-1", "²"):
        api.store.hset(keys.job(damaged), "done", told)
        assert found(api, q="mua") == [sound, odd]
