"""The number that says how the store's records look: an older program does not start on them."""

from __future__ import annotations

from shared.errors import SettingError
from shared.store import keys
from shared.store.schema import from_0_1, from_2
from shared.store.scripts import Client, Scripts, store_faults

SCHEMA = 3
"""Raised where a program of before would misread a record. Docchu 0.1 wrote no number: it is 1."""


def take_over(client: Client) -> None:
    """Bring the store's records to the form that this program knows.

    Each process does so before it starts; all steps may be done twice, by several at once. Raises
    SettingError if a newer program wrote them, and Unavailable.
    """
    with store_faults():
        noted, is_used = client.get(keys.SCHEMA), client.exists(keys.STATES)
    found = int(noted or (1 if is_used else SCHEMA))
    if found > SCHEMA:
        raise SettingError(
            f"The job store was written by a newer Docchu (schema {found}, this one knows "
            f"{SCHEMA}): start that one."
        )
    if found < 2:
        from_0_1.migrate(Scripts(client))
    if found < 3:
        from_2.migrate(Scripts(client))
    if noted != str(SCHEMA):
        with store_faults():
            client.set(keys.SCHEMA, SCHEMA)
