"""Where the items of a list of each lane lie: its slots, the lanes that it varies over, and its lengths.

A list belongs to the lanes at work when it was made, and varies over as few of their axes as it has to. Lanes that have
parted since read and write their own places, so nothing is ever gathered.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Iterator
from typing import Any, Self

import numpy as np

from .. import facts
from ..array import ARRAY, PYTHON, LaneArray, live
from ..facts import RUN, NoLaneForm, Run
from ..lanes import LaneAxis, Lanes, refresh
from .meet import Mixed, Saved, save
from .sites import known
from .slots import ALL, At, Slots, flat

ROOM = 8  # slots of a new list, at the least


class LaneSlots:
    """The items of a list that may differ between lanes.

    Parameters
    ----------
    run : Run
        The mapped function at work.
    items : iterable
        What it holds at first.
    site : object
        The instruction that made it.
    """

    __slots__ = ("__weakref__", "axes", "frozen", "heir", "home", "length", "run", "site", "slots")

    def __init__(self, run: Run, items: Iterable[Any], site: Any) -> None:
        items = list(items)
        saved = [save(item, {}) for item in items]
        self.run = run
        self.site = site
        self.axes = in_force(run)  # the lanes that have the list
        self.heir: Any = None  # the list that this one has become a part of
        self.frozen: frozenset[Any] | None = None  # it has copies, or is one: the sites to blame
        self.home = Lanes.of(by_level({axis for item in saved for axis in _axes_of(item)}))
        self.slots = Slots(max(len(items), ROOM), math.prod(self.home.shape), site)
        self.length: Any = len(items)
        for slot, (item, kept) in enumerate(zip(items, saved, strict=True)):
            self._lend(item)
            self.slots.put(slot, ALL, kept, self.home)
        if run.region is not None:
            run.region.adopt(self)

    # ---- which lanes ----

    def owner(self) -> Self:
        """The list that this one has become a part of, or itself."""
        found: Any = self
        while found.heir is not None:
            found = found.heir
        return found  # type: ignore[no-any-return]

    def here(self) -> tuple[Lanes, At]:
        """The lanes at work that the list varies over, and their places in it."""
        home = self.home
        if not home.stale:
            return home, ALL
        run = RUN.get()
        if run is None:
            refresh(np.zeros(home.shape), home)  # raises: the call has ended
            raise NoLaneForm("a list is used outside of the vmap that it belongs to")
        places = known(run).places
        kept = places.get(home.axes)
        if kept is not None and kept[0] is run.refinements and not kept[1].stale:
            return kept[1], kept[2]
        start = np.arange(math.prod(home.shape)).reshape(home.shape), home
        if kept is not None and all(is_made(axis) for axis in kept[1].axes):
            start = kept[2].reshape(kept[1].shape), kept[1]
        found, lanes = refresh(*start)
        places[home.axes] = run.refinements, lanes, found.reshape(-1)
        return lanes, found.reshape(-1)

    def among(self, lanes: Lanes) -> At:
        """The places of some lanes, which vary over as much as the list does or more."""
        here, at = self.here()
        if lanes is here:
            return at
        places = np.arange(self.slots.lanes) if at is ALL else at
        return flat(places.reshape(here.shape), here, lanes)

    def lengths(self, at: At) -> Any:
        """The lengths of the lanes at some places, or the one of all."""
        return self.length if type(self.length) is int else self.length[at]

    def for_writing(self, *values: Any) -> Run:
        """See that the lanes at work may write, and that the list varies over whatever these values vary over."""
        run = RUN.get()
        if run is None or run is not self.run:
            raise NoLaneForm("a list that the lanes share is changed", in_order=True)
        run.only_computing()
        if self.frozen is not None:
            run.give_up(self.frozen)
        here, _ = self.here()
        wanted = {axis for value in values for axis in lane_axes(value)}
        if run.parted:
            wanted |= {axis for axis in run.refinements if axis not in self.axes}
        missing = wanted.difference(here.axes)
        if missing:
            self.widen({root for axis in missing for root in self._roots(axis)})
        return run

    def _roots(self, axis: LaneAxis) -> set[LaneAxis]:
        """The axes in force when the list was made from which one of now comes."""
        found: set[LaneAxis] = set()
        seen = {axis}
        waiting = [axis]
        while waiting:
            one = waiting.pop()
            if one in self.axes:
                found.add(one)
            elif one.parents:
                waiting.extend(parent for parent in one.parents if parent not in seen)
                seen.update(one.parents)
            else:
                raise NoLaneForm("a list meets lanes that it does not know")
        return found

    def widen(self, more: set[LaneAxis]) -> None:
        """Vary over more axes."""
        lanes = Lanes.of(by_level({*self.home.axes, *more}))
        places = flat(np.arange(self.slots.lanes).reshape(self.home.shape), self.home, lanes)
        self.slots = self.slots.on(places)
        if type(self.length) is not int:
            self.length = self.length[places]
        self.home = lanes

    def move(self, roots: dict[LaneAxis, tuple[tuple[LaneAxis, ...], Any]]) -> None:
        """Belong to the lanes of an outer region.

        Parameters
        ----------
        roots : dict
            For axes that end: the axes that they refine, and the index of their lanes on each.
        """
        self.axes = _replaced(self.axes, roots)
        if not any(axis in roots for axis in self.home.axes):
            return
        old = self.home
        lanes = Lanes.of(by_level(_replaced(old.axes, roots)))
        index = []
        for root in lanes.axes:
            for dimension, axis in enumerate(old.axes):
                parents, where = roots[axis] if axis in roots else ((axis,), (np.arange(axis.size),))
                if root in parents:
                    shape = [1] * old.ndim
                    shape[dimension] = -1
                    index.append(np.broadcast_to(where[parents.index(root)].reshape(shape), old.shape).reshape(-1))
                    break
        places = np.ravel_multi_index(tuple(index), lanes.shape) if self.slots.lanes else np.zeros(0, np.intp)
        size = math.prod(lanes.shape)
        self.slots = self.slots.among(places, size)
        if type(self.length) is not int:
            length = np.zeros(size, np.intp)
            length[places] = self.length
            self.length = length
        self.home = lanes

    def absorb(self, other: LaneSlots, mask: Any, lanes: Lanes) -> None:
        """Let some lanes hold what they hold in another list.

        Parameters
        ----------
        mask : array of bool
            Which of ``lanes``, the axes of which this list varies over.
        """
        chosen = np.flatnonzero(mask)
        at = all_of(self.among(lanes), self)[chosen]
        source = all_of(other.among(lanes), other)[chosen]
        self.make_room(other.slots.room)
        self.slots.absorb(other.slots, at, source)
        if type(self.length) is int and type(other.length) is int and self.length == other.length:
            return
        if type(self.length) is int:
            self.length = np.full(self.slots.lanes, self.length, np.intp)
        self.length[at] = other.lengths(source)

    def _lend(self, value: Any) -> None:
        """See that nobody writes an array of which the list holds a copy."""
        kind = type(value)
        if kind is LaneArray:
            if value.kind == ARRAY:
                self.run.lend(value.data, frozenset({self.site}))
        elif kind is np.ndarray:
            if value.flags.writeable:
                self.run.give_up({self.site})
        elif kind in (tuple, list, dict) or hasattr(kind, "_fields"):
            for item in value.values() if kind is dict else value:
                self._lend(item)

    # ---- lengths ----

    def size(self) -> Any:
        """``len``: a number, or one of each lane."""
        self = self.owner()
        if type(self.length) is int:
            self.here()  # raises, if the call has ended
            return self.length
        lanes, at = self.here()
        length = self.length[at] if at is not ALL else self.length.copy()  # the list may grow
        return LaneArray(length.reshape(lanes.shape), lanes, PYTHON)

    def truth(self) -> Any:
        """Whether it holds anything: a bool, or one of each lane."""
        size = self.size()
        return size > 0

    def _longest(self) -> int:
        """The greatest length among the lanes at work."""
        size = self.size()
        return size if type(size) is int else int(size.data.max(initial=0))

    def _resize(self, run: Run, at: At, by: int) -> None:
        """Let the lanes at work have more items, or fewer."""
        if type(self.length) is int:
            if not run.parted or all(axis in self.axes for axis in run.refinements):
                self.length += by
                return
            self.length = np.full(self.slots.lanes, self.length, np.intp)
        self.length[at] += by

    def make_room(self, needed: int) -> None:
        """See that there are enough slots."""
        if needed > self.slots.room:
            self.slots = self.slots.with_room(max(needed, 2 * self.slots.room))

    def _slot(self, index: Any, message: str) -> tuple[Lanes, At, Any]:
        """The lanes at work, their places, and the slot that an index means in each.

        Raises
        ------
        IndexError
            If it means none, and all lanes at work agree on that.
        """
        while True:
            number, lanes = index, self.here()[0]
            if type(index) is LaneArray:
                index = live(index)
                lanes = lanes.union(index.lanes)
                number = flat_number(index, lanes)
            at = self.among(lanes)
            length = self.lengths(at)
            bad = (number < -length) | (number >= length)
            if type(bad) is not np.ndarray:
                if bad:
                    raise IndexError(message)
                return lanes, at, number + length if number < 0 else number
            if not bad.any():
                return lanes, at, np.where(number < 0, number + length, number)
            if facts.agree(lanes, over(bad, lanes), "whether an exception is raised"):
                raise IndexError(message)


def in_force(run: Run) -> tuple[LaneAxis, ...]:
    """The axes of all lanes at work."""
    found: list[LaneAxis] = []
    one: Run | None = run
    while one is not None:
        found += [axis for axis in (one.axis, *one.refinements) if axis.replaced is None and not axis.closed]
        one = one.parent
    return tuple(found)


def is_made(axis: LaneAxis) -> bool:
    """Whether an axis is one of those at work, or has been: a refinement is not, once its lanes have met again."""
    return axis in axis.owner.made if isinstance(axis.owner, Run) else not axis.closed


def by_level(axes: Iterable[LaneAxis]) -> tuple[LaneAxis, ...]:
    """Axes in the order of their maps."""
    return tuple(sorted(axes, key=lambda axis: axis.level))


def _replaced(axes: tuple[LaneAxis, ...], roots: dict[LaneAxis, Any]) -> tuple[LaneAxis, ...]:
    """Axes, with those in their place that the ones that end refine."""
    found = (root for axis in axes for root in (roots[axis][0] if axis in roots else (axis,)))
    return tuple(dict.fromkeys(found))


def lane_axes(value: Any) -> Iterator[LaneAxis]:
    """The axes that a value varies over."""
    kind = type(value)
    if kind is LaneArray:
        yield from live(value).lanes.axes
    elif kind is Mixed:
        yield from live(value.codes).lanes.axes
        for option in value.options:
            yield from lane_axes(option)
    elif kind in (tuple, list, dict) or hasattr(kind, "_fields"):
        for item in value.values() if kind is dict else value:
            yield from lane_axes(item)


def _axes_of(saved: Saved) -> Iterator[LaneAxis]:
    for piece in (saved.piece, saved.codes):
        if piece is not None:
            yield from piece.axes
    for item in saved.items:
        yield from _axes_of(item)


def all_of(at: At, owner: LaneSlots) -> Any:
    return np.arange(owner.slots.lanes) if at is ALL else at


def flat_number(index: LaneArray, lanes: Lanes) -> Any:
    return flat(index.data, index.lanes, lanes).astype(np.intp, copy=False)


def over(data: Any, lanes: Lanes) -> Any:
    return np.broadcast_to(data, math.prod(lanes.shape)).reshape(lanes.shape)


def lane_number(data: Any, lanes: Lanes) -> LaneArray:
    return LaneArray(over(data, lanes), lanes, PYTHON)


def together(*values: Any) -> tuple[Lanes, list[Any]]:
    """Numbers over the lanes that any of them varies over, one lane after another; `Lanes` only tell of more."""
    parts = [live(x) if type(x) is LaneArray else x for x in values]
    lanes = Lanes.of(())
    for part in parts:
        if type(part) is LaneArray:
            lanes = lanes.union(part.lanes)
        elif type(part) is Lanes:
            lanes = lanes.union(part)
    found = [flat_number(part, lanes) if type(part) is LaneArray else part for part in parts if type(part) is not Lanes]
    return lanes, [x if x is None or type(x) is np.ndarray else operator.index(x) for x in found]


def joined(lists: list[Any], masks: list[Any], made: list[Any], lanes: Lanes, run: Run) -> Any:
    """Lists of different lanes as one.

    Parameters
    ----------
    masks : list of arrays of bool
        For each list, the lanes that hold it.
    made : list of arrays of bool, or None
        For each list, the lanes that have made it; None if it is from before they parted.
    """
    alone = all(mask is not None for mask in made) and not (np.sum(made, axis=0) > 1).any()
    first = lists[0]
    if alone and all(one.run is run and one.frozen is None for one in lists):
        full = lanes
        for one in lists:
            full = full.union(one.here()[0])
        first.widen(set(full.axes))
        for one, mask in zip(lists[1:], made[1:], strict=True):
            first.absorb(one, flat(mask.reshape(lanes.shape), lanes, full), full)
            one.heir = first
        return first
    sites = frozenset([one.site for one in lists])
    found = type(first)(run, (), first.site)
    found.length = first.length if type(first.length) is int else 0
    full = lanes
    for one in lists:
        full = full.union(one.here()[0])
    found.widen(set(full.axes))
    for one, mask in zip(lists, masks, strict=True):
        found.absorb(one, flat(mask.reshape(lanes.shape), lanes, full), full)
    for one in (found, *lists):
        one.frozen = sites | (one.frozen or frozenset())
    return found
