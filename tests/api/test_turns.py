"""Who has much to do lets those go first who have little."""

from __future__ import annotations

import time
from itertools import groupby

import gevent
from gevent import socket

from api.server.turns import Turn, Turns

STEP_S = 0.006
NUM_LONG, NUM_STEPS, NUM_SHORT = 12, 6, 20


def work() -> None:
    until = time.perf_counter() + STEP_S
    while time.perf_counter() < until:
        pass


def test_between_two_short_ones_there_is_one_turn_of_a_long_one() -> None:
    """However many long ones there are: without turns it would be one of each."""
    turns, done = Turns(), list[str]()

    def long() -> None:
        turn = Turn(turns)
        for _ in range(NUM_STEPS):
            work()
            done.append("long")
            turn.go_on()

    def short(calling: socket.socket) -> None:
        for _ in range(NUM_SHORT):
            calling.sendall(b"?")
            assert calling.recv(1) == b"!"
            done.append("short")

    def answer(called: socket.socket) -> None:
        while called.recv(1):
            called.sendall(b"!")

    calling, called = socket.socketpair()
    with calling, called:
        answering = gevent.spawn(answer, called)
        workers = [gevent.spawn(long) for _ in range(NUM_LONG)]
        gevent.spawn(short, calling).join()
        gevent.joinall(workers)
        calling.close()
        answering.join()
    assert done.count("long") == NUM_LONG * NUM_STEPS
    # The first steps of all come in one go; then a call and its answer are two rounds of the loop.
    runs = [len(list(run)) for kind, run in groupby(done[NUM_LONG:]) if kind == "long"]
    assert max(runs[:NUM_SHORT]) <= 3, runs


def test_one_who_is_ended_while_it_waits_does_not_hold_up_the_others() -> None:
    turns, done = Turns(), list[int]()

    def long(number: int) -> None:
        turns.give_way()
        done.append(number)

    workers = [gevent.spawn(long, number) for number in range(3)]
    gevent.sleep(0)
    workers[1].kill()
    gevent.joinall(workers, timeout=30)
    assert done == [0, 2]
