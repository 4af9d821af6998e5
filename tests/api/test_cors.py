"""Pages of other origins: nobody's, until the operator names them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from shared.errors import SettingError
from shared.settings import load_settings
from tests.api.playing import PNG, Api, problem
from tests.api.test_auth import bearer

SHOP = "https://shop.example.vn"
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def preflight(api: Api, origin: str) -> TestResponse:
    return api.client.options("/v1/jobs", headers={"Origin": origin, **ASKS})


@pytest.fixture
def open_api(make_api: Callable[..., Api]) -> Api:
    return make_api(cors_origins=(SHOP,))


def test_a_named_origin_may_call_with_its_users_key(open_api: Api) -> None:
    headers = {"Origin": SHOP, **bearer(open_api, "ann")}
    asked = preflight(open_api, SHOP)
    assert asked.status_code == 204 and asked.headers["Access-Control-Allow-Origin"] == SHOP
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    answer = open_api.client.post("/v1/jobs", data=PNG, headers=headers)
    assert answer.status_code == 202 and answer.headers["Access-Control-Allow-Origin"] == SHOP
    assert "Location" in answer.headers["Access-Control-Expose-Headers"]
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    refused = open_api.get("/v1/jobs", {"Origin": SHOP})
    problem(refused, 401, "unauthorized")
    assert refused.headers["Access-Control-Allow-Origin"] == SHOP, "the page may see why"


def test_other_origins_are_told_nothing(open_api: Api, api: Api) -> None:
    for one, origin in ((open_api, "https://evil.example"), (open_api, "null"), (api, SHOP)):
        for answer in (preflight(one, origin), one.get("/healthz", {"Origin": origin})):
            assert not [
                name for name in answer.headers.to_wsgi_list() if "Access-Control" in name[0]
            ]


def test_without_keys_a_named_origin_is_as_good_as_this_machine(open_api: Api) -> None:
    assert open_api.get("/v1/jobs", {"Origin": SHOP}).status_code == 200
    problem(open_api.get("/v1/jobs", {"Origin": "https://evil.example"}), 401, "unauthorized")


def test_a_star_is_every_origin_but_opens_no_service_without_keys(
    make_api: Callable[..., Api],
) -> None:
    api = make_api(cors_origins=("*",))
    assert preflight(api, SHOP).headers["Access-Control-Allow-Origin"] == SHOP
    problem(api.get("/v1/jobs", {"Origin": SHOP}), 401, "unauthorized")
    assert api.get("/v1/jobs", {"Origin": SHOP, **bearer(api, "ann")}).status_code == 200


def test_what_is_no_origin_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCCHU_CORS_ORIGINS", f"{SHOP}, http://localhost:3000")
    assert load_settings().cors_origins == (SHOP, "http://localhost:3000")
    monkeypatch.setenv("DOCCHU_CORS_ORIGINS", f"{SHOP}/app")
    with pytest.raises(SettingError, match="DOCCHU_CORS_ORIGINS"):
        load_settings()


def test_a_new_job_says_how_many_pages_may_still_wait(api: Api) -> None:
    answer = api.client.post("/v1/jobs", data=PNG)
    assert answer.headers["RateLimit-Policy"] == '"pages";q=40'
    assert answer.headers["RateLimit"] == '"pages";r=39'
    assert api.client.post("/v1/jobs", data=PNG).headers["RateLimit"] == '"pages";r=38'
