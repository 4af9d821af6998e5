"""Many read together; a suspect slice reads alone, and neither starves the other."""

from __future__ import annotations

import threading

from worker.shared_lock import SharedLock


def test_many_are_inside_together() -> None:
    reading_lock = SharedLock()
    with reading_lock.enter(alone=False) as first:
        first.share()
        with reading_lock.enter(alone=False) as second:
            assert not first.alone and not second.alone
            assert reading_lock.num_inside == 2
    assert reading_lock.num_inside == 0


def test_the_first_one_is_alone_until_it_shares() -> None:
    reading_lock = SharedLock()
    came = threading.Event()

    def second() -> None:
        with reading_lock.enter(alone=False) as place:
            assert not place.alone
            came.set()

    with reading_lock.enter(alone=False) as first:
        assert first.alone
        other = threading.Thread(target=second)
        other.start()
        assert not came.wait(0.1)
        first.share()
        assert came.wait(30)
    other.join(30)
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

    with reading_lock.enter(alone=False) as place:
        place.share()
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
