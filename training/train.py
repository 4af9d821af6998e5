"""Train the recogniser: `python -m training.train --minutes M --out training/runs/vi-print`."""

from __future__ import annotations

import argparse
import copy
import json
import math
import signal
import sys
import time
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from training.again import SecondTimes
from training.batches import Batch, BatchProcesses, Source
from training.checkpoint import Average, Progress, has_checkpoint, load_checkpoint, save_checkpoint
from training.lines.real import LabelledLine, load_labelled, num_labelled
from training.lines.render import Renderer
from training.loss import ctc_loss, taught_loss, teacher
from training.machine import Machine, gpu_idle, keep_memory, use_huge_pages
from training.measuring.reading import read_lines
from training.measuring.scoring import score_lines
from worker.ocr.networks.recognizer import Recognizer
from worker.ocr.networks.weights import fill
from worker.ocr.recognition.charset import NUM_CLASSES

_BASE = Path(__file__).parent / "runs" / "recognizer_base.safetensors"
_RATES = {"head": 1.5e-3, "neck": 1.5e-3, "stages": 6e-4, "stem": 3e-4}
_WARM_UP_STEPS, _WARM_UP_SHARE = 300, 0.05
"""The rate rises over so many steps or this share of the time, whichever is over first: ten minutes
of tuning on a core have hardly more steps than that."""
_LEAST_RATE = 0.01  # of the full learning rate, at the end
_CLIP, _DROPOUT = 5.0, 0.05
_CHECKPOINT_S, _LOG_STEPS = 120.0, 20
_NUM_SYNTHETIC, _SYNTHETIC_SEED = 300, 20_231
_EARLY_WIDTH, _LATE_WIDTH, _WIDE_FROM = 1120, 1632, 0.4
"""Pixels at 48 high: the widest lines at first, and from this share of the time on."""


def main() -> None:
    """Read the command line and train until the planned minutes are over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--minutes", type=float, required=True, help="planned length, resumes included"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--resume", action="store_true", help="go on from the folder's checkpoint, if it has one"
    )
    parser.add_argument("--stop-after", type=float, default=math.inf, help="minutes of this call")
    parser.add_argument("--lines", type=int, default=sys.maxsize, help="stop after so many in all")
    parser.add_argument("--renderers", type=int, help="processes that draw; by the cores if absent")
    parser.add_argument("--start", type=Path, default=_BASE, help="weights to start from")
    parser.add_argument("--teacher", type=Path, help="weights whose answers are learnt, too")
    parser.add_argument("--rate", type=float, default=1.0, help="factor on all learning rates")
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--eval", type=Path, help="folder of real lines to report on")
    parser.add_argument("--real", type=Path, help="folder of labelled lines to mix in")
    parser.add_argument("--real-share", type=float, default=0.3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--frozen", type=int, default=1, help="parts that keep their weights: the stem, stages"
    )
    parser.add_argument("--evaluate-every", type=float, default=8.0, help="minutes")
    arguments = parser.parse_args()
    use_huge_pages()
    keep_memory()
    torch.set_num_threads(arguments.threads)
    Training(arguments).run()


class Training:
    """One run: its network, its average, its optimiser, its clock and its log."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        """Load the weights or the checkpoint and start the renderer."""
        self._arguments = arguments
        self._out: Path = arguments.out
        self._out.mkdir(parents=True, exist_ok=True)
        self._model = Recognizer(NUM_CLASSES, dropout=_DROPOUT)
        fill(self._model, load_file(arguments.start))
        self._machine = Machine.found(arguments.renderers)
        self._model.to(self._machine.device, memory_format=self._machine.memory_format).train()
        self._teacher = teacher(arguments.teacher, self._machine) if arguments.teacher else None
        for part in (self._model.stem, *self._model.stages)[: arguments.frozen]:
            part.requires_grad_(False)
        self._optimiser = torch.optim.AdamW(self._groups(), fused=True)
        self._average = Average(self._model)
        self._progress = Progress(start=arguments.start.stem)
        if arguments.resume and has_checkpoint(self._out):
            self._progress = load_checkpoint(self._out, self._model, self._average, self._optimiser)
        self._progress.num_own = max(self._progress.num_own, num_labelled(arguments.real))
        self._began = time.monotonic() - self._progress.seconds
        self._last = self._progress.seconds + 60 * arguments.stop_after
        self._stopping = False
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        # A resumed run draws lines that it has not seen.
        source = Source(
            arguments.corpus,
            1 + self._progress.step,
            self._machine.columns,
            arguments.real,
            arguments.real_share,
        )
        self._renderer = BatchProcesses(source, self._max_width(), self._machine.num_renderers)
        self._seen = SecondTimes(source.seed)

    def run(self) -> None:
        """Step, check and report until the time is over or a signal comes, then save."""
        saved, every = self._elapsed(), 60 * self._arguments.evaluate_every
        due = self._elapsed() + every
        while not self._is_over():
            self._steps(_LOG_STEPS)
            if self._elapsed() - saved > _CHECKPOINT_S:
                self._save()
                saved = self._elapsed()
            if self._elapsed() > due:
                self._evaluate()
                due = self._elapsed() + every
            self._renderer.set_max_width(self._max_width())
        self._save()
        self._renderer.stop()
        if self._fraction() == 1:
            self._evaluate()

    def _is_over(self) -> bool:
        enough = self._progress.num_lines >= self._arguments.lines or self._elapsed() > self._last
        return self._stopping or enough or self._fraction() == 1

    def _steps(self, count: int) -> None:
        """Train on a few batches and log them."""
        began, num_lines, waited = time.monotonic(), 0, 0.0
        losses = []
        for _ in range(count):
            asked = time.monotonic()
            batch = self._next()
            waited += time.monotonic() - asked
            losses.append(self._step(batch))
            num_lines += len(batch.images)
            self._progress.num_lines += len(batch.images)
            if self._is_over():
                break
        idle = gpu_idle() if self._machine.is_gpu else None
        loss = float(torch.stack(losses).mean())  # waits until the GPU is through
        took = time.monotonic() - began
        self._log(
            {
                "loss": round(loss, 4),
                "rate": round(self._optimiser.param_groups[0]["lr"], 7),
                "lines_per_s": round(num_lines / took, 1),
                "waited": round(waited / took, 3),
                **({} if idle is None else {"gpu_idle": round(idle, 2)}),
            }
        )

    def _next(self) -> Batch:
        """The next batch drawn; a GPU that would wait for it sees an earlier one again."""
        if self._machine.is_gpu and self._seen and self._renderer.is_empty():
            return self._seen.take()
        drawn = self._renderer.next()
        batch = replace(drawn, images=drawn.images.to(self._machine.device))
        if self._machine.is_gpu:
            self._seen.keep(batch)
        return batch

    def _step(self, batch: Batch) -> torch.Tensor:
        for group in self._optimiser.param_groups:
            group["lr"] = group["full_rate"] * self._rate()
        images = batch.images.permute(0, 3, 1, 2).float().div_(127.5).sub_(1.0)
        images = images.contiguous(memory_format=self._machine.memory_format)
        with self._machine.faster():
            logits = self._model(images)
            shown = self._teacher(images) if self._teacher else None
        loss = ctc_loss(logits, batch) if shown is None else taught_loss(logits, shown, batch)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self._model.parameters(), _CLIP)
        # What AdamW skips a step by without being waited for; one that is not finite ends a run.
        self._optimiser.found_inf = (~norm.isfinite()).float()  # type: ignore[attr-defined]
        self._optimiser.step()
        self._optimiser.zero_grad()
        self._progress.step += 1
        self._average.update(self._progress.step)
        return loss.detach()

    def _groups(self) -> list[dict[str, Any]]:
        groups = []
        for part, rate in _RATES.items():
            every = getattr(self._model, part).parameters()
            trained = [parameter for parameter in every if parameter.requires_grad]
            groups.append({"params": trained, "full_rate": rate * self._arguments.rate})
        return groups

    def _elapsed(self) -> float:
        return time.monotonic() - self._began

    def _fraction(self) -> float:
        """The share of the planned time that is over; time between two resumes does not count."""
        return min(1.0, self._elapsed() / (60 * self._arguments.minutes))

    def _rate(self) -> float:
        """Cosine over the wall clock, so that it lands whatever else the machine does."""
        warmed = (self._progress.step + 1) / _WARM_UP_STEPS, self._fraction() / _WARM_UP_SHARE
        warm = min(1.0, max(warmed))
        cosine = (1 + math.cos(math.pi * self._fraction())) / 2
        return warm * (_LEAST_RATE + (1 - _LEAST_RATE) * cosine)

    def _max_width(self) -> int:
        return _EARLY_WIDTH if self._fraction() < _WIDE_FROM else _LATE_WIDTH

    @cached_property
    def _measured(self) -> tuple[tuple[str, list[LabelledLine]], ...]:
        """The lines that figures are told on, drawn when they are first wanted."""
        folder = self._arguments.eval
        real = load_labelled(folder) if folder else []
        return ("synthetic", _synthetic(self._arguments.corpus)), ("real", real)

    def _evaluate(self) -> None:
        model = copy.deepcopy(self._average.model).cpu()
        for name, lines in self._measured:
            if lines:
                read = read_lines(model, [line.crop for line in lines])
                pairs = [(line.text, text) for line, text in zip(lines, read, strict=True)]
                self._log({"evaluated": name, **asdict(score_lines(pairs))})

    def _save(self) -> None:
        self._progress.seconds = self._elapsed()
        save_checkpoint(self._out, self._model, self._average, self._optimiser, self._progress)

    def _log(self, row: dict[str, Any]) -> None:
        minutes = round(self._elapsed() / 60, 2)
        row = {"step": self._progress.step, "minutes": minutes, **row}
        row["lines"] = self._progress.num_lines
        text = json.dumps(row)
        print(text, flush=True)
        with (self._out / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(text + "\n")

    def _stop(self, number: int, frame: object) -> None:
        self._stopping = True


def _synthetic(corpus: Path) -> list[LabelledLine]:
    """The same lines each time, in faces that training never shows."""
    renderer = Renderer(corpus, _SYNTHETIC_SEED, held_out=True)
    lines = (renderer.draw() for _ in range(_NUM_SYNTHETIC))
    return [LabelledLine(line.crop, line.text) for line in lines]


if __name__ == "__main__":
    main()
