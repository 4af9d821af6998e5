"""Recognisers of a folder beside the one that ships: found, checked, few kept, never mixed."""

from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.models.own import make_plain, make_shouting, write_card
from tests.ocr.samples import picture_of, text_of, text_read
from worker.ocr.networks.library import MOST_LOADED, UnknownModel
from worker.ocr.networks.weights import WeightsError
from worker.ocr.reader import Reader


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    make_shouting(folder)
    make_plain(folder)
    return folder


@pytest.fixture(scope="module")
def reader(folder: Path) -> Iterator[Reader]:
    reader = Reader.load(folder, "cpu")
    yield reader
    reader.close()


def line_by(reader: Reader) -> str:
    return text_read(reader.read(picture_of("line")).page)


def test_the_folder_s_models_stand_beside_the_shipped_one(reader: Reader, folder: Path) -> None:
    (folder / "half-copied.safetensors").write_bytes(b"no card yet")
    (folder / "notes.txt").write_text("not a model")
    assert set(reader.library.cards()) == {"vi-print", "shouting", "plain"}
    assert reader.library.cards()["shouting"].version == "7"


def test_each_model_reads_with_its_own_weights_and_is_named_by_its_file(reader: Reader) -> None:
    shouting = reader.using("shouting")
    assert line_by(reader) == text_of("line")
    assert line_by(shouting) == text_of("line").swapcase()
    assert (reader.model.name, shouting.model.name) == ("vi-print", "shouting")
    assert shouting.model.sha256 != reader.model.sha256


def test_a_model_may_bring_its_own_characters(reader: Reader) -> None:
    text = line_by(reader.using("plain"))
    assert text and text.isascii()


def test_lines_of_different_models_read_at_once_do_not_mix(reader: Reader) -> None:
    names = ["vi-print", "shouting"] * 8
    with ThreadPoolExecutor(8) as threads:
        lines = threads.map(lambda name: line_by(reader.using(name)), names)
        assert list(lines) == [text_of("line"), text_of("line").swapcase()] * 8


def test_few_are_kept_and_those_used_last(tmp_path: Path) -> None:
    names = [f"own-{number}" for number in range(MOST_LOADED + 1)]
    for name in names:
        make_plain(tmp_path, name)
    reader = Reader.load(tmp_path, "cpu")
    kept = [weakref.ref(reader.library.load(name).network) for name in names]
    gc.collect()
    assert [ref() is None for ref in kept] == [True] + [False] * MOST_LOADED
    assert reader.library.load(names[1]).network is kept[1]()
    reader.close()


def test_a_model_that_is_written_anew_is_loaded_anew(tmp_path: Path) -> None:
    path = make_shouting(tmp_path, "own", version="1")
    reader = Reader.load(tmp_path, "cpu")
    assert line_by(reader.using("own")) == text_of("line").swapcase()
    make_plain(tmp_path, "own")
    os.utime(path, ns=(1, 1))  # whatever the clock of the disk says
    assert line_by(reader.using("own")).isascii()
    reader.close()


@pytest.mark.parametrize("name", ["missing", "../vi-print", "", "detector.safetensors", "a/b", "."])
def test_an_unknown_name_is_refused_whatever_it_looks_like(reader: Reader, name: str) -> None:
    with pytest.raises(UnknownModel):
        reader.using(name)


def test_what_is_no_recogniser_is_refused(reader: Reader) -> None:
    with pytest.raises(WeightsError, match="is a detector, not a recognizer"):
        reader.using("detector")


def test_a_file_that_is_not_its_card_s_is_refused_with_its_name(tmp_path: Path) -> None:
    path = make_shouting(tmp_path)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(WeightsError, match=r"shouting\.safetensors is not what its card says"):
        Reader.load(tmp_path, "cpu", model="shouting")


def test_a_head_that_does_not_fit_the_card_s_characters_is_refused(tmp_path: Path) -> None:
    path = make_plain(tmp_path)
    write_card(path, characters="abc")
    with pytest.raises(WeightsError, match=r"another network: size mismatch for head\.weight"):
        Reader.load(tmp_path, "cpu", model="plain")


@pytest.mark.parametrize("characters", ["", "abca"])
def test_characters_that_name_no_class_each_are_refused(tmp_path: Path, characters: str) -> None:
    path = make_plain(tmp_path)
    write_card(path, characters=characters)
    with pytest.raises(WeightsError, match="names no characters, or one of them twice"):
        Reader.load(tmp_path, "cpu", model="plain")
