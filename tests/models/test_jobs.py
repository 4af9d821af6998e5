"""A model of one's own through the API and a real worker: asked for, listed, told, refused."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis
from PIL import Image

from api.services import make_services
from keeper.keeper import make_keeper
from shared.errors import SettingError
from shared.settings import Settings
from shared.store.scripts import connect
from tests.api.playing import Api, problem
from tests.models.own import make_shouting
from tests.ocr.samples import picture_of, text_of
from worker.models import LoadedModels
from worker.ocr.networks.weights import sha256_of
from worker.runtime import Runtime


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_shouting(tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def settings(valkey_settings: Settings, tmp_path: Path, folder: Path) -> Settings:
    return Settings(
        redis_url=valkey_settings.store_url,
        data_dir=tmp_path,
        models_dir=folder,
        device="cpu",
        loader_processes=1,
    )


@contextmanager
def worker(api: Api, settings: Settings) -> Iterator[Runtime]:
    """A worker with the real models, whom the API knows of."""
    runtime = Runtime(settings, connect(settings.store_url), LoadedModels.load(settings))
    try:
        while not api.parts.workers.alive():
            pass
        yield runtime
    finally:
        runtime.close()


@pytest.fixture
def api(store_client: redis.Redis, settings: Settings) -> Api:
    return Api(make_services(settings), store_client, settings.data_dir / "blobs")


def line() -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture_of("line")).save(file, "PNG")
    return file.getvalue()


def test_a_job_is_read_by_the_model_that_it_names(
    api: Api, settings: Settings, folder: Path
) -> None:
    with worker(api, settings) as runtime:
        named = api.submit(line(), model="shouting")
        plain = api.submit(line())
        while runtime.take_next():
            pass
    assert named["options"]["model"] == "shouting"
    for job, name, text in (
        (named, "shouting", text_of("line").swapcase()),
        (plain, "vi-print", text_of("line")),
    ):
        result = api.get(f"/v1/jobs/{job['id']}/result").get_json()
        assert [one["text"] for one in result["pages"][0]["lines"]] == [text]
        assert result["model"] == api.get(f"/v1/jobs/{job['id']}").get_json()["model"]
        assert result["model"]["name"] == name
    by = api.get(f"/v1/jobs/{named['id']}").get_json()["model"]
    sha256 = sha256_of(folder / "shouting.safetensors")
    assert by == {"name": "shouting", "version": "7", "sha256": sha256}


def test_the_models_are_listed_with_the_workers_that_have_them(
    api: Api, settings: Settings
) -> None:
    with worker(api, settings) as runtime:
        listed = api.get("/models").get_json()["models"]
        (described,) = api.get("/models/shouting").get_json()
    assert [model["modelName"] for model in listed] == ["shouting", "vi-print"]
    assert described["modelVersion"] == "7"
    assert [one["id"] for one in described["workers"]] == [runtime.id]


def test_a_model_that_nobody_has_is_refused_with_the_names_of_those_there_are(
    api: Api, settings: Settings
) -> None:
    with worker(api, settings):
        answer = api.client.post("/v1/jobs", data=line(), query_string={"model": "other"})
    found = problem(answer, 422, "invalid_option")
    assert "`shouting`, `vi-print`" in found["detail"] and found["option"] == "model"


def test_a_job_that_named_a_model_before_any_worker_lived_waits_and_says_for_what(
    api: Api, settings: Settings
) -> None:
    job = api.submit(line(), model="other")
    with worker(api, settings) as runtime:
        assert not runtime.take_next()
        make_keeper(settings).note_unmet()
    waiting = api.get(f"/v1/jobs/{job['id']}").get_json()
    assert waiting["status"] == "queued" and waiting["queue"]["position"] == 1
    assert waiting["queue"]["reason"] == "No worker that runs now has the model `other`."


def test_a_model_that_no_worker_has_for_long_is_given_up(api: Api, settings: Settings) -> None:
    late, plain = api.submit(line(), model="other"), api.submit(line())
    keeper = make_keeper(settings.model_copy(update={"job_timeout_s": 0.01}))
    keeper.note_unmet()
    assert api.get(f"/v1/jobs/{late['id']}").get_json()["status"] == "queued", "no worker lives"
    with worker(api, settings):
        keeper.note_unmet()
        time.sleep(0.02)
        keeper.note_unmet()
    job = api.get(f"/v1/jobs/{late['id']}").get_json()
    assert job["status"] == "failed" and job["error"]["code"] == "model_unusable"
    assert "`other`" in job["error"]["detail"]
    assert api.get(f"/v1/jobs/{plain['id']}").get_json()["status"] == "queued"


def test_of_two_workers_each_reads_the_jobs_of_its_own_models(api: Api, settings: Settings) -> None:
    without = settings.model_copy(update={"models_dir": None})
    with worker(api, without) as plain, worker(api, settings) as richer:
        jobs = [api.submit(line(), model=name)["id"] for name in ("shouting", "vi-print") * 3]
        while plain.take_next():
            pass
        seen = [api.get(f"/v1/jobs/{job_id}").get_json()["status"] for job_id in jobs]
        assert seen == ["queued", "succeeded"] * 3
        while richer.take_next():
            pass
    for job_id in jobs:
        assert api.get(f"/v1/jobs/{job_id}").get_json()["status"] == "succeeded"


def test_a_damaged_model_fails_the_jobs_that_name_it_and_no_others(
    api: Api, settings: Settings, folder: Path
) -> None:
    path = folder / "shouting.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    with worker(api, settings) as runtime:
        bad, good = api.submit(line(), model="shouting"), api.submit(line())
        while runtime.take_next():
            pass
    job = api.get(f"/v1/jobs/{bad['id']}").get_json()
    assert job["status"] == "failed" and job["error"]["code"] == "model_unusable"
    assert "shouting.safetensors is not what its card says" in job["error"]["detail"]
    assert str(folder) not in job["error"]["detail"]
    assert api.get(f"/v1/jobs/{good['id']}").get_json()["status"] == "succeeded"


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (lambda path: path.write_bytes(b"?"), "shouting.safetensors is not what its card says"),
        (lambda path: path.with_suffix(".json").write_text("{"), "cannot be read as a card"),
        (lambda path: path.unlink(), "no such model"),
    ],
)
def test_a_worker_whose_own_model_is_bad_does_not_start(
    settings: Settings, folder: Path, harm: Callable[[Path], object], reason: str
) -> None:
    harm(folder / "shouting.safetensors")
    with pytest.raises(SettingError, match=f"DOCCHU_MODEL=shouting cannot be used.*{reason}"):
        LoadedModels.load(settings.model_copy(update={"model": "shouting"}))


def test_a_folder_that_is_not_there_is_named(settings: Settings, tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    with pytest.raises(SettingError, match=f"DOCCHU_MODELS_DIR={missing} is no folder"):
        LoadedModels.load(settings.model_copy(update={"models_dir": missing}))


def test_a_job_without_the_language_model_gets_what_was_seen(api: Api, settings: Settings) -> None:
    page = Image.fromarray(picture_of("decree"))
    tiny, file = page.resize((page.width * 9 // 25, page.height * 9 // 25)), io.BytesIO()
    tiny.save(file, "PNG")
    with worker(api, settings) as runtime:
        jobs = [api.submit(file.getvalue(), language_model=told) for told in ("auto", "off")]
        while runtime.take_next():
            pass
    decided, seen = (
        [
            word
            for line in api.get(f"/v1/jobs/{job['id']}/result").get_json()["pages"][0]["lines"]
            for word in line["words"]
        ]
        for job in jobs
    )
    changed = [word for word in decided if "alternatives" in word]
    assert changed
    assert all(word["text"] not in word["alternatives"] for word in changed)
    assert not any("alternatives" in word for word in seen)
    assert {one for word in changed for one in word["alternatives"]} <= {w["text"] for w in seen}


def test_a_model_is_unregistered_and_registered_as_torchserves_tools_do(
    api: Api, settings: Settings
) -> None:
    with worker(api, settings) as runtime:
        assert api.client.delete("/models/shouting").status_code == 200
        answer = api.client.post("/v1/jobs", data=line(), query_string={"model": "shouting"})
        problem(answer, 422, "invalid_option")
        assert api.client.post("/models?url=shouting.mar").status_code == 200
        job = api.submit(line(), model="shouting")
        while runtime.take_next():
            pass
    result = api.get(f"/v1/jobs/{job['id']}/result").get_json()
    assert result["model"]["name"] == "shouting"
