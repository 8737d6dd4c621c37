"""Check that all contestants give the same result, then time them in turn."""

from __future__ import annotations

import functools
import gc
import os
import random
import statistics
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .contestants import LOOP, Call, Contestant, double_precision
from .threads import copy
from .workload import Arguments, NotPossibleError, Workload, length, take

ROOT = Path(__file__).parent.parent

SHORTEST = 0.001  # seconds that one measurement should last: the clock does not matter then, nor most other work
SAMPLE = 0.1  # seconds that a sample of the lanes should take
MOST_ROUNDS = 100
COPY = "copy"


# ---- timing ----


@dataclass(frozen=True)
class Timing:
    """How long a call takes: the median over the rounds, and the quartiles around it, in seconds."""

    median: float
    low: float
    high: float
    rounds: int

    def scaled(self, factor: float) -> Timing:
        """The time of a batch, from that of a sample."""
        return Timing(self.median * factor, self.low * factor, self.high * factor, self.rounds)

    def spread(self) -> float:
        """How far the quartiles lie from the median, relative to it."""
        return max(self.high - self.median, self.median - self.low) / self.median


@dataclass
class Plan:
    """How often a call is timed: ``rounds`` measurements of ``number`` calls each."""

    call: Call
    number: int
    rounds: int
    times: list[float] = field(default_factory=list)

    def measure(self) -> None:
        """Take one measurement."""
        call, numbers = self.call, range(self.number)
        start = time.perf_counter()
        for _ in numbers:
            call()
        self.times.append((time.perf_counter() - start) / self.number)

    def timing(self) -> Timing:
        """What the measurements say."""
        times = self.times if len(self.times) > 1 else self.times * 2
        low, median, high = statistics.quantiles(times, n=4, method="inclusive")
        return Timing(median, low, high, len(self.times))


def seconds(call: Call) -> float:
    """Time one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def plan(call: Call, budget: float) -> Plan:
    """Decide how often to time a call that has run before, so that it all takes about ``budget`` seconds."""
    once = seconds(call)
    if once < SHORTEST:
        once = min(once, seconds(call), seconds(call))
    number = max(1, round(SHORTEST / once))
    rounds = int(min(MOST_ROUNDS, max(3, budget / (once * number))))
    return Plan(call, number, rounds if once < 2 * budget else 1)


def settle(most: float = 0.05) -> None:
    """Wait until no other thread of this process is at work, or for so many seconds; without ``/proc`` not at all."""
    tasks = Path("/proc/self/task")
    end = time.perf_counter() + most
    while tasks.exists() and time.perf_counter() < end:
        if sum(map(_is_running, tasks.iterdir())) < 2:
            return


def _is_running(task: Path) -> bool:
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0] == "R"
    except OSError:  # it has ended
        return False


def alternate(calls: Mapping[str, Call], budget: float) -> dict[str, Timing]:
    """Time some calls in turn, so that a busy moment of the machine hits all of them alike.

    The order is another one in each round, as a call may leave behind a cache full of lines to be written. Threads that
    spin for a while in case there is more to do (OpenMP's do, for some milliseconds) are waited for (`settle`).

    Parameters
    ----------
    calls : mapping
        What to time. Each has run before.
    budget : float
        About how many seconds to spend on each.

    Returns
    -------
    dict
        A `Timing` for each call.
    """
    plans = {name: plan(call, budget) for name, call in calls.items()}
    names = list(plans)
    gc.collect()
    order = random.Random(11)
    for n in range(max((p.rounds for p in plans.values()), default=0)):
        order.shuffle(names)
        for name in names:
            if n < plans[name].rounds:
                settle()
                plans[name].measure()
    return {name: p.timing() for name, p in plans.items()}


# ---- one workload ----


@dataclass(frozen=True)
class Entry:
    """One cell of the table: a time, or the reason why there is none."""

    timing: Timing | None = None
    lanes: int | None = None  # how many lanes were run, where the time is scaled from a sample
    impossible: str = ""
    failure: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """One row of the table."""

    workload: Workload
    size: int
    lanes: int
    entries: dict[str, Entry]
    copy: Timing | None = None  # of as many bytes as the arguments and the result have, on all threads


@dataclass
class _Candidate:
    """A contestant that has given the right result once, and is ready to be timed."""

    call: Call
    notes: tuple[str, ...]
    lanes: int | None


class Comparison:
    """One workload at one size, with everything that the contestants share.

    Parameters
    ----------
    workload : Workload
        What to run.
    size : int
        The size of the batch.
    sample : float
        How many seconds a run of a sampled contestant should take.
    """

    def __init__(self, workload: Workload, size: int, sample: float = SAMPLE) -> None:
        self.workload = workload
        self.size = size
        self.args = workload.arguments(size)
        self.lanes = length(self.args, workload.in_axes[0])
        self.index = self._sample(sample)
        self.expected = np.asarray(LOOP.prepare(workload, self._some(self.index))())

    def _sample(self, wanted: float) -> Any:
        """Lanes that stand for all: a random choice that the loop does in about ``wanted`` seconds."""
        order = np.random.default_rng(7).permutation(self.lanes)
        count = min(self.lanes, 32)
        while True:
            taken = seconds(LOOP.prepare(self.workload, self._some(order[:count])))
            if count == self.lanes or taken > wanted / 4:
                break
            count = min(self.lanes, 4 * count)
        return np.sort(order[: min(self.lanes, max(8, int(count * wanted / taken)))])

    def _some(self, index: Any) -> Arguments:
        return take(self.args, self.workload.in_axes[0], index)

    def prepare(self, contestant: Contestant) -> _Candidate | Entry:
        """Run a contestant once and check what it gives; an `Entry` says why it can't take part."""
        args = self._some(self.index) if contestant.sampled else self.args
        try:
            call = contestant.prepare(self.workload, args)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                result = np.asarray(contestant.wait(call()))
        except NotPossibleError as error:
            return Entry(impossible=str(error))  # nothing said: nothing to say
        except Exception as error:
            return Entry(failure=f"{type(error).__name__}: {error}".partition("\n")[0])
        axis = self.workload.out_axis
        problem = self.disagreement(result if contestant.sampled else np.take(result, self.index, axis))
        if problem:
            return Entry(failure=problem)
        notes = tuple(dict.fromkeys(map(_first_line, caught)))
        lanes = len(self.index) if contestant.sampled else None
        return _Candidate(_waiting(call, contestant.wait), notes, lanes)

    def disagreement(self, result: Any) -> str:
        """How a result differs from the loop's, in words; empty if it does not."""
        expected = self.expected
        if result.shape != expected.shape:
            return f"the result has shape {result.shape}, the loop's {expected.shape}"
        rtol = self.workload.rtol
        scale = float(np.max(np.abs(expected), initial=0.0))
        wrong = ~np.isclose(result, expected, rtol=rtol, atol=rtol * scale)
        if np.mean(wrong) <= self.workload.strays:
            return ""
        return f"the result is off by up to {np.max(np.abs(result - expected)):.3g}"

    def run(self, contestants: list[Contestant], budget: float) -> Outcome:
        """Time the contestants in turn.

        Parameters
        ----------
        contestants : list of Contestant
            Who takes part.
        budget : float
            About how many seconds each may take.

        Returns
        -------
        Outcome
            The row, with an entry for each contestant.
        """
        ready = {contestant.name: self.prepare(contestant) for contestant in contestants}
        candidates = {name: found for name, found in ready.items() if isinstance(found, _Candidate)}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            calls = {name: candidate.call for name, candidate in candidates.items()}
            timings = alternate({**calls, COPY: self.copying()}, budget)
        entries = {
            name: self.entry(found, timings[name]) if isinstance(found, _Candidate) else found
            for name, found in ready.items()
        }
        return Outcome(self.workload, self.size, self.lanes, entries, timings[COPY])

    def copying(self) -> Call:
        """A copy that reads and writes as many bytes as the arguments and the result have."""
        inputs = sum(x.nbytes for x in self.args if isinstance(x, np.ndarray))
        outputs = self.expected.nbytes // len(self.index) * self.lanes
        source = np.ones((inputs + outputs) // 16 + 1)
        return functools.partial(copy, source, np.ones_like(source))

    def entry(self, candidate: _Candidate, timing: Timing) -> Entry:
        """A cell, with the time of a sample scaled to the whole batch."""
        if candidate.lanes is not None:
            timing = timing.scaled(self.lanes / candidate.lanes)
        return Entry(timing, candidate.lanes, notes=candidate.notes)


def _first_line(warning: warnings.WarningMessage) -> str:
    """What a warning says, without the place of the repository on this machine."""
    text = f"{warning.category.__name__}: {warning.message}".partition("\n")[0]
    return text.replace(f"{ROOT}{os.sep}", "")


def _waiting(call: Call, wait: Callable[[Any], Any]) -> Call:
    def run() -> Any:
        return wait(call())

    return run


def compare(
    workload: Workload,
    size: int,
    contestants: list[Contestant],
    *,
    budget: float = 1.0,
    sample: float = SAMPLE,
) -> Outcome:
    """Check and time one workload.

    Parameters
    ----------
    workload : Workload
        What to run.
    size : int
        The size of the batch.
    contestants : list of Contestant
        Who takes part.
    budget : float
        About how many seconds to spend on each contestant.
    sample : float
        How many seconds one run of a sampled contestant should take.

    Returns
    -------
    Outcome
        The row of the table.
    """
    with double_precision():
        return Comparison(workload, size, sample).run(contestants, budget)
