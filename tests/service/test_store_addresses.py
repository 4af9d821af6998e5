"""A store with TLS, with a user who may do little, and one that is a cluster."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from bench.crew import Crew, running_crew
from bench.service import free_port
from bench.workers.marked import picture_of, text_of
from shared.errors import SettingError
from shared.running.embedded import server_program
from shared.running.starting import await_stores
from shared.settings import Settings
from tests.service.servers import server

pytestmark = pytest.mark.acceptance  # whole services, or many pages

ROOT = Path(__file__).parents[2]
REDIS = shutil.which("redis-server")


def reads(crew: Crew, store_url: str) -> None:
    """See that documents go through, and that Celery's tools, the lists and the figures answer."""
    with httpx.Client(base_url=crew.url, timeout=90) as web:
        job_id = web.post("/v1/jobs", content=picture_of(7)).raise_for_status().json()["id"]
        web.get(f"/v1/jobs/{job_id}?wait=60").raise_for_status()
        text = web.get(f"/v1/jobs/{job_id}/result?format=text").raise_for_status().text
        assert text.strip() == text_of(7)
        batch = web.post("/v1/batches", files={"file": ("a.png", picture_of(8))}).json()["id"]
        done = web.get(f"/v1/batches/{batch}?wait=60").raise_for_status().json()
        assert done["status"] == "finished" and done["counts"]["succeeded"] == 1
        for path in ("/v1/jobs", "/v1/batches", "/metrics", "/readyz"):
            web.get(path).raise_for_status()
        web.delete(f"/v1/jobs/{job_id}").raise_for_status()
    celery = str(Path(sys.executable).with_name("celery"))
    environ = {"DOCCHU_REDIS_URL": store_url, "DOCCHU_DATA_DIR": str(crew.settings.data_dir)}
    for asked in ("ping", "reading", "stats"):
        answer = subprocess.run(
            [celery, "-A", "worker.app", "inspect", asked],
            env=environ | {"PATH": os.environ["PATH"]},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert answer.returncode == 0 and "1 node online" in answer.stdout, answer.stderr
    complaints = [line for line in crew.log.read_text().splitlines() if "away" in line]
    assert not complaints


def documented_rights() -> str:
    """The rights of the store's user, as the docs give them."""
    text = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    (rights,) = re.findall(r"^ACL SETUSER docchu (.*)$", text, re.MULTILINE)
    return str(rights).replace(">PASSWORD", ">secret")


@pytest.mark.timeout(400)  # the whole service starts
def test_a_user_with_the_documented_rights_is_enough(tmp_path: Path) -> None:
    port = free_port()
    lines = (f"port {port}", "bind 127.0.0.1", "user default off")
    rights = f"user docchu {documented_rights()}"
    url = f"redis://docchu:secret@127.0.0.1:{port}/0"
    with ExitStack() as stack:
        stack.enter_context(server(tmp_path / "store", server_program(), *lines, rights))
        crew = stack.enter_context(
            running_crew(tmp_path / "crew", "bench.workers.marked", DOCCHU_REDIS_URL=url)
        )
        reads(crew, url)


def certificates(folder: Path) -> Path:
    """An authority of its own, and a certificate of it for server and clients."""
    folder.mkdir()

    def openssl(*args: str) -> None:
        subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)

    subject = ("-subj", "/CN=authority")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem",
            "-days", "2", *subject)  # fmt: skip
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "own.key", "-out", "own.csr",
            "-subj", "/CN=127.0.0.1")  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-CAcreateserial", "-days", "2", "-out", "own.pem", "-extfile", "names")  # fmt: skip
    return folder


@pytest.mark.timeout(400)
@pytest.mark.skipif(
    not (REDIS and shutil.which("openssl")), reason="needs redis-server (TLS) and openssl"
)
def test_tls_with_an_own_authority_and_client_certificates(tmp_path: Path) -> None:
    assert REDIS
    made, port = certificates(tmp_path / "tls"), free_port()
    lines = (
        *("port 0", f"tls-port {port}", "bind 127.0.0.1", "tls-auth-clients yes"),
        *(f"tls-cert-file {made}/own.pem", f"tls-key-file {made}/own.key"),
        f"tls-ca-cert-file {made}/ca.pem",
    )
    options = f"ssl_ca_certs={made}/ca.pem&ssl_certfile={made}/own.pem&ssl_keyfile={made}/own.key"
    url = f"rediss://127.0.0.1:{port}/0?{options}&ssl_cert_reqs=required"
    with ExitStack() as stack:
        stack.enter_context(server(tmp_path / "store", REDIS, *lines))
        crew = stack.enter_context(
            running_crew(tmp_path / "crew", "bench.workers.marked", DOCCHU_REDIS_URL=url)
        )
        reads(crew, url)


def test_a_cluster_is_refused(tmp_path: Path) -> None:
    port = free_port()
    lines = (f"port {port}", f"cluster-port {free_port()}", "bind 127.0.0.1", "cluster-enabled yes")
    settings = Settings(data_dir=tmp_path / "data", redis_url=f"redis://127.0.0.1:{port}/0")
    with (
        server(tmp_path / "store", server_program(), *lines),
        pytest.raises(SettingError, match="is a cluster"),
    ):
        await_stores(settings)
