"""Lanes and lane axes: which examples a batched value holds, and how it follows a split.

A *lane* is one example. A `LaneAxis` is one batch of them: ``vmap`` makes one per call. The data of a
batched value leads with one dimension per lane axis that the value varies over; its `Lanes` says which,
in the order of nesting.

A split (see `facts`) is a *refinement*: a new axis that knows, for each of its lanes, its index on the
axes that it replaces. A value on the old axes is *stale*; it is gathered when it is next used.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Data = np.ndarray[tuple[int, ...], np.dtype[Any]]
Index = np.ndarray[tuple[int, ...], np.dtype[np.intp]]


class LaneAxis:
    """One batch of lanes.

    Parameters
    ----------
    size : int
        How many lanes it has.
    level : int
        How deep the ``vmap`` that made it is nested; orders the axes of a value.
    label : str
        The name of the mapped function, for messages.
    name : hashable, optional
        ``axis_name``, for the collectives.
    """

    name: Any = None
    parents: tuple[LaneAxis, ...] = ()
    mask: Any = None  # for lanes of one parent: which of its lanes they are
    _index: tuple[Index, ...] | None = ()
    owner: object = None
    rooted: tuple[tuple[LaneAxis, ...], tuple[Index, ...]] | None = None  # parents and index, as `Run.roots` has them
    replaced: LaneAxis | None = None
    place = 0  # its number among the refinements of its run
    numbers: Any = None  # its lanes, numbered (`regions.items`)
    closed = False
    hashed = False
    whole = False  # it has the same lanes as its only parent

    def __init__(self, size: int, level: int, label: str = "", name: Any = None) -> None:
        self.size = size
        self.level = level
        self.label = label
        if name is not None:
            self.name = name
        self.members: dict[tuple[LaneAxis, ...], Lanes] = {}  # the Lanes whose innermost axis this is
        self.holders: list[Lanes] = []  # every Lanes that this axis is in

    def refinement(
        self, size: int, level: int, parents: tuple[LaneAxis, ...], index: tuple[Index, ...], owner: object = None
    ) -> LaneAxis:
        """A new axis that stands for some lanes of others, and goes by this one's name.

        Parameters
        ----------
        size : int
            How many lanes it has.
        level : int
            The highest level of its parents.
        parents : tuple of LaneAxis
            The axes that it replaces.
        index : tuple of integer arrays
            For each parent, the lane there of each lane here; shapes ``(size,)``. Or, for one parent, a mask.
        owner : object, optional
            The run that splits it off.
        """
        axis = LaneAxis(size, level, self.label, self.name)
        axis.parents = parents
        if len(index) == 1 and index[0].dtype == bool:
            axis.mask, axis._index = index[0], None
        else:
            axis._index = index
        axis.owner = owner
        return axis

    @property
    def index(self) -> tuple[Index, ...]:
        """For each parent, the lane there of each lane here; to select by a mask takes ten times as long."""
        if self._index is None:
            self._index = self.mask.nonzero()
            self.mask = None
        return self._index

    def __repr__(self) -> str:
        return f"<LaneAxis {self.name or self.label} of {self.size}>"

    @property
    def lanes(self) -> Lanes:
        """The lanes of a value that varies over no other axis."""
        alone = (self,)
        lanes = self.members.get(alone)
        if lanes is None:
            lanes = self.members[alone] = Lanes(alone)
            lanes.stale = self.closed or self.replaced is not None
            self.holders.append(lanes)
        return lanes

    def replace(self, refinement: LaneAxis | None) -> None:
        """Send values on this axis to a refinement of it (None: take them as they are again)."""
        self.replaced = refinement
        for lanes in self.holders:
            lanes.stale = any(axis.replaced is not None or axis.closed for axis in lanes.axes)

    def close(self) -> None:
        """End the life of the axis: from now on its values raise when used."""
        self.closed = True
        for lanes in self.holders:
            lanes.stale = True
            lanes.unions.clear()
        # break the reference cycles, so that nothing waits for the garbage collector
        self.holders.clear()
        self.members.clear()
        self.numbers = None


class Lanes:
    """The lane axes that a value varies over, outermost first; one object for each set of axes."""

    __slots__ = ("axes", "birth", "heir", "ndim", "shape", "stale", "unions", "whole")

    def __init__(self, axes: tuple[LaneAxis, ...]) -> None:
        self.axes = axes
        self.birth: Any = None  # for arrays that do not vary: the run that made them, and its refinements then
        self.shape: tuple[int, ...] = tuple([axis.size for axis in axes])
        self.ndim = len(axes)
        self.whole = (slice(None),) * len(axes)  # the index of all lanes
        self.stale = False
        self.heir: Lanes | None = None  # what stands for these lanes, once the memory of a value on them has moved
        self.unions: dict[Lanes, Lanes] = {}

    def __repr__(self) -> str:
        return f"Lanes{self.axes}"

    @staticmethod
    def of(axes: tuple[LaneAxis, ...]) -> Lanes:
        """The one `Lanes` for these axes, which are in order of level."""
        if not axes:
            return NOWHERE
        known = axes[-1].members
        lanes = known.get(axes)
        if lanes is None:
            lanes = Lanes(axes)
            if any(axis.closed or axis.replaced is not None for axis in axes):
                lanes.stale = True
            else:
                known[axes] = lanes
                for axis in axes:
                    axis.holders.append(lanes)
        return lanes

    def union(self, other: Lanes) -> Lanes:
        """The lanes of a result that depends on values on both."""
        if self is other or (not other.axes and self is not NOWHERE):
            return self
        if not self.axes:
            return other
        lanes = self.unions.get(other)
        if lanes is None or lanes.heir is not None:
            lanes = Lanes.of(tuple(sorted({*self.axes, *other.axes}, key=_level)))
            self.unions[other] = lanes
        return lanes

    def retire(self) -> None:
        """Make all values on these lanes stale, so that they look where their memory is now (see `views`)."""
        self.stale = True
        if self.axes:
            self.axes[-1].members.pop(self.axes, None)
            for axis in self.axes:
                axis.holders = [lanes for lanes in axis.holders if lanes is not self]
            self.heir = Lanes.of(self.axes)
        else:
            self.heir = Lanes(())
            self.heir.birth = self.birth

    def without(self, axis: LaneAxis) -> Lanes:
        """These lanes less one axis."""
        return Lanes.of(tuple([a for a in self.axes if a is not axis]))


def _level(axis: LaneAxis) -> int:
    return axis.level


Composed = tuple[tuple[LaneAxis, ...], tuple[Index, ...]]


def chain(axis: LaneAxis, waits: Callable[[LaneAxis], bool]) -> list[LaneAxis]:
    """A refinement and those above it that wait to be composed, the one to begin with first.

    A loop makes a chain of refinements as long as it has turns, so this is no recursion.
    """
    found = [axis]
    while above := [parent for parent in found[-1].parents if waits(parent)]:
        found.append(above[0])
    return found[::-1]


def compose(axis: LaneAxis, above: Callable[[LaneAxis], Composed | None]) -> Composed:
    """The axes that a refinement replaces, and its index on each; parents that ``above`` knows are resolved."""
    parents: list[LaneAxis] = []
    index: list[Index] = []
    for n, parent in enumerate(axis.parents):
        resolved = above(parent)
        if resolved is None:
            parents.append(parent)
            index.append(axis.index[n])
        else:
            lanes = axis.index[n]
            parents.extend(resolved[0])
            index.extend(i.take(lanes) for i in resolved[1])
    return tuple(parents), tuple(index)


NOWHERE = Lanes(())  # the lanes of a value that does not vary


def gather(data: Data, lanes: Lanes, refinement: LaneAxis) -> tuple[Data, Lanes]:
    """Take a value's lanes along a refinement of some of its axes.

    Parameters
    ----------
    data : ndarray
        Leads with the dimensions of ``lanes``.
    lanes : Lanes
        Holds at least one of the parents of ``refinement``.
    refinement : LaneAxis
        The new axis.

    Returns
    -------
    ndarray, Lanes
        The same value, on the new axis.
    """
    if refinement.whole:
        view = data.view()
        view.flags.writeable = False  # what the function at work made itself is newer
        return view, Lanes.of(tuple([refinement if axis in refinement.parents else axis for axis in lanes.axes]))
    if len(lanes.axes) == 1:  # the one common case
        where = refinement.parents.index(lanes.axes[0])
        return data.take(refinement.index[where], axis=0), Lanes.of((refinement,))
    old = [n for n, axis in enumerate(lanes.axes) if axis in refinement.parents]
    kept = [n for n in range(lanes.ndim) if n not in old]
    front = data.transpose(*old, *kept, *range(lanes.ndim, data.ndim))
    index = tuple([refinement.index[refinement.parents.index(lanes.axes[n])] for n in old])
    taken = front[index]  # the refinement leads, the kept axes follow
    axes = [refinement, *(lanes.axes[n] for n in kept)]
    order = sorted(range(len(axes)), key=lambda n: axes[n].level)
    taken = taken.transpose(*order, *range(len(axes), taken.ndim))
    return taken, Lanes.of(tuple([axes[n] for n in order]))


def refresh(data: Data, lanes: Lanes, end: float = math.inf) -> tuple[Data, Lanes]:
    """Bring a stale value up to date: gather it along every refinement since it was made.

    Parameters
    ----------
    data : ndarray
        Leads with the dimensions of ``lanes``.
    lanes : Lanes
        Those of the value.
    end : int, optional
        The place of the first refinement to leave out.

    Raises
    ------
    RuntimeError
        If the ``vmap`` that the value belongs to has ended.
    """
    while lanes.stale:
        for axis in lanes.axes:
            if axis.closed:
                raise EscapedLaneError(axis)
            if axis.replaced is not None:
                if axis.replaced.place >= end:
                    return data, lanes
                taken, lanes = gather(data, lanes, axis.replaced)
                if not data.flags.writeable:
                    taken.flags.writeable = False  # an argument is still one, though its lanes are copies
                data = taken
                break
        else:
            lanes = lanes.heir or Lanes.of(lanes.axes)  # it was stale for a while, and is not any more
    return data, lanes


class EscapedLaneError(RuntimeError):
    """A lane value was used after the ``vmap`` that made it had ended."""

    def __init__(self, axis: LaneAxis) -> None:
        super().__init__(
            f"a value of one lane of vmap({axis.label}) is used after that call has ended.\n"
            f"  It was probably stored in a global, a list or an attribute inside {axis.label}; return it from "
            f"{axis.label} instead, so that vmap can stack it."
        )


def spread(data: Data, own: Lanes, lanes: Lanes, ndim: int) -> Data:
    """View a value's data so that it broadcasts against others on ``lanes`` with ``ndim`` example axes.

    Size-1 dimensions stand in for the lane axes that it does not vary over and for the leading
    example axes that it lacks, as NumPy's broadcasting would add them.
    """
    example = data.ndim - own.ndim
    if own is lanes:
        if example == ndim:
            return data
        head = own.shape
    else:
        mine = own.axes
        head = tuple([axis.size if axis in mine else 1 for axis in lanes.axes])
    return data.reshape(head + (1,) * (ndim - example) + data.shape[own.ndim :])
