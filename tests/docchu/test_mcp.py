"""An assistant reads documents: the package's own client, over pipes and over HTTP."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters

from bench.crew import Crew
from bench.service import free_port
from bench.workers.marked import picture_of, text_of
from docchu.client import Docchu
from tests.docchu.conftest import ROOT

Use = Callable[[Client], Awaitable[Any]]


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "hóa đơn.png").write_bytes(picture_of(41))
    (tmp_path / "secret.png").write_bytes(picture_of(42))
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    (folder / "words.txt").write_text("just words")
    return folder


def over_pipes(crew: Crew, scans: Path, use: Use) -> Any:
    """Start `docchu mcp` as an assistant does."""
    command = ["-m", "docchu.commands.cli", "mcp", "--url", crew.url, "--root", str(scans)]
    server = StdioServerParameters(
        command=sys.executable, args=command, env={"PYTHONPATH": str(ROOT)}
    )

    async def run() -> Any:
        async with Client(server) as client:
            return await use(client)

    return asyncio.run(run())


def text_in(result: Any) -> str:
    assert not result.is_error, result.content
    return str(result.content[0].text)


def test_an_assistant_reads_a_file_and_finds_it_again(crew: Crew, scans: Path) -> None:
    async def use(client: Client) -> None:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert names == {
            *("read_document", "submit_document", "wait_for_job", "get_text"),
            "search_documents",
        }
        asked = {"document": "hóa đơn.png", "form": "text"}
        assert text_in(await client.call_tool("read_document", asked)).strip() == text_of(41)
        sent = await client.call_tool("submit_document", {"document": "hóa đơn.png"})
        job_id = sent.structured_content["job_id"]
        ended = await client.call_tool("wait_for_job", {"job_id": job_id})
        assert ended.structured_content["status"] == "succeeded"
        text = await client.call_tool("get_text", {"job_id": job_id, "form": "text"})
        assert text_in(text).strip() == text_of(41)
        found = await client.call_tool("search_documents", {"name": "hoa don", "limit": 1})
        assert [one["job_id"] for one in found.structured_content["result"]] == [job_id]
        found = await client.call_tool("search_documents", {"query": text_of(41), "limit": 1})
        (one,) = found.structured_content["result"]
        assert one["found"] == [{"page": 1, "line": 0, "text": text_of(41)}]

    over_pipes(crew, scans, use)


REFUSED = [
    ("read_document", {"document": "../secret.png"}, "not in the served folder"),
    ("read_document", {"document": "link.png"}, "not in the served folder"),
    ("read_document", {"document": "/etc/passwd"}, "not in the served folder"),
    ("read_document", {"document": "none.png"}, "no file"),
    ("read_document", {"document": "words.txt"}, "unsupported_media_type"),
    ("submit_document", {"document": "hóa đơn.png", "pages": "3-1"}, "invalid_option"),
    ("submit_document", {"document": "http://10.0.0.1/a.png"}, "address_refused"),
    ("get_text", {"job_id": "job_1"}, "job_not_found"),
]


def test_what_is_wrong_is_told_and_no_other_file_is_read(crew: Crew, scans: Path) -> None:
    async def use(client: Client) -> None:
        for tool, arguments, said in REFUSED:
            result = await client.call_tool(tool, arguments)
            assert result.is_error and said in result.content[0].text, (arguments, result)

    over_pipes(crew, scans, use)


def test_over_http_it_serves_this_machine_and_no_folder_unless_told(
    crew: Crew, scans: Path
) -> None:
    port = free_port()
    command = [sys.executable, "-m", "docchu.commands.cli", "mcp", "--url", crew.url]
    server = subprocess.Popen([*command, "--http", f"127.0.0.1:{port}"], cwd=ROOT)
    address = f"http://127.0.0.1:{port}/mcp"

    async def use() -> None:
        async with Client(address) as client:
            path = str(scans / "hóa đơn.png")
            refused = await client.call_tool("read_document", {"document": path})
            assert refused.is_error and "--root" in refused.content[0].text
            with Docchu(crew.url) as docchu:
                job = docchu.submit(picture_of(43))
            text = await client.call_tool("wait_for_job", {"job_id": job.id})
            assert text.structured_content["status"] == "succeeded"

    try:
        while True:
            try:
                httpx.get(address)
                break
            except httpx.TransportError:
                assert server.poll() is None
        asyncio.run(use())
    finally:
        server.terminate()
        server.wait(30)


@pytest.mark.parametrize("address", ["0.0.0.0:8090", "example.com:80", "8090"])
def test_an_address_that_others_reach_is_refused(
    docchu: Callable[..., subprocess.CompletedProcess[str]], address: str
) -> None:
    done = docchu("mcp", "--http", address)
    assert done.returncode == 2 and "this machine" in done.stderr
