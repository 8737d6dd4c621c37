"""Loops: lanes leave when their test fails, or at a ``break``."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import LaneArray
from ..facts import FEW, PLAIN, Run
from .branches import VARYING, contents, fill, sides, truths
from .lanelist import LaneList
from .region import GONE, PARTS, Gone, Parked, Region

LONG = 64  # turns, after which the last few lanes may go on alone
WEIGHT = 10  # of a turn whose code is not at hand (`convert.weight`)


class Loop(Region):
    """A loop: lanes leave it when its test fails for them, or at a ``break``.

    Parameters
    ----------
    run : Run
        The mapped function at work.
    variables : list of cells
        What the loop assigns and later code (or its next turn) may read.
    weight : int
        Of a turn, for `hot`.
    """

    def __init__(self, run: Run, variables: list[Any], ident: Any, weight: int = WEIGHT) -> None:
        super().__init__(run, ident)
        self.variables = variables
        self.weight = weight
        self.entry = [contents(cell) for cell in variables]
        self.finished: list[Parked] = []
        self.broken: list[Parked] = []
        self.skipped: list[Parked] = []
        self.here = True
        self.given: tuple[Any, ...] = ()  # what a ``for`` goes over, where that has been worked out
        self.again_all = False  # all lanes of the loop skip the rest of the turn
        self.out_all = False  # all lanes of the loop break
        self.turns = 0

    def take_down(self) -> Parked:
        """The lanes at work, and what the loop's variables hold for them."""
        return self.park([contents(cell) for cell in self.variables], self.entry)

    def _resume(self, parked: list[Parked]) -> bool:
        values = self.meet(parked, self.entry)
        if values is None:
            return False
        for cell, value in zip(self.variables, values, strict=True):
            fill(cell, value)
        return True

    def test(self, value: Any, always: bool = False) -> Any:
        """Whether any lane goes on; those whose test fails leave. ``always`` says that it never does."""
        run = self.run
        if run.meter is not None:
            run.meter.turn(run, self.weight)
        if type(value) not in VARYING:
            if value and run.parted and self.broken and not _anyone(run):
                self.here = False  # no lanes: one turn has shown all that there is to see
                return False
            return value
        if run.region is not self:
            run.give_up()
        value = truths(value)
        self.turns += 1
        if self.turns >= LONG and self.alone():
            return False
        if type(value) is not LaneArray:
            return value
        if self.ident in PLAIN:
            return bool(value)
        if not value.data.size:  # no lanes: see what one turn would do
            return self.turns == 1
        if run.meter is not None:
            run.meter.turn(run, PARTS)
        before = run.made, run.refinements
        stay, leave = sides(value)
        gone = self.part(value.lanes, leave)
        self.finished.append(self.take_down())
        for axis in value.lanes.axes:
            axis.replace(None)
        run.made, run.refinements = before
        self.used.append(gone)
        self.part(value.lanes, stay)
        return True

    def alone(self) -> bool:
        """Whether the few lanes that are left run one by one instead, from the start of the mapped function."""
        run = self.run
        few = run.parted and 0 < math.prod([axis.size for axis in run.refinements]) <= FEW
        if not few or run.parent is not None or run.axis.name is not None or run.writable or run.tracing:
            return False
        region = self.outer
        while region is not None and not region.call:
            region = region.outer
        if region is None or not region.top:
            return False  # a function that was called has to give something
        run.file(tuple([run.on_roots(axis) for axis in run.refinements]))
        run.few = True
        self.here = False
        return True

    def over(self, iterable: Any) -> Any:
        """The items of an iterable; of a range that differs between lanes, each lane's own."""
        if type(iterable) in UNEVEN:
            return iterable.turns(self)
        return iter(iterable) if self.run.meter is None else counted(iterable, self.run, self.weight)

    def leave(self) -> Gone:
        """``break``: the lanes at work leave."""
        if self._all_here():
            self.out_all = True
            return GONE
        return self._away(self.broken)

    def skip(self) -> Gone:
        """``continue``: the lanes at work wait for the next turn."""
        if self._all_here():
            self.again_all = True
            return GONE
        return self._away(self.skipped)

    def breaks(self) -> bool:
        """``break`` for all that are here; whether others take the next turn."""
        self.leave()
        return self.go_on()

    def _all_here(self) -> bool:
        return self.run.refinements is self.base and not (self.finished or self.broken or self.skipped)

    def _away(self, where: list[Parked]) -> Gone:
        if self.run.region is not None and self.run.refinements is not self.base:
            self.idents |= self.run.region.statements()
        where.append(self.take_down())
        return GONE

    def go_on(self) -> bool:
        """Whether any lane takes the next turn, when those at work have left."""
        if self.out_all:
            return False
        if self.again_all:
            self.again_all = False
            return True
        self.here = self._resume(self.skipped)
        self.skipped = []
        return self.here

    def rejoin(self) -> None:
        """At the end of a turn: those that skipped the rest of it are back."""
        if self.skipped:
            self._resume([*self.skipped, self.take_down()])
            self.skipped = []

    def orelse(self, body: Callable[[], Any]) -> None:
        """The ``else`` of the loop: for the lanes that did not break."""
        if self.out_all:
            return
        if self.here and (self.finished or self.broken):
            self.finished.append(self.take_down())
        if self.finished:
            self.here = self._resume(self.finished)
            self.finished = []
        if self.here and body() is GONE:
            self.here = False

    def over_and_out(self) -> Any:
        """End the loop; `GONE` if no lane comes to its end."""
        run = self.run
        if run.region is not self:
            run.give_up()
        parked = self.finished + self.broken
        if not parked and self.here:
            run.region = self.outer
            if self.outer is not None:
                self.outer.used.extend(self.used)
                self.outer.idents |= self.idents if run.parted else set()
            return None
        if self.here:
            parked.append(self.take_down())
        here = self._resume(parked)
        self.end()
        return None if here else GONE


class Straight:
    """A loop in whose body no lanes part: only a range that differs between lanes makes a region of it.

    Parameters
    ----------
    make : callable
        Makes the `Loop`.
    run : Run, optional
        The mapped function at work.
    weight : int
        Of a turn, for `hot`.
    """

    __slots__ = ("given", "loop", "make", "run", "weight")

    def __init__(self, make: Callable[[], Loop], run: Run | None, weight: int) -> None:
        self.make = make
        self.run = run
        self.weight = weight
        self.given: tuple[Any, ...] = ()
        self.loop: Loop | None = None

    def over(self, iterable: Any) -> Any:
        """As `Loop.over`."""
        if type(iterable) not in UNEVEN:
            run = self.run
            if run is not None and run.meter is not None and type(iterable) in _SIZED:
                run.meter.turn(run, self.weight * len(iterable))
            return iter(iterable)
        self.loop = self.make()
        return self.loop.over(iterable)

    def over_and_out(self) -> Any:
        """As `Loop.over_and_out`."""
        return None if self.loop is None else self.loop.over_and_out()


class LaneRange:
    """``range`` with bounds that differ between lanes."""

    def __init__(self, start: Any, stop: Any, step: Any) -> None:
        self.start, self.stop, self.step = start, stop, step

    def turns(self, loop: Loop) -> Any:
        """The numbers, for the lanes that have one more."""
        up = self.step > 0
        number, turn = self.start, 0
        while loop.test(number < self.stop if up else number > self.stop):
            yield number
            turn += 1
            number = self.start + turn * self.step  # of the lanes that are here now, which may have been apart

    def __iter__(self) -> Any:
        return iter(range(*[int(x) for x in (self.start, self.stop, self.step)]))

    def __len__(self) -> int:
        return len(range(*[int(x) for x in (self.start, self.stop, self.step)]))


def counted(items: Any, run: Run, weight: int) -> Any:
    """What a loop goes over, each turn being counted."""
    for item in items:
        run.meter.turn(run, weight)
        yield item


_SIZED = frozenset({range, list, tuple, np.ndarray, LaneArray})

UNEVEN: set[type] = {LaneRange, LaneList}
"""The types of iterables that may have more items in some lanes than in others."""


def _anyone(run: Run) -> bool:
    """Whether there are lanes at work at all."""
    return all(axis.size for axis in (run.axis, *run.refinements))
