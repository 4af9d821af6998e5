"""TorchServe's management, as far as it is true here, and a clear answer for the rest."""

from __future__ import annotations

import http.client
import subprocess
from collections.abc import Callable

import pytest

from shared.jobs import Model
from shared.store.workers import WorkerInfo
from tests.api.playing import MODEL, PNG, Api, problem
from tests.api.process import Process, Start, free_port
from tests.api.test_auth import bearer

OWN = Model(name="receipts", version="3", sha256="cd" * 32)


@pytest.fixture
def api(make_api: Callable[..., Api]) -> Api:
    """An API with two workers, one of which has a model of its own."""
    made = make_api()
    for name, models in (("ann", [MODEL, OWN]), ("bob", [MODEL])):
        info = WorkerInfo(id=name, model=MODEL, models=models, device="cpu", num_slices=4)
        made.parts.workers.report(info)
    return made


def names(api: Api) -> list[str]:
    return [model["modelName"] for model in api.get("/models").get_json()["models"]]


def test_a_model_of_the_folder_is_registered_and_can_be_asked_for(api: Api) -> None:
    for url in ("receipts.mar", "receipts", "receipts.safetensors"):
        answer = api.client.post(f"/models?url={url}&initial_workers=1&synchronous=true")
        assert answer.get_json() == {
            "status": 'Model "receipts" Version: 3 registered with 1 initial workers'
        }
    assert names(api) == ["receipts", "vi-print"]


def test_what_is_not_there_is_told_where_it_belongs(api: Api) -> None:
    detail = problem(api.client.post("/models?url=other.mar"), 404, "model_not_found")["detail"]
    assert "other.safetensors" in detail and "DOCCHU_MODELS_DIR" in detail
    for query in ("url=https://example.com/a.mar", "url=receipts.mar&model_name=a", "", "url="):
        problem(api.client.post(f"/models?{query}"), 422, "invalid_option")


def test_one_that_is_unregistered_cannot_be_asked_for_until_it_is_registered(api: Api) -> None:
    answer = api.client.delete("/models/receipts/3")
    assert answer.get_json() == {"status": 'Model "receipts" unregistered'}
    assert names(api) == ["vi-print"]
    problem(api.get("/models/receipts"), 404, "model_not_found")
    problem(api.client.post("/v1/jobs?model=receipts", data=PNG), 422, "invalid_option")
    api.client.post("/models?url=receipts.mar")
    assert names(api) == ["receipts", "vi-print"]
    assert api.submit(PNG, model="receipts")["options"]["model"] == "receipts"


def test_the_workers_own_model_stays(api: Api) -> None:
    problem(api.client.delete("/models/vi-print"), 409, "not_offered")
    problem(api.client.delete("/models/other"), 404, "model_not_found")
    assert names(api) == ["receipts", "vi-print"]


def test_scaling_says_how_many_workers_there_are(api: Api) -> None:
    answer = api.client.put("/models/vi-print?min_worker=1&max_worker=2&synchronous=true")
    assert answer.get_json() == {"status": "Workers scaled to 2 for model: vi-print"}
    assert api.client.put("/models/receipts/3?min_worker=1").status_code == 200
    detail = problem(api.client.put("/models/vi-print?min_worker=4"), 409, "not_offered")["detail"]
    assert "2 workers" in detail and "python -m worker" in detail
    problem(api.client.put("/models/vi-print?min_worker=-1"), 422, "invalid_option")
    problem(api.client.put("/models/receipts/9?min_worker=1"), 404, "model_not_found")


def test_the_version_that_there_is_is_the_default(api: Api) -> None:
    answer = api.client.put("/models/receipts/3/set-default")
    assert answer.get_json()["status"].endswith('model "receipts" to "3"')
    problem(api.client.put("/models/receipts/9/set-default"), 409, "not_offered")


def test_versions_are_described_one_by_one_and_all(api: Api) -> None:
    (one,) = api.get("/models/receipts/3").get_json()
    assert (one["modelVersion"], len(one["workers"])) == ("3", 1)
    assert api.get("/models/receipts/all").get_json() == [one]
    problem(api.get("/models/receipts/9"), 404, "model_not_found")


def test_the_api_is_described_where_torchserve_does(api: Api) -> None:
    assert api.get("/api-description").get_json() == api.get("/openapi.json").get_json()


def test_what_is_not_done_says_so(api: Api) -> None:
    problem(api.client.post("/explanations/vi-print", data=PNG), 409, "not_offered")
    assert "PUT" in problem(api.client.patch("/models/a"), 405, "method_not_allowed")["detail"]


def test_managing_wants_a_key_of_the_role_admin_where_there_are_keys(api: Api) -> None:
    _, token = api.parts.api_keys.create("ops", role="admin")
    admin, ann = {"Authorization": f"Bearer {token}"}, bearer(api, "ann")
    calls = {"/models?url=receipts": "post", "/models/receipts": "put", "/models/other": "delete"}
    for path, method in calls.items():
        call = getattr(api.client, method)
        problem(call(path), 401, "unauthorized")
        problem(call(path, headers=ann), 403, "forbidden")
        assert call(path, headers=admin).status_code in (200, 404)
    assert api.get("/models/receipts", ann).status_code == 200


def test_one_service_answers_at_several_addresses(start: Start) -> None:
    ports = [free_port() for _ in range(3)]
    bind = ",".join(f"127.0.0.1:{port}" for port in ports)
    process: subprocess.Popen[str] = start(DOCCHU_BIND=bind)
    Process(ports[0], process).wait_until_up()
    for port in ports:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", "/ping")
        assert connection.getresponse().read() == b'{"status":"Healthy"}'
        connection.close()
