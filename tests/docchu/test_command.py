"""Stories of `docchu read`, run as people run it."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docchu.contract_fake import ContractFake, Fault

Docchu = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def scan(tmp_path: Path) -> Callable[..., str]:
    """Write a document and give its name."""

    def write(name: str, content: str) -> str:
        (tmp_path / name).write_text(content, encoding="utf-8")
        return name

    return write


def test_the_text_of_a_document_and_nothing_else_is_printed(docchu: Docchu, scan):
    done = docchu("read", scan("thư.png", "Xin chào\nViệt Nam"))
    assert (done.stdout, done.stderr, done.returncode) == ("Xin chào\nViệt Nam\n", "", 0)


def test_several_texts_have_headers_and_come_in_order(docchu: Docchu, scan):
    done = docchu("read", scan("a.png", "SLOW\nmột\n"), scan("b.png", "hai\n"))
    assert done.stdout == "==> a.png <==\nmột\n\n==> b.png <==\nhai\n"
    assert done.returncode == 0


def test_more_documents_than_are_submitted_ahead_are_all_read(docchu: Docchu, scan):
    files = [scan(f"{n:02}.png", f"số {n}\n") for n in range(20)]
    done = docchu("read", *files)
    assert [row for row in done.stdout.splitlines() if row.startswith("số")] == [
        f"số {n}" for n in range(20)
    ]


def test_json_is_one_document_a_line(docchu: Docchu, scan):
    done = docchu("read", "--format", "json", scan("a.png", "một"), scan("b.png", "PARTIAL\nhai"))
    one, two = map(json.loads, done.stdout.splitlines())
    assert (one["file"], one["status"], one["error"]) == ("a.png", "succeeded", None)
    assert one["pages"][0]["lines"][0]["text"] == "một"
    assert (two["status"], two["error"]["code"]) == ("partial", "document_damaged")
    assert "một" in done.stdout, "Vietnamese is not escaped"


def test_formats_that_are_one_file_take_one_document(docchu: Docchu, scan):
    files = [scan("a.png", "một"), scan("b.png", "hai")]
    done = docchu("read", "--format", "pdf", *files)
    assert done.returncode == 2
    assert "give one FILE" in done.stderr
    assert docchu("read", "--format", "hocr", files[0]).stdout.startswith("{"), "as it comes"


def test_stdin_is_read_as_a_document(docchu: Docchu, service: ContractFake):
    done = docchu("read", "-", stdin="từ ống\n")
    assert (done.stdout, done.returncode) == ("từ ống\n", 0)
    assert service.only_job().name == "stdin"


def test_pages_are_passed_on(docchu: Docchu, scan, service: ContractFake):
    docchu("read", "--pages", "1-3,7", scan("a.pdf", "x"))
    assert service.only_job().options == {"pages": "1-3,7"}


def test_a_password_is_passed_on(docchu: Docchu, scan, service: ContractFake):
    file = scan("a.pdf", "x\n")
    assert docchu("read", "--password", "bí mật", file).stdout == "x\n"
    docchu("read", file, DOCCHU_PASSWORD="của tôi")
    told = [job.options for job in service.jobs.values()]
    assert told == [{"password": "bí mật"}, {"password": "của tôi"}]
    assert "bí mật" not in docchu("read", "--help", DOCCHU_PASSWORD="bí mật").stdout


def test_an_option_that_the_service_does_not_know_is_a_usage_error(docchu: Docchu, scan):
    done = docchu("read", "--pages", "0", scan("a.pdf", "x"))
    assert done.returncode == 2
    assert "pages count from 1" in done.stderr


def test_a_failed_document_is_named_and_the_others_are_read(docchu: Docchu, scan):
    done = docchu("read", scan("a.pdf", "FAIL document_encrypted"), scan("b.png", "hai\n"))
    assert done.stdout == "==> b.png <==\nhai\n"
    assert done.stderr == "docchu: a.pdf: document_encrypted: It cannot be read.\n"
    assert done.returncode == 1


def test_a_refused_document_is_named(docchu: Docchu, scan):
    done = docchu("read", scan("a.doc", "REFUSE"))
    assert done.stderr == "docchu: a.doc: unsupported_media_type: The document is no image.\n"
    assert done.returncode == 1


def test_a_partial_document_is_printed_and_its_missing_pages_are_named(docchu: Docchu, scan):
    done = docchu("read", scan("a.pdf", "PARTIAL\nmột\n"))
    assert done.stdout == "một\n"
    assert done.stderr.splitlines() == [
        "docchu: a.pdf: document_damaged: It is damaged.",
        "docchu: a.pdf: page 2: page_too_large: Too many pixels.",
    ]
    assert done.returncode == 1


def test_a_missing_file_and_a_folder_are_named_and_the_others_are_read(
    docchu: Docchu, scan, tmp_path: Path
):
    (tmp_path / "scans").mkdir()
    done = docchu("read", "gone.png", "scans", scan("b.png", "hai\n"))
    assert done.stdout == "==> b.png <==\nhai\n"
    assert done.stderr.splitlines() == [
        "docchu: gone.png: No such file or directory",
        "docchu: scans is a folder: give its files, such as scans/*",
    ]
    assert done.returncode == 1


def test_where_no_service_is_the_way_to_one_is_told(docchu: Docchu, scan):
    with socket.socket() as taken:  # bound and not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = docchu("read", "--url", url, scan("a.png", "x"))
    assert done.stderr == (
        f"docchu: No Docchu service at {url}: start one with `docchu serve` or give --url\n"
    )
    assert (done.stdout, done.returncode) == ("", 3)


def test_a_url_that_is_none_is_a_usage_error(docchu: Docchu, scan):
    done = docchu("read", "--url", "localhost:8080", scan("a.png", "x"))
    assert "localhost:8080" in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize("command", ["read", "jobs", "ingest"])
def test_an_address_with_a_path_too_much_is_asked_about(
    docchu: Docchu, scan, service: ContractFake, command: str
):
    file = scan("a.pdf", "%PDF-1.4")
    arguments = {"read": [file], "ingest": [file, "--out", "out"]}.get(command, [])
    done = docchu(command, "--url", f"{service.url}/v1/", *arguments)
    assert f"Is {service.url}/v1/ the address of a Docchu service?" in done.stderr
    assert (done.stdout, done.returncode) == ("", 3)


def test_a_key_that_is_not_for_this_is_told_what_it_is_for(docchu: Docchu, service: ContractFake):
    service.refused = "This API key is for submitting documents."
    done = docchu("jobs", DOCCHU_API_KEY="dk_right")
    assert "This API key is for submitting documents. (forbidden at http" in done.stderr
    assert done.returncode == 3


def test_the_api_key_comes_from_the_environment(docchu: Docchu, scan, service: ContractFake):
    service.api_key = "dk_right"
    file = scan("a.png", "x\n")
    assert docchu("read", file, DOCCHU_API_KEY="dk_right").stdout == "x\n"
    without, wrong = docchu("read", file), docchu("read", file, DOCCHU_API_KEY="dk_wrong")
    assert "wants an API key: give --api-key or set DOCCHU_API_KEY" in without.stderr
    assert "does not take this API key" in wrong.stderr
    assert (without.returncode, wrong.returncode) == (3, 3)


def test_a_busy_service_is_asked_again(docchu: Docchu, scan, service: ContractFake):
    service.faults.append(Fault(429, retry_after="0"))
    done = docchu("read", scan("a.png", "x\n"))
    assert (done.stdout, done.stderr, done.returncode) == ("x\n", "", 0)


def test_the_exit_codes_are_told_by_the_help(docchu: Docchu):
    done = docchu("read", "--help")
    assert all(f"  {code} " in done.stdout for code in (0, 1, 2, 3, 130))


def test_the_help_loads_no_http_client(environment: dict[str, str], docchu: Docchu):
    done = docchu("--help", PYTHONPROFILEIMPORTTIME="1")
    assert "typer" in done.stderr
    assert "httpx" not in done.stderr
    assert " rich" not in done.stderr
