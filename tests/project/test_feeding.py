"""`python -m bench.feeding` tells what a page costs the host, whatever lies beside the pages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from bench.feeding.remembering import Counts, _remembering
from bench.pages import draw_photos


@pytest.mark.acceptance
def test_it_runs_the_real_worker_over_a_folder_and_says_a_line_of_json(tmp_path: Path) -> None:
    draw_photos(tmp_path, 2, size=(300, 200))
    (tmp_path / "photo-00.txt").write_text("what the photo says")
    command = [sys.executable, "-m", "bench.feeding", "--pages", str(tmp_path), "--json"]
    options = ["--processes", "1", "--seconds", "2"]
    said = subprocess.run([*command, *options], capture_output=True, text=True, timeout=170)
    assert said.returncode == 0, said.stderr
    figures = json.loads(said.stdout.splitlines()[-1])
    assert figures["pages"] == 2
    assert figures["unknown_pictures"] == 0
    assert figures["by_processes"] == {"1": figures["pages_per_s"]}
    # The parts are of one whole: none is nothing, and the lock is held while the host works.
    for part in ("cpu_ms_per_page", "device_prep_ms_per_page", "decoding_ms_per_page"):
        assert 0 < figures[part] < 10_000, part
    assert 0 < figures["lock_ms_per_page"] < figures["cpu_ms_per_page"]
    assert any(name.startswith("worker/ocr/") for name in figures["stages_ms_per_page"])


class _Doubling(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, batch: Tensor) -> Tensor:
        self.seen += len(batch)
        return batch.mean((1, 2, 3)) * 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_network_that_remembers_answers_each_picture_as_before_in_any_batch(
    dtype: torch.dtype, tmp_path: Path
) -> None:
    counts, network = Counts(tmp_path / "counts", is_new=True), _Doubling()
    answer = _remembering(_Doubling.forward, {}, counts)
    pictures = torch.rand(5, 3, 48, 320)
    first = answer(network, pictures)
    again = answer(network, pictures.flip(0)[1:].to(dtype))
    assert torch.equal(again, first.flip(0)[1:])
    assert network.seen == 5
    assert counts.now()[2] == 5
