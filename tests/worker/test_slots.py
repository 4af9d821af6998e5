"""Of several slots the last is kept for interactive work of a tenant that has none."""

from __future__ import annotations

from shared.jobs import Document
from shared.options import Options, Priority
from shared.store.jobs.slices import Claim, Room
from worker.slots import Slots


def claim(tenant: str, priority: Priority = "interactive") -> Claim:
    document = Document(name="a", media_type="image/png", size=1, sha256="00")
    options = Options(priority=priority)
    return Claim("job", "0", 1, 0, tenant, document, options, None, frozenset())


def room(slots: Slots) -> Room:
    with slots.claiming() as room:
        return room


def test_bulk_work_leaves_a_slot_for_interactive_work() -> None:
    slots = Slots(3)
    for _ in range(2):
        assert room(slots) == Room()
        slots.enter(claim("ann", "bulk"))
    assert room(slots) == Room(bulk=False)


def test_one_tenants_interactive_work_leaves_a_slot_for_another() -> None:
    slots = Slots(3)
    slots.enter(claim("ann"))
    slots.enter(claim("ann", "bulk"))
    assert room(slots) == Room(bulk=False, not_of=("ann",))


def test_a_slot_that_is_left_is_anybodys() -> None:
    slots = Slots(2)
    slow = claim("ann")
    slots.enter(slow)
    assert room(slots) == Room(bulk=False, not_of=("ann",))
    slots.leave(slow)
    assert room(slots) == Room()
    assert slots.num_taken == 0


def test_a_single_slot_is_anybodys() -> None:
    assert room(Slots(1)) == Room()
