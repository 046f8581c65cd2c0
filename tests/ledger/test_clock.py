"""Time goes on by itself: it follows no jump of a machine's clock, nor a script that steps back."""

import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from ledger.clock import MACHINE, ChainClock, RealClock, ScriptedClock
from tests.ledger.set_machine import SetMachine

NEW_YEAR = 1_672_531_200  # 2023-01-01T00:00:00Z
DAY = 86_400


@dataclass
class Head:
    """The time of a chain's last block, as a test sets it."""

    time: int = NEW_YEAR

    def __call__(self) -> int:
        return self.time


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "clock"
    path.write_text("2023-01-01T00:00:00Z\n", "ascii")
    return path


@pytest.fixture
def machine() -> SetMachine:
    return SetMachine(NEW_YEAR)


@pytest.mark.parametrize("seconds", [-2 * DAY, -3600, -6, 6, 3600, 2 * DAY])
def test_tell_time_goes_on_when_the_machines_clock_jumps(
    machine: SetMachine, seconds: int, caplog: pytest.LogCaptureFixture
) -> None:
    clock = RealClock(machine.machine)
    machine.jump(seconds)
    machine.sleep(10)
    assert clock.now() == NEW_YEAR + 10
    assert clock.machine_off() == seconds
    assert [record.message for record in caplog.records] == [
        f"the machine's clock is {seconds:+} s off; we go on without it"
    ]
    machine.jump(-seconds)
    assert (clock.now(), clock.machine_off()) == (NEW_YEAR + 10, 0)


@pytest.mark.parametrize("seconds", [-5, -1, 1, 5])
def test_tell_time_follows_when_the_machines_clock_is_corrected(
    machine: SetMachine, seconds: int
) -> None:
    clock = RealClock(machine.machine)
    for _ in range(10):
        machine.jump(seconds)
        machine.sleep(100)
        clock.now()
    assert clock.now() == NEW_YEAR + 10 * (100 + seconds)
    assert clock.machine_off() == 0


def test_tell_time_is_another_processs_when_its_offset_is_given(machine: SetMachine) -> None:
    clock = RealClock(machine.machine)
    machine.jump(2 * DAY)
    later = RealClock(machine.machine, offset=clock.offset)
    machine.sleep(10)
    assert later.now() == clock.now() == NEW_YEAR + 10


@pytest.mark.parametrize(("behind", "begun"), [(5, -5), (6, 0), (2 * DAY, 0), (-1, 1)])
def test_tell_time_begins_at_what_was_written_when_the_machine_is_well_behind(
    machine: SetMachine, behind: int, begun: int
) -> None:
    clock = RealClock(machine.machine)
    clock.begin_at(NEW_YEAR + behind)
    assert clock.now() == NEW_YEAR + behind + begun
    machine.sleep(1)
    assert clock.block_time(NEW_YEAR + behind + begun) == NEW_YEAR + behind + begun + 1


def test_tell_time_gives_the_chains_when_the_machine_is_anywhere(machine: SetMachine) -> None:
    machine.jump(2 * DAY)
    head = Head()
    clock = ChainClock(head, machine.machine)
    assert clock.now() == NEW_YEAR
    machine.jump(-4 * DAY)
    machine.sleep(10)
    assert clock.now() == NEW_YEAR + 9  # a little slower than the machine
    head.time += 12
    clock.look()
    assert clock.now() == NEW_YEAR + 12
    assert clock.machine_off() == -2 * DAY - 2


def test_tell_time_keeps_what_it_knew_when_old_blocks_are_read_late(machine: SetMachine) -> None:
    head = Head()
    clock = ChainClock(head, machine.machine)
    clock.now()
    machine.sleep(3600)
    head.time += 60  # the first of an hour's blocks
    clock.look()
    assert clock.now() == NEW_YEAR + 3599


@pytest.mark.parametrize(("ahead", "off"), [(-6, -6), (-5, 0), (120, 0), (121, 121)])
def test_tell_how_far_off_forgives_a_silence_when_the_chain_is_elsewhere(
    machine: SetMachine, ahead: int, off: int
) -> None:
    machine.jump(ahead)
    assert ChainClock(Head(), machine.machine).machine_off() == off


def test_time_block_gives_nothing_when_the_chain_is_elsewhere(machine: SetMachine) -> None:
    assert ChainClock(Head(), machine.machine).block_time(0) is None


def test_measure_what_passed_goes_forward_when_boot_time_is_known_or_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = MACHINE.steady()
    assert MACHINE.steady() >= before
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    assert abs(MACHINE.steady() - time.monotonic()) < 60


def test_tell_time_gives_the_line_when_a_file_scripts_it(script: Path) -> None:
    clock = ScriptedClock(script)
    assert clock.now() == NEW_YEAR
    script.write_text("2023-01-01T09:00:00+08:00", "ascii")
    assert clock.now() == NEW_YEAR + 3600


def test_tell_time_stays_when_the_line_steps_back(script: Path) -> None:
    clock = ScriptedClock(script)
    clock.now()
    script.write_text("2022-01-01T00:00:00Z", "ascii")
    assert clock.now() == NEW_YEAR


@pytest.mark.parametrize("line", ["", "2023-0", "tomorrow"])
def test_tell_time_stays_when_the_line_is_half_written(script: Path, line: str) -> None:
    clock = ScriptedClock(script)
    clock.now()
    script.write_text(line, "ascii")
    assert clock.now() == NEW_YEAR


def test_tell_time_gives_real_time_when_the_file_is_gone(script: Path) -> None:
    clock = ScriptedClock(script)
    clock.now()
    script.unlink()
    assert abs(clock.now() - time.time()) < 60
    assert clock.machine_off() == 0


def test_tell_time_begins_at_what_was_written_when_the_file_is_gone(script: Path) -> None:
    clock = ScriptedClock(script)
    script.unlink()
    clock.begin_at(2**40)
    assert clock.now() - 2**40 in (0, 1)
    assert clock.machine_off() < 0


def test_tell_time_never_falls_back_when_the_file_said_the_future(script: Path) -> None:
    clock = ScriptedClock(script)
    script.write_text("2999-01-01T00:00:00Z", "ascii")
    future = clock.now()
    script.unlink()
    assert clock.now() == future


@pytest.mark.parametrize("parent", [0, NEW_YEAR - 1, NEW_YEAR, NEW_YEAR + 5])
def test_time_block_gives_a_second_after_the_parent_when_time_is_scripted(
    script: Path, parent: int
) -> None:
    clock = ScriptedClock(script)
    assert clock.block_time(parent) == max(NEW_YEAR, parent + 1)
    assert clock.machine_off() == 0


def test_time_block_waits_when_the_parent_is_not_past_in_real_time() -> None:
    assert RealClock().block_time(2**40) is None


def test_time_block_gives_now_when_the_parent_is_past_in_real_time() -> None:
    assert abs((RealClock().block_time(0) or 0) - time.time()) < 60
