"""A region: lanes that part from the refinements in force where it begins, and meet again at its end."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any, Final, NamedTuple, NoReturn

import numpy as np

from ..array import LaneArray
from ..collect import cells
from ..facts import RUN, Refiled, Run, owner_of
from ..lanes import LaneAxis, Lanes, chain, compose
from .lanelist import LaneList
from .lanestore import joined
from .meet import Meeting, Mixed, Saved, arrays, as_shared, save, save_part
from .sites import mark, note_copy, shared_by

PARTS = 25  # what it weighs that lanes part and meet again, for `hot`


class Gone:
    """What a part of the code answers when all its lanes have left it."""

    def __repr__(self) -> str:
        return "<gone>"


GONE: Final = Gone()


class Parked(NamedTuple):
    """Lanes that wait for the end of a region, and what they take along."""

    axes: tuple[LaneAxis, ...]  # as refinements of the region's base
    saved: list[Saved]


class Side(NamedTuple):
    """The refinements in force at the end of one side of a branch, to be put in force again."""

    made: tuple[LaneAxis, ...]
    nowhere: Lanes | None
    values: list[Any]


class Region:
    """Lanes that part, from the refinements in force where it begins.

    Parameters
    ----------
    run : Run
        The mapped function at work.
    ident : object, optional
        The statement, for `PLAIN`.
    """

    call = False  # it is the call of a function
    top = False  # of the mapped function itself

    def __init__(self, run: Run, ident: Any = None) -> None:
        run.only_computing()
        self.run = run
        self.outer = run.region
        if self.outer is None:
            run.base = run.refinements
        self.base = run.refinements
        self.made = len(run.made)
        self.nowhere = run.nowhere
        self.ident = ident
        self.idents = {ident}
        self.used: list[LaneAxis] = []
        self.lists: weakref.WeakValueDictionary[int, LaneList] | None = None  # made by lanes that have parted
        self.known: dict[LaneAxis, LaneAxis] = {}  # refinements in terms of the base: a loop asks for one each turn
        run.region = self
        if run.meter is not None:
            run.meter.turn(run, PARTS)

    # ---- going apart ----

    def part(self, lanes: Lanes, index: tuple[Any, ...]) -> LaneAxis:
        """Go on with some lanes only."""
        run = self.run
        size = int(np.count_nonzero(index[0])) if index[0].dtype == bool else index[0].size
        axis = run.axis.refinement(size, lanes.axes[-1].level, lanes.axes, index, run)
        run.refine(axis)
        run.nowhere = None
        run.parted = True
        return axis

    def back(self) -> None:
        """Go on with all lanes of the region."""
        run = self.run
        undone = run.made[self.made :]
        for axis in reversed(undone):
            for parent in axis.parents:
                if not parent.closed:
                    parent.replace(None)
        self.used.extend(undone)
        run.made = run.made[: self.made]
        run.refinements = self.base
        run.nowhere = self.nowhere
        run.parted = self.base is not run.base

    def again(self, side: Side) -> None:
        """Go on with the lanes of a side as it ended."""
        for axis in side.made:
            self.run.refine(axis)
        self.run.nowhere = side.nowhere
        self.run.parted = True

    def side(self, values: list[Any]) -> Side:
        """The side at work, as it ends."""
        return Side(self.run.made[self.made :], self.run.nowhere, values)

    def rooted(self) -> dict[LaneAxis, LaneAxis]:
        """The refinements in force since the region began, in terms of its base."""
        since = frozenset(self.run.made[self.made :])
        return {axis: self._on_base(axis, since) for axis in self.run.refinements if axis in since}

    def _on_base(self, axis: LaneAxis, since: frozenset[LaneAxis]) -> LaneAxis:
        for older in chain(axis, lambda parent: parent in since and parent not in self.known):
            if older not in self.known:
                self.known[older] = self._composed(older, since)
        return self.known[axis]

    def _composed(self, axis: LaneAxis, since: frozenset[LaneAxis]) -> LaneAxis:
        if since.isdisjoint(axis.parents):
            return axis

        def above(parent: LaneAxis) -> Any:
            if parent not in since:
                return None
            base = self._on_base(parent, since)
            return base.parents, base.index

        return axis.refinement(axis.size, axis.level, *compose(axis, above), self.run)

    def park(self, values: list[Any], entry: list[Any] | None = None) -> Parked:
        """Take down the lanes at work and their values; what is as it was at the entry needs no taking down."""
        rooted = self.rooted()
        saved = [
            Saved(_Same, value) if entry is not None and value is entry[n] else save(value, rooted)
            for n, value in enumerate(values)
        ]
        owners = [{id(owner_of(data)) for data in arrays(value)} for value in values]
        if sum(map(len, owners)) > len(set().union(*owners)):  # two variables hold one array
            for n, mine in enumerate(owners):
                if saved[n].kind is not _Same and any(mine & other for m, other in enumerate(owners) if m != n):
                    saved[n] = as_shared(saved[n])
        return Parked(tuple(rooted.values()), saved)

    # ---- lists ----

    def adopt(self, made: LaneList) -> None:
        """See to a list that the lanes at work have made, when the region ends."""
        if self.lists is None:
            self.lists = weakref.WeakValueDictionary()
        self.lists[id(made)] = made

    def bring(self, lists: Iterable[LaneList], ended: frozenset[LaneAxis]) -> None:
        """Let lists belong to the region's base that belong to axes which have ended."""
        since = frozenset(self.used)
        for one in lists:
            ends = [axis for axis in (*one.axes, *one.home.axes) if axis in ended]
            if ends:
                roots = {axis: self._on_base(axis, since) for axis in ends}
                one.move({axis: (root.parents, root.index) for axis, root in roots.items()})

    def one_list(self, lists: list[LaneList], masks: list[Any], lanes: Lanes) -> LaneList:
        """The lists of lanes that meet as one; for each a mask says which lanes hold it."""
        ended = frozenset(self.used)
        made: list[Any] = []
        for one in lists:
            roots = tuple([self._on_base(axis, ended) for axis in one.axes if axis in ended])
            mask = None
            if roots and {parent for root in roots for parent in root.parents}.issubset(lanes.axes):
                mask = np.zeros(lanes.shape, bool)
                mask[cells(roots, lanes.axes)[0]] = True
                mask = mask.reshape(-1)
            made.append(mask)
        self.bring(lists, ended)
        return joined(lists, masks, made, lanes, self.run)  # type: ignore[no-any-return]

    # ---- meeting again ----

    def meet(self, parked: list[Parked], entry: list[Any]) -> list[Any] | None:
        """Go on with all parked lanes: their values, or None if there are no lanes."""
        self.back()
        if not parked:
            return None
        meeting = Meeting([part.axes for part in parked], self.one_list)
        values = []
        for n, before in enumerate(entry):
            items = [part.saved[n] for part in parked]
            if all(item.kind is _Same for item in items):
                values.append(before)
            else:
                if any(item.kind is _Same for item in items):
                    meeting.lent.extend(arrays(before))  # it can be reached as before, and in what is joined
                items = [
                    save_part(before, part.axes) if item.kind is _Same else item
                    for item, part in zip(items, parked, strict=True)
                ]
                values.append(meeting.merged(items))
        for container, originals in meeting.copies:
            note_copy(self.run, [container], originals)
        for data in meeting.lent:
            self.run.lend(data, frozenset(self.idents))
            origin = self.run.origin(data)
            if origin is not None:
                self.run.lend(origin, frozenset(self.idents))
        if self.lists:
            self.bring(list(self.lists.values()), frozenset(self.used))
        if meeting.grid:
            seen = meeting.present()
            if not seen.all():
                self.part(Lanes.of(meeting.grid), np.nonzero(seen))
        return values

    def end(self) -> None:
        """End the region; its refinements are dead unless they are still in force."""
        run = self.run
        run.region = self.outer
        made = frozenset(run.made)
        if self.lists:
            self.bring(list(self.lists.values()), frozenset([axis for axis in self.used if axis not in made]))
            if self.outer is not None:
                for one in self.lists.values():
                    self.outer.adopt(one)
        for axis in self.used:
            if axis not in made:
                axis.close()
        if self.outer is not None:
            self.outer.used.extend(axis for axis in self.used if axis in made)
            if run.parted:
                self.outer.idents |= self.idents

    # ---- leaving the group, and giving up ----

    def refile(self, lanes: Lanes, inverse: Any, *, pure: bool) -> NoReturn:
        """File the lanes at work by a fact, and those that went other ways as a group of their own."""
        run = self.run
        bottom = self.bottom()
        rooted = bottom.rooted()
        axes = tuple(sorted({*rooted, *lanes.axes}, key=lambda axis: axis.level))
        found = {parent for axis in rooted.values() for parent in axis.parents}
        found |= {axis for axis in lanes.axes if axis not in rooted}
        grid = tuple(sorted(found, key=lambda axis: axis.level))
        place, now = cells(tuple(rooted.values()), grid)
        back = {on_base: axis for axis, on_base in rooted.items()}
        order = [back.get(axis, axis) for axis in now]
        head = [axis.size if axis in lanes.axes else 1 for axis in axes]
        codes = np.broadcast_to(np.reshape(inverse, head), [axis.size for axis in axes])
        codes = codes.transpose([axes.index(axis) for axis in order])
        values = np.zeros([axis.size for axis in grid], np.intp)
        values[place] = codes.astype(np.intp) + 1
        others = [axis for axis in run.base if axis not in grid]
        for value in np.unique(values):
            index = np.nonzero(values == value)
            part = run.axis.refinement(index[0].size, grid[-1].level, grid, index, run)
            run.file(tuple([run.on_roots(axis) for axis in (*others, part)]), pure=pure)
        raise Refiled

    def bottom(self) -> Region:
        """The outermost region of the run."""
        region = self
        while region.outer is not None:
            region = region.outer
        return region

    def statements(self) -> set[Any]:
        """The statements by which lanes have parted, or may."""
        found: set[Any] = set()
        region: Region | None = self
        while region is not None:
            found |= region.idents
            region = region.outer
        return found


_Same = object()  # the kind of a variable that still holds what it held at the entry of its region


def effect(*objects: Any) -> None:
    """Note that the code at work is about to change something other than a variable or a lane value."""
    run = RUN.get()
    if run is not None and run.recorder is not None:
        run.recorder.effect(objects)
    if run is None:
        return
    run.only_computing()
    if run.fresh is None and not run.parted:
        return
    region = run.region
    apart = run.parted and not (region is not None and region.outer is None and region.top)  # else they have returned
    if not objects and apart:
        run.give_up()
    for container in objects:
        if type(container) not in _OF_LANES:
            sites = shared_by(run, container, apart)
            if sites is not None:
                mark(run, sites)
                run.give_up()


_OF_LANES = frozenset({LaneArray, Mixed, LaneList})


def failed(run: Run, error: Exception) -> None:
    """An exception leaves the mapped function: if some lanes went another way before, it is theirs alone."""
    if run.parted and run.region is not None:
        run.region.refile(Lanes(()), 0, pure=run.started is not None and run.started.pure)
