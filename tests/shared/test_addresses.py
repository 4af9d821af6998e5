"""Outgoing addresses: the public internet, what the operator opens, and nothing else."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import AddressRefused
from shared.outgoing.addresses import Resolver, check, check_briefly, check_plain, is_public

PUBLIC = "93.184.215.14"


def at(*addresses: str) -> Resolver:
    """A resolver that gives these addresses for any name, and for an address itself."""

    def resolve(host: str, port: int) -> Sequence[str]:
        try:
            return [str(ipaddress.ip_address(host))]
        except ValueError:
            return addresses

    return resolve


def test_a_public_address_is_let_through_with_its_parts() -> None:
    target = check("HTTPS://Docs.Example:8443/a%20b?c=d#e", resolver=at(PUBLIC, "2606:4700::1"))
    assert (target.scheme, target.host, target.port) == ("https", "docs.example", 8443)
    assert target.path == "/a%20b?c=d"
    assert target.addresses == (PUBLIC, "2606:4700::1")


def test_ports_follow_the_scheme() -> None:
    assert check("http://a.example", resolver=at(PUBLIC)).port == 80
    assert check("https://a.example", resolver=at(PUBLIC)).port == 443


def test_a_name_in_any_script_is_resolved_as_ascii() -> None:
    assert check("http://tài-liệu.example/ả", resolver=at(PUBLIC)).host.startswith("xn--")
    assert check("http://a.example/ả?ả", resolver=at(PUBLIC)).path == "/%E1%BA%A3?%E1%BA%A3"


INSIDE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",  # carrier-grade NAT
    "100.100.100.200",  # a cloud's metadata
    "127.0.0.1",
    "127.8.8.8",
    "168.63.129.16",  # a cloud's platform
    "169.254.169.254",  # a cloud's metadata
    "172.16.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",  # NAT64 of 10.0.0.1
    "64:ff9b:1::1",
    "100::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:a9fe:a9fe::1",
    "fc00::1",
    "fd00:ec2::254",  # a cloud's metadata
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_what_is_inside_is_refused_by_name_and_by_number(address: str) -> None:
    with pytest.raises(AddressRefused):
        check(f"http://[{address}]/" if ":" in address else f"http://{address}/", resolver=at())
    with pytest.raises(AddressRefused) as refused:
        check("http://a.example/", resolver=at(address))
    assert address not in str(refused.value), "a caller must not learn what is inside"


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1", "64:ff9b::808:808"])
def test_what_is_public_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


def test_one_inside_address_among_public_ones_is_enough() -> None:
    with pytest.raises(AddressRefused, match="not at a public address"):
        check("http://a.example/", resolver=at(PUBLIC, "10.0.0.1"))


def test_the_operator_opens_networks() -> None:
    allow = (ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/64"))
    for address in ("10.1.2.3", "fd00::5", "::ffff:10.1.2.3", PUBLIC):
        assert check("http://a.example/", allow, at(address)).addresses == (address,)
    for address in ("10.2.0.1", "fd01::5", "127.0.0.1"):
        with pytest.raises(AddressRefused):
            check("http://a.example/", allow, at(address))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.example",
        "//a.example/",
        "ftp://a.example/",
        "file:///etc/passwd",
        "gopher://a.example/",
        "http:",
        "http:///a",
        "http://",
        "http://user@a.example/",
        "http://user:pass@a.example/",
        "http://a.example@10.0.0.1/",
        "http://a.example:0/",
        "http://a.example:65536/",
        "http://a.example:x/",
        "http://a.example:-1/",
        "http://a.example:80:80/",
        "http://a.example:８０/",
        "http://a.example:80@127.0.0.1/",
        "http://a.example%40127.0.0.1/",
        "http://a example/",
        "http://a.example/ b",
        "http://a.example\\@10.0.0.1/",
        "http://a.example/\r\nX: y",
        "http://a.example\t/",
        "http://[::1",
        "http://[::g]/",
        "http://[2606:4700::1%25eth0]/",
        "http://-a.example/",
        "http://a..example/",
        "http://" + "a" * 64 + ".example/",
        "http://a.example/" + "x" * 2048,
    ],
)
def test_a_url_that_two_parsers_may_read_differently_is_refused(url: str) -> None:
    with pytest.raises(AddressRefused):
        check(url, resolver=at(PUBLIC))


@pytest.mark.parametrize(
    "host",
    [
        "2130706433",
        "0x7f000001",
        "017700000001",
        "127.1",
        "0177.0.0.1",
        "0x7f.0.0.1",
        "8.8.8",
        "1.2.3.4.5",
        "0",
        "0x7f.1",
        "0x7F.0x0.0x0.0x1",
        "127.0.1",
        "127.000.000.001",
        "0300.0250.1.1",  # 192.168.1.1
        "2852039166",  # 169.254.169.254
        "0251.0376.0251.0376",
        "127.0.0.1.",
        "127。0。0。1",
        "①②⑦.⓪.⓪.①",
        "１６９.254.169.254",
        "%31%32%37.0.0.1",
        "127.0.0.1%00.a.example",
        "[0:0:0:0:0:ffff:7f00:0001]",
        "[::ffff:a9fe:a9fe]",
        "[64:ff9b::7f00:1]",
        "[::1]",
    ],
)
def test_a_number_that_only_some_take_for_an_address_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        check(f"http://{host}/", resolver=at(PUBLIC))


def test_a_name_without_an_address_is_refused() -> None:
    def fail(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror("no such host")

    for resolver in (fail, at()):
        with pytest.raises(AddressRefused, match="no address"):
            check("http://a.example/", resolver=resolver)


def test_the_system_resolves_the_name_of_this_machine() -> None:
    with pytest.raises(AddressRefused):
        check("http://localhost/")


@given(st.text(max_size=40))
def test_any_text_is_checked_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}.example/", f"http://a.example/{text}"):
        try:
            target = check(url, resolver=at(PUBLIC))
        except AddressRefused:
            continue
        assert target.path.isascii() and target.host.isascii() and " " not in target.path


@given(st.ip_addresses(v=4))
def test_an_address_is_as_public_as_any_disguise_of_it(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    disguises = [
        ipaddress.IPv6Address((0xFFFF << 32) | number),
        ipaddress.IPv6Address((0x64FF9B << 96) | number),
    ]
    for disguise in disguises:
        assert is_public(disguise) == is_public(address)


@pytest.mark.parametrize("url", ["http://a.example/", "https://8.8.8.8/", "http://xn--a.b:81/"])
def test_what_only_a_name_server_knows_is_not_asked_for(url: str) -> None:
    check_plain(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://2130706433/",
        "http://localhost/",
        "http://a.localhost./",
        "http://10.0.0.1:80/",
        "http://[::ffff:10.0.0.1]/",
        "http://a@b/",
        "ftp://a/",
    ],
)
def test_what_is_plain_is_refused_without_a_name_server(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_plain(url)


def test_the_operator_s_networks_are_plain_too() -> None:
    opened = (ipaddress.ip_network("127.0.0.0/8"),)
    check_plain("http://127.0.0.1/", opened)
    check_plain("http://localhost/", opened)
    with pytest.raises(AddressRefused):
        check_plain("http://10.0.0.1/", opened)


def test_a_name_that_leads_inside_is_refused_at_once_where_its_server_answers() -> None:
    for _ in range(20):  # each gives its place back
        with pytest.raises(AddressRefused):
            check_briefly("http://a.example/", (), lambda host, port: ["10.0.0.1"])


def test_a_name_server_that_does_not_answer_holds_nobody() -> None:
    asked: list[str] = []
    answers = threading.Event()

    def silent(host: str, port: int) -> list[str]:
        asked.append(host)
        answers.wait()
        return ["10.0.0.1"]

    try:
        for _ in range(40):
            check_briefly("http://a.example/", (), silent, patience_s=0.01)
    finally:
        answers.set()
    assert len(asked) < 40, "where many wait already, nobody waits beside them"
