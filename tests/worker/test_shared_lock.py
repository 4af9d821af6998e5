"""Many read together; a suspect slice reads alone, and neither starves the other."""

from __future__ import annotations

import threading

from worker.shared_lock import SharedLock


def test_many_are_inside_together() -> None:
    reading_lock = SharedLock()
    with reading_lock.enter(alone=False), reading_lock.enter(alone=False):
        assert reading_lock.num_inside == 2
    assert reading_lock.num_inside == 0


def test_one_that_must_be_alone_waits_for_the_others_and_keeps_them_out() -> None:
    reading_lock = SharedLock()
    order: list[str] = []
    alone_is_in, let_alone_go = threading.Event(), threading.Event()

    def alone() -> None:
        with reading_lock.enter(alone=True):
            order.append("alone")
            alone_is_in.set()
            let_alone_go.wait(30)

    def together() -> None:
        with reading_lock.enter(alone=False):
            order.append("together")

    with reading_lock.enter(alone=False):
        suspect = threading.Thread(target=alone)
        suspect.start()
        while reading_lock.num_inside < 2:
            pass
        later = threading.Thread(target=together)
        later.start()
        order.append("first")
    assert alone_is_in.wait(30)
    let_alone_go.set()
    suspect.join(30)
    later.join(30)
    assert order == ["first", "alone", "together"]
