"""Runs the scripts that change a batch, with the keys of its present run."""

from __future__ import annotations

from typing import Any

from shared.store import keys
from shared.store.scripts import Client, Clock, Scripts, server_clock, store_faults


class BatchScripts:
    """The scripts of `lua/batch_*.lua` and those of uploads. Methods raise Unavailable."""

    def __init__(self, client: Client, clock: Clock = server_clock) -> None:
        self._client = client
        self._scripts = Scripts(client, clock)

    def run(
        self,
        name: str,
        batch_id: str,
        *args: object,
        upload_id: str = "",
        more_keys: tuple[str, ...] = (),
    ) -> Any:
        """Run the script of this name on a batch as it is now."""
        with store_faults():
            run = int(self._client.hget(keys.batch(batch_id), "run") or 1)
        return self.run_of(name, batch_id, run, *args, upload_id=upload_id, more_keys=more_keys)

    def run_of(
        self,
        name: str,
        batch_id: str,
        run: int,
        *args: object,
        upload_id: str = "",
        more_keys: tuple[str, ...] = (),
    ) -> Any:
        """The same, where the run is known."""
        names = [*keys.of_batch(batch_id, run, upload_id), *more_keys]
        return self._scripts.run_on(name, names, batch_id, run, *args)
