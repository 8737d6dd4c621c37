"""Arrays from before a region: the lanes at work read copies of them, and write them through."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from .. import facts
from ..array import ARRAY, TABLE, LaneArray, live, map_lanes, settled
from ..facts import RUN, Again, Run
from ..lanes import LaneAxis, Lanes, refresh
from . import items


def lent(run: Run, x: LaneArray) -> LaneArray:
    """The lanes at work of a value from before they parted: a copy, kept if nobody can write the original.

    What is kept is the value as each region found it: the next turn of a loop starts from that of the last one, though
    a branch has had lanes of its own in between.
    """
    if x.kind == ARRAY and facts.may_change(x.data):
        data, lanes = refresh(x.data, x.lanes)
        run.lend(data, None, x.data)
        return LaneArray(data, lanes, x.kind)
    for end in _starts(run):
        kept: LaneArray | None = getattr(x, "now", None)
        start = x if kept is None or not _in_force(kept.lanes, end) else kept
        data, lanes = refresh(start.data, start.lanes, end)
        if lanes is not start.lanes:
            start = LaneArray(data, lanes, x.kind)
        if start is not x:
            x.now = start
            x = start
    return x


def _starts(run: Run) -> list[float]:
    """How many refinements there were at the start of each region at work, and no end."""
    starts: list[float] = [math.inf]
    region = run.region
    while region is not None:
        if region.made and region.made != starts[-1]:
            starts.append(region.made)
        region = region.outer
    return starts[::-1]


def _in_force(lanes: Lanes, end: float) -> bool:
    """Whether axes are of those at work, or have been: a refinement is not, once its lanes have met again."""
    for axis in lanes.axes:
        if not isinstance(axis.owner, Run):
            if axis.closed:
                return False
        elif axis.place >= min(end, len(axis.owner.made)) or axis.owner.made[axis.place] is not axis:
            return False
    return True


def through(rule: Any, plain: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> Any:
    """Run an operation on the lanes at work; what it writes is written to the arrays from before they parted."""
    run = RUN.get()
    assert run is not None
    if plain is operator.getitem and (found := items.read(run, *args[1:])) is not None:
        return found
    if plain is operator.setitem:
        if items.write(run, *args[1:]):
            return None
        if TABLE["crosses"](*args[1:]):
            run.give_up()  # of copies it does not show
    elif plain in _ONE_BY_ONE and _share((*args[1:], *kwargs.values())):
        run.give_up()
    while True:
        copies = Copies()
        new_args, new_kwargs = map_lanes(copies, (args, kwargs))
        pairs = list(copies.made.values())
        outer, run.open = run.open, [now.data for _, now in pairs]
        dirty, run.dirty = run.dirty, []
        try:
            result = settled(rule, plain, new_args, new_kwargs, name)
            written = run.dirty
        except Again:
            continue
        finally:
            run.open, run.dirty = outer, dirty
        for base, now in pairs:
            if any(facts.owner_of(now.data) is owner for owner in written):
                write_back(run, base, now, copies.owners)
            if result is now:
                result = base
        return result


_ONE_BY_ONE = (np.copyto, np.place)
"""What may write an element before it has read all others, where its operands share memory."""


def _share(operands: tuple[Any, ...]) -> bool:
    """Whether the first of some operands shares memory with another."""
    owners = [id(facts.owner_of(x.data)) for x in operands if type(x) is LaneArray]
    return type(operands[0]) is LaneArray and owners[0] in owners[1:]


class Copies:
    """The lanes at work of an operation's operands: one copy of each array, which may be written back."""

    def __init__(self) -> None:
        self.made: dict[int, tuple[LaneArray, LaneArray]] = {}
        self.owners: list[Any] = []  # of the memory of all copies, also of what can only be read

    def __call__(self, x: LaneArray) -> LaneArray:
        """The lanes at work of one operand."""
        if id(x) in self.made:
            return self.made[id(x)][1]
        now = live(x)
        if now is not x and x.kind == ARRAY:
            self.owners.append(facts.owner_of(now.data))
            if x.data.flags.writeable:
                self.made[id(x)] = x, now
        return now


def prepare(target: LaneArray) -> None:
    """See that an array can be written by the lanes at work alone.

    Raises
    ------
    Again
        If it did not vary over the lanes that parted, and does now.
    """
    run = RUN.get()
    assert run is not None
    if not target.lanes.axes:
        if target.lanes is run.nowhere:
            return
        birth = target.lanes.birth
        if birth is None or birth[0] is not run:
            return  # the lanes share it
        wide = _parents(run, birth[1])
        if not wide.axes:
            return
        _vary(target, wide)
        raise Again
    missing = [axis for axis in run.refinements if axis not in run.base and axis not in target.lanes.axes]
    if missing:
        run.give_up()


def _parents(run: Run, before: tuple[LaneAxis, ...]) -> Lanes:
    """The axes that were in force when these were, and have parted since."""
    found: set[LaneAxis] = set()

    def add(axis: LaneAxis) -> None:
        for parent in axis.parents:
            if parent.owner is run and parent not in before:
                add(parent)
            else:
                found.add(parent)

    for axis in run.refinements:
        if axis not in before:
            add(axis)
    return Lanes.of(tuple(sorted(found, key=lambda axis: axis.level)))


def _vary(target: LaneArray, lanes: Lanes) -> None:
    from ..ops.writing import widen

    widen(target, lanes)


def write_back(run: Run, base: LaneArray, now: LaneArray, copies: list[Any]) -> None:
    """Write what the lanes at work have left in their copy to the array itself."""
    owner = facts.owner_of(base.data)
    if run.lent and id(owner) in run.lent:  # another copy stands for it
        run.give_up(run.lenders[id(owner)])
    if run.has_copies(owner, copies):  # views, in the loop
        run.give_up()
    places = np.arange(math.prod(base.lanes.shape)).reshape(base.lanes.shape)
    found, lanes = refresh(places, base.lanes)
    parents = {parent for axis in lanes.axes if axis.owner is run for parent in axis.parents}
    if now.lanes.axes != lanes.axes or not all(_within(parent, base.lanes, run) for parent in parents):
        run.give_up()  # it would have to vary over more lanes than it does
    index = np.unravel_index(found.reshape(-1), base.lanes.shape)
    shape = now.data.shape[now.lanes.ndim :]
    base.data[index] = now.data.reshape(-1, *shape) if now.data.size else now.data.reshape(0, *shape)


def _within(axis: LaneAxis, lanes: Lanes, run: Run) -> bool:
    return axis in lanes.axes or (axis.owner is run and all(_within(parent, lanes, run) for parent in axis.parents))


TABLE["lent"] = lent
TABLE["through"] = through
TABLE["prepare"] = prepare
