"""Tenants and priorities take turns, and no interactive page waits for a bulk page to end."""

from __future__ import annotations

from collections import Counter

from worker.loading.turns import Flow, Turn, Turns

ANN, BEN = Flow("ann"), Flow("ben")
ANN_BULK, BEN_BULK = Flow("ann", is_bulk=True), Flow("ben", is_bulk=True)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """The places, and who has been given one."""

    def __init__(self, num_places: int, num_bulk: int) -> None:
        self.clock = Clock()
        self.turns = Turns(num_places, num_bulk, self.clock)
        self.waiting: list[Turn] = []

    def come(self, *flows: Flow) -> None:
        self.waiting += [self.turns.come(flow) for flow in flows]

    def begun(self) -> list[Turn]:
        """Those who got a place now."""
        begun: list[Turn] = []
        while turn := next(filter(self.turns.is_next, self.waiting), None):
            self.waiting.remove(turn)
            self.turns.begin(turn)
            begun.append(turn)
        return begun

    def flows(self) -> list[Flow]:
        return [turn.flow for turn in self.begun()]


def test_those_of_one_flow_are_served_in_the_order_of_their_coming() -> None:
    desk = Desk(1, 1)
    desk.come(ANN, ANN, ANN)
    order = list(desk.waiting)
    for expected in order:
        (turn,) = desk.begun()
        assert turn is expected
        desk.turns.end(turn)


def test_a_single_flow_uses_all_places_where_none_is_kept_for_others() -> None:
    desk = Desk(3, 3)
    desk.come(*[ANN] * 5)
    assert len(desk.begun()) == 3


def test_an_interactive_page_never_waits_for_a_bulk_page_to_end() -> None:
    desk = Desk(4, 2)
    desk.come(*[ANN_BULK] * 9, *[BEN_BULK] * 9)
    assert len(desk.begun()) == 2
    desk.come(ANN)  # of the tenant whose bulk pages are being loaded
    assert desk.flows() == [ANN]
    desk.come(BEN)
    assert desk.flows() == [BEN]


def test_the_slow_pages_of_one_tenant_leave_a_place_for_another() -> None:
    desk = Desk(4, 2)
    desk.come(*[ANN] * 9)
    assert desk.flows() == [ANN] * 3
    desk.come(BEN, BEN)
    assert desk.flows() == [BEN]


def test_flows_share_the_time_and_not_the_pages() -> None:
    desk = Desk(1, 1)
    seconds: Counter[Flow] = Counter()
    desk.come(ANN, BEN)
    for _ in range(300):
        (turn,) = desk.begun()
        took = 5 if turn.flow == ANN else 1
        desk.clock.now += took
        seconds[turn.flow] += took
        desk.come(turn.flow)
        desk.turns.end(turn)
    assert 0.9 < seconds[ANN] / seconds[BEN] < 1.1


def test_bulk_pages_get_a_tenth_of_the_time_and_are_never_starved() -> None:
    desk = Desk(1, 1)
    pages: Counter[Flow] = Counter()
    desk.come(ANN, ANN_BULK)
    for _ in range(1000):
        (turn,) = desk.begun()
        desk.clock.now += 1
        pages[turn.flow] += 1
        desk.come(turn.flow)
        desk.turns.end(turn)
    assert 90 <= pages[ANN_BULK] <= 110


def test_a_page_that_takes_long_counts_before_it_has_ended() -> None:
    desk = Desk(2, 2)
    desk.come(ANN, BEN)
    slow, quick = desk.begun()
    desk.clock.now += 30
    desk.turns.end(quick)
    desk.come(slow.flow, quick.flow)
    desk.clock.now += 1
    assert desk.flows() == [quick.flow]


def test_who_was_away_has_saved_up_no_turns() -> None:
    desk = Desk(1, 1)
    desk.come(BEN)
    (turn,) = desk.begun()
    desk.clock.now += 1
    desk.turns.end(turn)
    for _ in range(100):
        desk.come(ANN)
        (turn,) = desk.begun()
        desk.clock.now += 1
        desk.turns.end(turn)
    desk.come(*[BEN] * 10, *[ANN] * 10)
    order: list[Flow] = []
    while desk.waiting:
        (turn,) = desk.begun()
        desk.clock.now += 1
        order.append(turn.flow)
        desk.turns.end(turn)
    assert 4 <= order[:10].count(ANN) <= 6


def test_who_gives_up_waiting_is_forgotten() -> None:
    desk = Desk(1, 1)
    desk.come(ANN, BEN)
    (turn,) = desk.begun()
    desk.turns.end(desk.waiting.pop())
    desk.turns.end(turn)
    assert desk.flows() == []
    assert desk.turns.num_begun == 0
