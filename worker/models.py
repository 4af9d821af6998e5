"""The models that a worker reads with, as jobs name them, and why one cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.errors import SettingError, Unavailable
from shared.errors.documents import ModelUnusable
from shared.jobs import Model
from shared.options import LanguageModel
from shared.settings import Settings
from worker import metrics
from worker.ocr.layer.words import Hint
from worker.ocr.networks.library import UnknownModel
from worker.ocr.networks.weights import Card, WeightsError
from worker.ocr.reader import Reader as ModelReader
from worker.ocr.reader import Reading
from worker.ocr.recognition.batch_client import Watch


class Reader(Protocol):
    """Turns pictures (H, W, 3) into text; called by many threads at once."""

    def read(
        self,
        picture: NDArray[np.uint8],
        page: int,
        *,
        job: str,
        watch: Watch,
        hint: Hint | None,
    ) -> Reading:
        """Read one page; jobs take turns. `hint` is what the page says of itself.

        Between two steps it tells the watch, and raises what its `check` raises.
        """
        ...


class Models(Protocol):
    """The models of a worker, one of them the default."""

    def pick(self, name: str | None, language_model: LanguageModel) -> tuple[Reader, Model]:
        """The reader with the model of that name, by default the default. Raises ModelUnusable."""
        ...

    def known(self) -> list[Model]:
        """All that can be asked for now, the default first."""
        ...


@dataclass(frozen=True)
class OneModel:
    """A single reader, whatever model is asked for."""

    reader: Reader
    model: Model

    def pick(self, name: str | None, language_model: LanguageModel) -> tuple[Reader, Model]:
        """The reader."""
        return self.reader, self.model

    def known(self) -> list[Model]:
        """The model."""
        return [self.model]


class LoadedModels:
    """The shipped recognisers and those of `DOCCHU_MODELS_DIR`; each is loaded at its first use."""

    def __init__(self, reader: ModelReader) -> None:
        self._reader = reader

    @classmethod
    def load(cls, settings: Settings) -> LoadedModels:
        """Load the networks with the default recogniser. Raises SettingError."""
        if settings.models_dir and not settings.models_dir.is_dir():
            raise SettingError(f"DOCCHU_MODELS_DIR={settings.models_dir} is no folder.")
        try:
            return cls(
                ModelReader.load(
                    settings.models_dir,
                    settings.device,
                    model=settings.model,
                    memory_bytes=settings.gpu_memory_bytes,
                    told=metrics.network_ran,
                )
            )
        except UnknownModel:
            where = f" in {settings.models_dir}" if settings.models_dir else ""
            reason = f"there is no such model{where}"
        except WeightsError as error:
            reason = str(error)
        raise SettingError(f"DOCCHU_MODEL={settings.model} cannot be used: {reason}.")

    def pick(self, name: str | None, language_model: LanguageModel) -> tuple[Reader, Model]:
        """The reader with the model of that name. Raises ModelUnusable, Unavailable."""
        try:
            reader = self._reader if name is None else self._reader.using(name)
        except UnknownModel as error:
            # It went away since the worker said that it has it: others may have it still.
            raise Unavailable(f"The worker has no model `{name}` any more.") from error
        except WeightsError as error:
            # Without its folder, which is nothing to the caller.
            detail = f"The model `{name}` cannot be used: {error.path.name} {error.reason}."
            raise ModelUnusable(detail) from error
        if language_model == "off":
            reader = reader.without_language()
        return reader, _model(reader.model)

    def known(self) -> list[Model]:
        """All recognisers, as their cards say."""
        default = self._reader.model
        cards = self._reader.library.cards() | {default.name: default}
        return [_model(default), *(_model(c) for n, c in cards.items() if n != default.name)]


def _model(card: Card) -> Model:
    return Model(name=card.name, version=card.version, sha256=card.sha256)
