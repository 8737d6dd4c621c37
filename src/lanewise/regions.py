"""Regions: where lanes go different ways for a while, and meet again.

An ``if`` on a value of each lane runs each side on its own lanes; a loop lets lanes leave one by one; a function
lets them return early. Each of these is a *region*. It knows the refinements in force where it began (its *base*);
lanes that are through with it are *parked* with the values that they take along; at its end they meet on the base.

Arrays from before a region stay on their own lanes: what reads them takes a copy of the lanes at work, what writes
them writes those lanes through. Whatever a region can't do right (the lanes would share a list, say, that only
some of them append to) ends in `give_up`: the group runs again, and that statement asks a fact instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple, NoReturn

import numpy as np
import optree

from . import facts
from .array import ARRAY, PYTHON, TABLE, LaneArray, live, map_lanes, settled, truth
from .collect import Outcome, cells, outcome
from .facts import PLAIN as PLAIN
from .facts import RUN, Again, NoLaneForm, Refiled, Run
from .lanes import LaneAxis, Lanes, refresh
from .meet import UNBOUND, Meeting, Mixed, Saved, bound, save, save_part
from .tree import flatten_results


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

    def __init__(self, run: Run, ident: Any = None) -> None:
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
        self.known: dict[LaneAxis, LaneAxis] = {}  # refinements in terms of the base: a loop asks for one each turn
        run.region = self

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
        if not any(parent in since for parent in axis.parents):
            return axis
        if axis in self.known:
            return self.known[axis]
        parents: list[LaneAxis] = []
        index: list[Any] = []
        for parent, lanes in zip(axis.parents, axis.index, strict=True):
            if parent in since:
                above = self._on_base(parent, since)
                parents.extend(above.parents)
                index.extend(i[lanes] for i in above.index)
            else:
                parents.append(parent)
                index.append(lanes)
        found = axis.refinement(axis.size, axis.level, tuple(parents), tuple(index), self.run)
        self.known[axis] = found
        return found

    def park(self, values: list[Any], entry: list[Any] | None = None) -> Parked:
        """Take down the lanes at work and their values; what is as it was at the entry needs no taking down."""
        rooted = self.rooted()
        saved = [
            Saved(_Same, value) if entry is not None and value is entry[n] else save(value, rooted)
            for n, value in enumerate(values)
        ]
        return Parked(tuple(rooted.values()), saved)

    # ---- meeting again ----

    def meet(self, parked: list[Parked], entry: list[Any]) -> list[Any] | None:
        """Go on with all parked lanes: their values, or None if there are no lanes."""
        self.back()
        if not parked:
            return None
        meeting = Meeting([part.axes for part in parked])
        values = []
        for n, before in enumerate(entry):
            items = [part.saved[n] for part in parked]
            if all(item.kind is _Same for item in items):
                values.append(before)
            else:
                items = [
                    save_part(before, part.axes) if item.kind is _Same else item
                    for item, part in zip(items, parked, strict=True)
                ]
                values.append(meeting.merged(items))
        for data in meeting.lent:
            self.run.lend(data, frozenset(self.idents))
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

    def give_up(self, statements: Any = None) -> NoReturn:
        """Run the group again, these statements (or all at work) asking facts from now on."""
        self.run.give_up(statements or self.statements())

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
    if run is None or not run.parted:
        return
    if objects and all(type(x) is LaneArray or type(x) is Mixed for x in objects):
        return
    region = run.region
    if region is not None and region.outer is None and type(region) is Frame and region.top:
        return  # the lanes that are away have returned for good
    run.give_up()


def failed(run: Run, error: Exception) -> None:
    """An exception leaves the mapped function: if some lanes went another way before, it is theirs alone."""
    if run.parted and run.region is not None:
        run.region.refile(Lanes(()), 0, pure=run.started is not None and run.started.pure)


# ---- branches ----


class Box:
    """A place for a value, like the cell of a variable."""

    __slots__ = ("cell_contents",)
    cell_contents: Any


def contents(cell: Any) -> Any:
    """What a variable holds."""
    try:
        return cell.cell_contents
    except (ValueError, AttributeError):
        return UNBOUND


def fill(cell: Any, value: Any) -> None:
    """Let a variable hold a value, or none."""
    if value is not UNBOUND:
        cell.cell_contents = value
    elif contents(cell) is not UNBOUND:
        del cell.cell_contents


def branch(run: Run, lanes: Lanes, indices: list[Any], bodies: list[Any], variables: list[Any], ident: Any) -> Any:
    """Run each body on its own lanes; `GONE` if no lane comes to the end.

    Parameters
    ----------
    lanes : Lanes
        What the choice depends on.
    indices : list of tuple of arrays
        For each body, its lanes.
    bodies : list of callable or None
        None has nothing to do.
    variables : list of cells
        What the bodies assign and later code may read.
    """
    region = Region(run, ident)
    entry = [contents(cell) for cell in variables]
    sides = []
    for index, body in zip(indices, bodies, strict=True):
        region.part(lanes, index)
        result = body() if body is not None else None
        if run.region is not region:
            region.give_up()
        if result is not GONE:
            sides.append(region.side([contents(cell) for cell in variables]))
        region.back()
        for cell, value in zip(variables, entry, strict=True):
            fill(cell, value)
    values: list[Any] | None
    if len(sides) == 1:
        region.again(sides[0])
        values = sides[0].values
    else:
        parked = []
        for side in sides:
            region.again(side)
            parked.append(region.park(side.values, entry))
            region.back()
        values = region.meet(parked, entry)
    region.end()
    if values is None:
        return GONE
    for cell, value in zip(variables, values, strict=True):
        fill(cell, value)
    return None


def choose(lanes: Lanes, indices: list[Any], thunks: list[Callable[[], Any]], ident: Any) -> Any:
    """The value of each lane by the thunk that is its own."""
    run = RUN.get()
    assert run is not None
    box = Box()

    def body(thunk: Callable[[], Any]) -> Callable[[], None]:
        def evaluate() -> None:
            box.cell_contents = thunk()

        return evaluate

    branch(run, lanes, indices, [body(thunk) for thunk in thunks], [box], ident)
    return box.cell_contents


def truths(test: Any) -> Any:
    """The truth of a lane value in each lane, as a lane value; a plain bool where there is but one."""
    if type(test) is Mixed:
        test = TABLE["mixed"](test, lambda x: truths(x) if type(x) in _VARYING else bool(x))
        if type(test) is Mixed:  # np.True_ and True
            return bool(test)
    if type(test) is not LaneArray:
        return bool(test)
    test = live(test)
    lanes = test.lanes
    if not lanes.axes:
        return bool(test.data)
    if test.kind == ARRAY and test.data.size != _count(lanes):
        return bool(test)  # NumPy's complaint
    data = truth(test.data.reshape(lanes.shape))
    if data.size:
        true = int(np.count_nonzero(data))
        if true in (0, data.size):
            return true > 0
    return LaneArray(data, lanes, PYTHON)


_VARYING = frozenset({LaneArray, Mixed})


def _count(lanes: Lanes) -> int:
    size = 1
    for axis in lanes.axes:
        size *= axis.size
    return size


def where(mask: Any) -> tuple[Any, ...]:
    """The lanes that a mask marks, for `Region.part`."""
    return (mask,) if mask.ndim == 1 else np.nonzero(mask)


def either(test: Any, then: Any, orelse: Any, variables: list[Any], ident: Any) -> Any:
    """Run one of two bodies in each lane."""
    test = truths(test)
    if type(test) is LaneArray and ident in PLAIN:
        test = bool(test)
    if type(test) is not LaneArray:
        body = then if test else orelse
        return body() if body is not None else None
    run = RUN.get()
    if run is None:
        raise NoLaneForm("a value is asked outside of the vmap that it belongs to")
    indices = [where(test.data), where(~test.data)]
    return branch(run, test.lanes, indices, [then, orelse], variables, ident)


def mixed(value: Mixed, function: Callable[[Any], Any]) -> Any:
    """A function of a mixed value: of each alternative, on its own lanes."""
    codes = live(value.codes)
    present = np.unique(codes.data)
    if present.size <= 1:
        return function(bound(value.options[int(present[0])] if present.size else value.options[0]))
    indices = [np.nonzero(codes.data == code) for code in present]
    thunks = [_thunk(function, value.options[int(code)]) for code in present]
    return choose(codes.lanes, indices, thunks, None)


def _thunk(function: Callable[[Any], Any], option: Any) -> Callable[[], Any]:
    return lambda: function(bound(option))


TABLE["mixed"] = mixed


# ---- functions ----


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
            for code in np.unique(codes.data) if codes.data.size else range(len(leaf.options)):
                region.part(codes.lanes, np.nonzero(codes.data == code))
                leaves[n] = bound(leaf.options[int(code)])
                found.extend(outcomes(run, optree.tree_unflatten(spec, leaves)))
                region.back()
            region.end()
            return found
    return [outcome(run, value)]


class Returned:
    """What the mapped function gave where its lanes returned at different places."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        self.outcomes = outcomes


_NOTHING = object()


class Frame(Region):
    """A call of a function: lanes leave it when they return."""

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


# ---- loops ----


class Loop(Region):
    """A loop: lanes leave it when its test fails for them, or at a ``break``.

    Parameters
    ----------
    run : Run
        The mapped function at work.
    variables : list of cells
        What the loop assigns and later code (or its next turn) may read.
    """

    def __init__(self, run: Run, variables: list[Any], ident: Any, has_else: bool = False) -> None:
        super().__init__(run, ident)
        self.variables = variables
        self.has_else = has_else
        self.entry = [contents(cell) for cell in variables]
        self.finished: list[Parked] = []
        self.broken: list[Parked] = []
        self.skipped: list[Parked] = []
        self.here = True
        self.again_all = False  # all lanes of the loop skip the rest of the turn
        self.out_all = False  # all lanes of the loop break
        self.turns = 0

    def _park(self) -> Parked:
        return self.park([contents(cell) for cell in self.variables], self.entry)

    def _resume(self, parked: list[Parked]) -> bool:
        values = self.meet(parked, self.entry)
        if values is None:
            return False
        for cell, value in zip(self.variables, values, strict=True):
            fill(cell, value)
        return True

    def test(self, value: Any) -> Any:
        """Whether any lane goes on; those whose test fails leave."""
        run = self.run
        if type(value) not in _VARYING:
            if value and run.parted and self.broken and not _anyone(run):
                self.here = False  # no lanes: one turn has shown all that there is to see
                return False
            return value
        if run.region is not self:
            run.give_up()
        value = truths(value)
        if type(value) is not LaneArray:
            return value
        if self.ident in PLAIN:
            return bool(value)
        if not value.data.size:  # no lanes: see what one turn would do
            self.turns += 1
            return self.turns == 1
        before = run.made, run.refinements
        gone = self.part(value.lanes, where(~value.data))
        self.finished.append(self._park())
        for axis in value.lanes.axes:
            axis.replace(None)
        run.made, run.refinements = before
        self.used.append(gone)
        self.part(value.lanes, where(value.data))
        return True

    def over(self, iterable: Any) -> Any:
        """The items of an iterable; of a range that differs between lanes, each lane's own."""
        return iterable.turns(self) if type(iterable) is LaneRange else iter(iterable)

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
        where.append(self._park())
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
            self._resume([*self.skipped, self._park()])
            self.skipped = []

    def orelse(self, body: Callable[[], Any]) -> None:
        """The ``else`` of the loop: for the lanes that did not break."""
        if self.out_all:
            return
        if self.here and (self.finished or self.broken):
            self.finished.append(self._park())
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
            parked.append(self._park())
        here = self._resume(parked)
        self.end()
        return None if here else GONE


class LaneRange:
    """``range`` with bounds that differ between lanes."""

    def __init__(self, start: Any, stop: Any, step: Any) -> None:
        self.start, self.stop, self.step = start, stop, step

    def turns(self, loop: Loop) -> Any:
        """The numbers, for the lanes that have one more."""
        up = self.step > 0
        number = self.start
        while loop.test(number < self.stop if up else number > self.stop):
            yield number
            number = number + self.step

    def __iter__(self) -> Any:
        return iter(range(*[int(x) for x in (self.start, self.stop, self.step)]))

    def __len__(self) -> int:
        return len(range(*[int(x) for x in (self.start, self.stop, self.step)]))


def _anyone(run: Run) -> bool:
    """Whether there are lanes at work at all."""
    return all(axis.size for axis in (run.axis, *run.refinements))


# ---- arrays from before a region ----


def lent(run: Run, x: LaneArray) -> LaneArray:
    """The lanes at work of a value from before they parted: a copy, kept if nobody can write the original."""
    kept: LaneArray | None = getattr(x, "now", None)
    start = x
    if kept is not None and all(_in_force(axis) for axis in kept.lanes.axes):
        if not kept.lanes.stale:
            return kept
        start = kept
    data, lanes = refresh(start.data, start.lanes)
    found = LaneArray(data, lanes, x.kind)
    if x.kind == ARRAY and data.flags.writeable:
        run.lend(data, None)
    else:
        x.now = found
    return found


def _in_force(axis: LaneAxis) -> bool:
    """Whether an axis is one of those at work, or has been: a refinement is not, once its lanes have met again."""
    return axis in axis.owner.made if isinstance(axis.owner, Run) else not axis.closed


def through(rule: Any, plain: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> Any:
    """Run an operation on the lanes at work; what it writes is written to the arrays from before they parted."""
    run = RUN.get()
    assert run is not None
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
                write_back(run, base, now)
            if result is now:
                result = base
        return result


class Copies:
    """The lanes at work of an operation's operands: one copy of each array, which may be written back."""

    def __init__(self) -> None:
        self.made: dict[int, tuple[LaneArray, LaneArray]] = {}

    def __call__(self, x: LaneArray) -> LaneArray:
        """The lanes at work of one operand."""
        if id(x) in self.made:
            return self.made[id(x)][1]
        now = live(x)
        if now is not x and x.kind == ARRAY and x.data.flags.writeable:
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
    from .ops.writing import widen

    widen(target, lanes)


def write_back(run: Run, base: LaneArray, now: LaneArray) -> None:
    """Write what the lanes at work have left in their copy to the array itself."""
    places = np.arange(_count(base.lanes)).reshape(base.lanes.shape)
    found, lanes = refresh(places, base.lanes)
    parents = {parent for axis in lanes.axes if axis.owner is run for parent in axis.parents}
    if now.lanes is not lanes or not all(_within(parent, base.lanes, run) for parent in parents):
        run.give_up()  # it would have to vary over more lanes than it does
    index = np.unravel_index(found.reshape(-1), base.lanes.shape)
    shape = now.data.shape[now.lanes.ndim :]
    base.data[index] = now.data.reshape(-1, *shape) if now.data.size else now.data.reshape(0, *shape)


def _within(axis: LaneAxis, lanes: Lanes, run: Run) -> bool:
    return axis in lanes.axes or (axis.owner is run and all(_within(parent, lanes, run) for parent in axis.parents))


TABLE["lent"] = lent
TABLE["through"] = through
TABLE["prepare"] = prepare
