"""Calls of functions: lanes leave them when they return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import optree

from ..array import LaneArray, live
from ..collect import Outcome, outcome
from ..facts import Run
from ..tree import flatten_results
from .branches import where
from .lanelist import LaneList
from .meet import Mixed, bound, present
from .region import GONE, Gone, Parked, Region


def outcomes(run: Run, value: Any) -> list[Outcome]:
    """What comes of the lanes at work: one outcome, or more if some of the result is mixed."""
    if type(value) is LaneArray:
        return [outcome(run, value)]
    leaves, spec = flatten_results(value)
    for n, leaf in enumerate(leaves):
        if type(leaf) is Mixed:
            codes = live(leaf.codes)
            region = Region(run)
            found = []
            numbers = range(len(leaf.options))
            for code in present(codes.data, len(numbers)) if codes.data.size else numbers:
                region.part(codes.lanes, where(codes.data == code))
                leaves[n] = bound(leaf.options[code])
                found.extend(outcomes(run, optree.tree_unflatten(spec, leaves)))
                region.back()
            region.end()
            return found
        if type(leaf) is LaneList:
            before, after = leaves[:n], leaves[n + 1 :]
            return _by_length(run, leaf, lambda items: optree.tree_unflatten(spec, [*before, items, *after]))
    return [outcome(run, value)]


def _by_length(run: Run, made: LaneList, result: Callable[[Any], Any]) -> list[Outcome]:
    """The outcomes of a result with a list in it: one for each length that the list has."""
    size = made.size()
    if type(size) is int or not size.data.size or (size.data == size.data.flat[0]).all():
        return outcomes(run, result(made.items()))
    region = Region(run)
    found = []
    for number in np.unique(size.data):
        region.part(size.lanes, where(size.data == number))
        found.extend(outcomes(run, result(made.items())))
        region.back()
    region.end()
    return found


class Returned:
    """What the mapped function gave where its lanes returned at different places."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        self.outcomes = outcomes


_NOTHING = object()


class Frame(Region):
    """A call of a function: lanes leave it when they return."""

    call = True

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.top = run.top
        run.top = False
        self.value: Any = _NOTHING
        self.outcomes: list[Outcome] = []
        self.parked: list[Parked] = []

    def leave(self, value: Any) -> Gone:
        """Let the lanes at work return a value."""
        run = self.run
        if run.refinements is self.base:
            self.value = value
            return GONE
        self.idents |= run.region.statements() if run.region is not None else set()
        if self.top:
            self.outcomes.extend(outcomes(run, value))
        else:
            self.parked.append(self.park([value]))
        return GONE

    def done(self, value: Any = None) -> Any:
        """Return a value from the lanes at work, which are the last."""
        run = self.run
        if run.region is not self:
            run.give_up()
        if run.refinements is self.base:
            run.region = self.outer
            return value
        self.leave(value)
        return self.result()

    def result(self) -> Any:
        """What the function returns, all lanes having left."""
        if self.run.region is not self:
            self.run.give_up()
        if self.value is not _NOTHING:
            self.back()
            self.end()
            return self.value
        if self.top:
            self.back()
            self.end()
            return Returned(self.outcomes)
        values = self.meet(self.parked, [None])
        self.end()
        assert values is not None
        return values[0]
