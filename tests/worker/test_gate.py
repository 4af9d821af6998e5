"""Many read together; a suspect slice reads alone, and neither starves the other."""

from __future__ import annotations

import threading

from worker.exclusion import Gate


def test_many_are_inside_together() -> None:
    gate = Gate()
    with gate.enter(alone=False), gate.enter(alone=False):
        assert gate.num_inside == 2
    assert gate.num_inside == 0


def test_one_that_must_be_alone_waits_for_the_others_and_keeps_them_out() -> None:
    gate = Gate()
    order: list[str] = []
    alone_is_in, let_alone_go = threading.Event(), threading.Event()

    def alone() -> None:
        with gate.enter(alone=True):
            order.append("alone")
            alone_is_in.set()
            let_alone_go.wait(30)

    def together() -> None:
        with gate.enter(alone=False):
            order.append("together")

    with gate.enter(alone=False):
        suspect = threading.Thread(target=alone)
        suspect.start()
        while gate.num_inside < 2:
            pass
        later = threading.Thread(target=together)
        later.start()
        order.append("first")
    assert alone_is_in.wait(30)
    let_alone_go.set()
    suspect.join(30)
    later.join(30)
    assert order == ["first", "alone", "together"]
