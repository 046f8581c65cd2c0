"""Groups: each asker has an outcome of its own, whatever becomes of the others."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future

import pytest

from api.groups import Groups


class ItemOdd(Exception):
    """What the work says of an item that it does not like."""


def _done(outcomes: list[int | ItemOdd]) -> "Future[list[int | ItemOdd]]":
    promise: Future[list[int | ItemOdd]] = Future()
    promise.set_result(outcomes)
    return promise


class Halving:
    """Work that halves even numbers; 13 breaks it. The first group waits until it may go on."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.may_go_on = threading.Event()

    def __call__(self, items: Sequence[int]) -> "Future[list[int | ItemOdd]]":
        self.groups.append(list(items))
        self.may_go_on.wait()
        if 13 in items:
            raise RuntimeError("13")
        return _done([ItemOdd(item) if item % 2 else item // 2 for item in items])


async def _asked(groups: Groups[int, int, ItemOdd], work: Halving, *items: int) -> list[object]:
    """Outcomes of items of which the first is at work when the others come."""
    tasks = [asyncio.create_task(groups.outcome(items[0]))]
    while not work.groups:
        await asyncio.sleep(0)
    tasks += [asyncio.create_task(groups.outcome(item)) for item in items[1:]]
    await asyncio.sleep(0)  # every task has run to where it waits
    work.may_go_on.set()
    return list(await asyncio.gather(*tasks, return_exceptions=True))


async def _at_rest(groups: Groups[int, int, ItemOdd]) -> None:
    """Until it has begun whatever it will begin."""
    await asyncio.sleep(0)  # whoever asked has run to where it waits
    while groups._is_at_work:
        await asyncio.sleep(0)


def test_outcome_is_each_askers_own_when_many_ask_at_once() -> None:
    work = Halving()
    told = asyncio.run(_asked(Groups(work, most=8, ahead=2), work, 2, 4, 6, 8))
    assert told == [1, 2, 3, 4]


def test_ask_joins_the_next_group_when_one_is_at_work() -> None:
    work = Halving()
    asyncio.run(_asked(Groups(work, most=2, ahead=2), work, 2, 4, 6, 8))
    assert work.groups == [[2], [4, 6], [8]]


def test_ask_joins_one_larger_group_when_two_promises_are_open() -> None:
    groups: list[list[int]] = []
    promises: list[Future[list[int | ItemOdd]]] = []

    def work(items: Sequence[int]) -> "Future[list[int | ItemOdd]]":
        groups.append(list(items))
        promises.append(Future())
        return promises[-1]

    async def ask() -> None:
        halving: Groups[int, int, ItemOdd] = Groups(work, most=8, ahead=2)
        asked = []
        for item in range(5):
            asked.append(asyncio.create_task(halving.outcome(item)))
            await _at_rest(halving)
        for number, promise in enumerate(promises):  # which grow
            promise.set_result(list(groups[number]))
            await _at_rest(halving)
        await asyncio.gather(*asked)

    asyncio.run(ask())
    assert groups == [[0], [1], [2, 3, 4]]


def test_outcome_raises_for_one_when_its_item_is_refused() -> None:
    work = Halving()
    told = asyncio.run(_asked(Groups(work, most=8, ahead=2), work, 2, 5, 6))
    assert told[0::2] == [1, 3]
    assert isinstance(told[1], ItemOdd)


def test_outcome_raises_for_one_alone_when_its_item_breaks_the_work() -> None:
    work = Halving()
    told = asyncio.run(_asked(Groups(work, most=8, ahead=2), work, 2, 4, 13, 6))
    assert [told[0], told[1], told[3]] == [1, 2, 3]
    assert isinstance(told[2], RuntimeError)
    assert work.groups == [[2], [4, 13, 6], [4], [13], [6]]


def test_outcome_raises_for_one_alone_when_its_promise_fails() -> None:
    def work(items: Sequence[int]) -> "Future[list[int | ItemOdd]]":
        promise: Future[list[int | ItemOdd]] = Future()
        if 13 in items:
            promise.set_exception(RuntimeError("13"))
        else:
            promise.set_result(list(items))
        return promise

    groups: Groups[int, int, ItemOdd] = Groups(work, most=8, ahead=2)

    async def both() -> list[object]:
        asked = [groups.outcome(13), groups.outcome(2)]
        return list(await asyncio.gather(*asked, return_exceptions=True))

    broken, other = asyncio.run(both())
    assert isinstance(broken, RuntimeError)
    assert other == 2


def test_others_are_told_when_one_asker_is_gone() -> None:
    work = Halving()
    groups: Groups[int, int, ItemOdd] = Groups(work, most=8, ahead=2)

    wrong: list[object] = []

    async def ask() -> int:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: wrong.append(context))
        gone = asyncio.create_task(groups.outcome(2))
        staying = asyncio.create_task(groups.outcome(4))
        await asyncio.sleep(0)
        gone.cancel()
        work.may_go_on.set()
        return await staying

    assert asyncio.run(ask()) == 2
    assert wrong == []


def test_ask_is_answered_when_another_loop_was_closed_before() -> None:
    work = Halving()
    work.may_go_on.set()
    groups: Groups[int, int, ItemOdd] = Groups(work, most=8, ahead=2)
    assert [asyncio.run(groups.outcome(item)) for item in (2, 4)] == [1, 2]


@pytest.mark.parametrize("most", [1, 3])
def test_group_is_no_larger_than_allowed_when_many_wait(most: int) -> None:
    work = Halving()
    asyncio.run(_asked(Groups(work, most=most, ahead=2), work, *range(0, 20, 2)))
    assert max(map(len, work.groups)) <= most
