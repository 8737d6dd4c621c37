"""Loops whose turns only compute: lanes that have left go on computing for a while, and nothing is gathered.

When a lane leaves, its values are taken down, and from then on what it computes is of no use. As long as there are few
such lanes, to let them be costs less than to gather all values of the others. It is a trial (`both`): where one
of them would be noticed, they are left out, and the step is done again.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, SCALAR, LaneArray, live
from ..facts import FEW, PLAIN, RUN
from ..lanes import Lanes
from .both import FAILED, is_harmless, on_trial, scalar_kind, user_cells
from .branches import contents, fill, truths, where
from .loops import LONG, UNEVEN, LaneRange, Loop, Straight
from .region import PARTS
from .tail import finish

DO, TEST, BREAK, RETURN = "do", "test", "break", "return"
"""The steps of a turn: statements; the test of a ``while``; ``if ...: break``; ``if ...: return ...``."""

_OFTEN = 8  # turns, after which it is seen how many lanes are left

_ALONE = 100  # lanes, whose turns one by one take no longer than one turn of all of them

Variables = list[tuple[Any, Any]]  # cells, and what they hold

_SEEN = 4  # turns: what a lane holds that has left takes some to grow beyond all bounds

_MOST = 12  # turns whose lanes wait to be taken down, with the values of all lanes then

_SMALL = 4000  # lanes: below, those that have left are no burden until they are the most


def take_turns(loop: Any, items: Callable[[], Iterable[Any]] | None, bind: Any, *steps: tuple[Any, ...]) -> bool:
    """Run a loop to its end, if it is one for that; else it has not begun.

    Parameters
    ----------
    loop : Loop or Straight
        Or what stands for one while `jit` traces.
    items : callable, optional
        Gives what a ``for`` goes over.
    bind : callable, optional
        Gives the loop's variable an item.
    steps : tuples
        Of one turn: what kind of step, and its functions.
    """
    run = RUN.get()
    straight = type(loop) is Straight
    if run is None or not (straight or type(loop) is Loop) or not run.axis.size or run.tracing:
        return False
    if not all(is_harmless(step[1]) for step in steps):
        return False
    found = items() if items is not None else None
    loop.given = (found,)
    if straight:  # lanes part at its range only
        if type(found) is not LaneRange:
            return False
        loop.loop = loop = loop.make()
    if loop.ident in PLAIN or (type(found) in UNEVEN and type(found) is not LaneRange):
        return False
    Turns(loop, steps).run(found, bind)
    return True


class Turns:
    """The lanes of a loop, among them some that have left it.

    Parameters
    ----------
    loop : Loop
        The region.
    steps : tuples
        Of one turn.
    """

    def __init__(self, loop: Loop, steps: tuple[tuple[Any, ...], ...]) -> None:
        self.loop = loop
        self.mapped = loop.run
        self.steps = steps
        self.alive: LaneArray | None = None  # which of the lanes at work are in the loop; None: all
        self.pending: list[Leaving] = []
        self.turns = self.failures = 0

    def run(self, items: Any, bind: Any) -> None:
        """Take turns as long as any lane does."""
        if type(items) is LaneRange:
            self.over_range(items, bind)
            return
        left = iter(items) if items is not None else iter(int, 1)
        bounded = items is None or type(items) is range
        for item in left:
            if bind is not None:
                bind(item)
            if not self.turn():
                return
            if bounded and self.few_are_left():
                if finish(self, None if items is None else list(copy.copy(left)), bind):
                    return
                bounded = self.mapped.meter is not None and self.mapped.meter.over()  # else it is tried once
        self.leave_out()

    def few_are_left(self) -> bool:
        """Whether the lanes in the loop are so few that each is quicker by itself; it then goes on with those only."""
        if self.turns % _OFTEN or not self.mapped.parted:
            return False
        if self.alive is not None and np.count_nonzero(self.alive.data) <= _ALONE:
            self.leave_out()
        sizes = [axis.size for axis in self.mapped.refinements]
        return bool(sizes) and math.prod(sizes) <= _ALONE

    def over_range(self, items: LaneRange, bind: Any) -> None:
        """The same over a range whose bounds differ between lanes."""
        step, turn = items.step, 0

        def number() -> Any:
            return items.start + turn * step

        def more() -> Any:
            return number() < items.stop if step > 0 else number() > items.stop

        while self.goes_on(TEST, more):
            bind(number())
            if not self.turn():
                return
            turn += 1

    def turn(self) -> bool:
        """One turn; whether there may be another."""
        self.turns += 1
        if self.mapped.meter is not None:
            self.mapped.meter.turn(self.mapped, self.loop.weight)
        for kind, *functions in self.steps:
            if kind == DO:
                self.compute(functions[0])
            elif not self.goes_on(kind, *functions):
                return False
        return True

    def compute(self, function: Callable[[], Any]) -> Any:
        """Do a step on the lanes at work; without those that have left, where they would be noticed."""
        if self.alive is None:
            return function()
        before = own_cells(function)
        found = on_trial(self.mapped, function)
        if found is FAILED:
            restore(before)
            self.failures += 1
            self.leave_out()
            return function()
        return found

    def leave_out(self) -> None:
        """Go on with the lanes that are in the loop only."""
        self.settle()
        if self.alive is not None:
            self.loop.part(self.alive.lanes, where(self.alive.data))
            self.alive = None

    def goes_on(self, kind: str, test: Callable[[], Any], last: Callable[[], Any] | None = None) -> bool:
        """Let lanes leave by a test, the ``last`` thing that they do being this; whether any stay."""
        stay = self.compute(lambda: truths(test()))
        if kind != TEST:
            stay = LaneArray(~stay.data, stay.lanes, PYTHON) if type(stay) is LaneArray else not stay
        if type(stay) is not LaneArray:
            if not stay:
                self.all_leave(kind, last)
            return bool(stay)
        stay = live(stay)
        if self.alive is not None:
            stay = self.both(stay, self.alive)
        count = int(np.count_nonzero(stay.data))
        if self.alive is not None and count == np.count_nonzero(self.alive.data) and stay.lanes is self.alive.lanes:
            return True
        if not count:
            self.all_leave(kind, last)
            return False
        self.some_leave(kind, last, stay)
        self.alive = stay
        if self.few(count, stay.data.size):
            self.leave_out()
        if count <= FEW and self.turns >= LONG:
            self.leave_out()
            return not self.loop.alone()
        return True

    def few(self, count: int, size: int) -> bool:
        """Whether the lanes that have left are a burden."""
        if 4 * self.failures > self.turns + 4:
            return True
        return 2 * count < size or (size > _SMALL and 4 * count < 3 * size)

    def both(self, a: LaneArray, b: LaneArray) -> LaneArray:
        """Where two truths hold."""
        lanes = a.lanes.union(b.lanes)
        return LaneArray(_on(a, lanes) & _on(b, lanes), lanes, PYTHON)

    def some_leave(self, kind: str, last: Callable[[], Any] | None, stay: LaneArray) -> None:
        """Note which lanes leave, and what their variables hold."""
        lanes = stay.lanes
        leave = ~stay.data if self.alive is None else _on(self.alive, lanes) > stay.data
        values = [(cell, contents(cell)) for cell in self.loop.variables]
        if last is not None:
            values += own_cells(last)
        self.pending.append(Leaving(kind, last, lanes, leave.nonzero(), values))
        self.mapped.parted = True
        if len(self.pending) == _MOST or lanes.ndim > 1:
            self.settle()
        if self.failures > 1 or (self.failures and self.turns % _SEEN == 0):
            self.imitate(stay)

    def settle(self) -> None:
        """Let those leave of whom it was noted, together where their variables are of one kind."""
        while self.pending:
            first = self.pending[0]
            group = [leaving for leaving in self.pending if leaving.kind == first.kind and leaving.last is first.last]
            values = first.values if len(group) == 1 else together(group)
            if values is None:
                group, values = [first], first.values
            self.pending = [leaving for leaving in self.pending if leaving not in group]  # they are equal if the same
            index = tuple([np.concatenate(rows) for rows in zip(*[leaving.index for leaving in group], strict=True)])
            self.leave_with(first.kind, first.last, first.lanes, index, values)

    def imitate(self, stay: LaneArray) -> None:
        """Let lanes that have left hold what one that stays does: with what they had last they would be noticed."""
        example, gone = np.unravel_index(int(stay.data.argmax()), stay.data.shape), (~stay.data).nonzero()
        for cell in self.loop.variables:
            value = contents(cell)
            if type(value) is LaneArray and value.kind != ARRAY and value.lanes is stay.lanes:
                data = value.data.copy()
                data[gone] = data[example]
                cell.cell_contents = LaneArray(data, value.lanes, value.kind)

    def leave_with(self, kind: str, last: Any, lanes: Any, index: Any, values: Variables) -> None:
        """Take down lanes that leave, their variables being as they are told."""
        loop, run = self.loop, self.mapped
        if run.meter is not None:
            run.meter.turn(run, PARTS)
        before = run.made, run.refinements, run.nowhere
        gone = loop.part(lanes, index)
        now = [(cell, contents(cell)) for cell, _ in values]
        restore(values)
        self.depart(kind, last)
        restore(now)
        for axis in lanes.axes:
            axis.replace(None)
        run.made, run.refinements, run.nowhere = before
        loop.used.append(gone)

    def depart(self, kind: str, last: Callable[[], Any] | None) -> None:
        """The lanes at work leave."""
        if last is not None:
            last()
        if kind != RETURN:
            (self.loop.finished if kind == TEST else self.loop.broken).append(self.loop.take_down())

    def all_leave(self, kind: str, last: Callable[[], Any] | None) -> None:
        """Those that are left leave together; at the test of the loop they just are at its end."""
        self.leave_out()
        if last is not None:
            last()
        if kind == BREAK:
            self.loop.breaks()
        elif kind == RETURN:
            self.loop.go_on()


class Leaving:
    """Lanes that have left, and are still to be taken down."""

    def __init__(self, kind: str, last: Any, lanes: Lanes, index: tuple[Any, ...], values: Variables) -> None:
        self.kind, self.last = kind, last
        self.lanes, self.index = lanes, index
        self.values = values  # what the variables held


def together(group: list[Leaving]) -> Variables | None:
    """The variables of lanes that left in different turns, each with its own turn's; None where they differ in kind."""
    lanes = group[0].lanes
    found = []
    for place, (cell, first) in enumerate(group[0].values):
        column = [leaving.values[place][1] for leaving in group]
        if all(value is first for value in column):
            found.append((cell, first))
            continue
        kind = scalar_kind(first)
        if type(kind) is not tuple or kind[0] not in (PYTHON, SCALAR) or any(scalar_kind(x) != kind for x in column):
            return None
        data = np.empty(lanes.shape, kind[1])
        for value, leaving in zip(column, group, strict=True):
            if type(value) is LaneArray:
                value = live(value)
                if any(axis not in lanes.axes for axis in value.lanes.axes):
                    return None
                value = _on(value, lanes)[leaving.index]
            data[leaving.index] = value
        found.append((cell, LaneArray(data, lanes, kind[0])))
    return found


def own_cells(function: Any) -> Variables:
    """The user's variables that a step may bind, and what they hold."""
    return [(cell, contents(cell)) for cell in user_cells(function)]


def restore(before: Variables) -> None:
    """Let variables hold what they held."""
    for cell, value in before:
        fill(cell, value)


def _on(x: LaneArray, lanes: Any) -> Any:
    """The data of a scalar for all of some lanes."""
    if x.lanes is lanes:
        return x.data
    shape = [axis.size if axis in x.lanes.axes else 1 for axis in lanes.axes]
    return np.broadcast_to(x.data.reshape(shape), lanes.shape)
