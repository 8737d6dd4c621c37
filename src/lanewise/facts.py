"""Facts: what Python sees of a value, and how a group of lanes splits when its lanes disagree on one.

A `Run` is one mapped function at work on one lane axis. Its lanes go in *groups*: all lanes of a group
agree on every fact seen so far. When they disagree, the largest part goes on (its axis is refined, and
older values are gathered when next used), and the others are filed, to run from the start of the function.

Going on saves work, but breaks views: so the first write after a split starts the group anew (`Run.wrote`). Mapped
arguments are read-only until a write to one is refused; then the group runs again on copies (`Run.need_writable`).

Signals that the user's function must not swallow derive from `BaseException`.
"""

from __future__ import annotations

import heapq
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

import numpy as np

from .lanes import LaneAxis, Lanes, chain, compose
from .usercode import user_line

PLAIN: set[Any] = set()
"""The statements that ask facts, since lanes can't part there and keep the law (`regions`)."""

MANY_STATEMENTS = 10_000  # of which something is remembered; functions that are made by ``exec`` come and go


def remember(known: set[Any], statements: Iterable[Any]) -> None:
    """Add to the statements of which something is known; if they are very many, the others are found out again."""
    if len(known) > MANY_STATEMENTS:
        known.clear()
    known.update(statements)


FEW = 32  # the last lanes of a long loop are quicker one by one, from the start
MANY_GROUPS = 64  # more groups than this in one call earn a warning


class PerformanceWarning(UserWarning):
    """The result is right, but a part of the work ran on one lane at a time, or in many small groups.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import vmap
    >>> try:
    ...     vmap(lambda x: float(f"{x:.1f}"), strict=True)(np.linspace(0.0, 1.0, 1000))
    ... except PerformanceWarning as found:
    ...     print(str(found).splitlines()[0].partition(": ")[2])
    the text of a value differs from lane to lane.
    """


class TraceError(TypeError):
    """A fact about values was needed where there are none: in `eval_shape`, or in an empty batch.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import eval_shape
    >>> try:
    ...     eval_shape(lambda x: x[x > 0], np.ones(3))
    ... except TraceError as found:
    ...     print(str(found).partition(" at ")[0])
    the number of true elements in a mask is needed
    """


class CollectiveError(RuntimeError):
    """A collective needs every lane of its axis, and some of them have gone another way.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import lax, vmap
    >>> try:
    ...     vmap(lambda x: lax.psum(x, "i") if x > 0 else x, axis_name="i")(np.array([1.0, -1.0]))
    ... except CollectiveError as found:
    ...     print(str(found).partition(", but")[0])
    a collective over 'i' needs all lanes of the axis
    """


class RuleError(TypeError):
    """A rule of `custom_vmap` is wrong, or branches of `lanewise.lax` disagree; on plain values nobody would notice."""


class Signal(BaseException):
    """Base of the internal signals; no ``except Exception`` of the user's catches them.

    C code may replace an exception by one of its own, so a signal also leaves word with the run at work.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        run = RUN.get()
        if run is not None:
            run.signal = self


class NoLaneForm(Signal):
    """There is no batched form of what was asked: the outermost ``vmap`` runs lane by lane instead."""

    def __init__(self, reason: str, *, in_order: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.in_order = in_order  # lanes share what they write, so only the plain loop is right

    def where(self) -> str:
        """The line of the user's code that asked."""
        return user_line(self.__traceback__)


class Undecided(Signal):
    """A rule that is only tried asks for a fact on which the lanes that it is tried on disagree."""


class Unlikely(Signal):
    """The sides of a branch are tried on all lanes, and do more than compute (`regions.both`)."""


class Again(BaseException):
    """An array to be written varies over more lanes than it did: the operation starts again."""


class Refiled(Signal):
    """The group at work has been filed again, in whole or in parts; what it did is forgotten."""


@dataclass(order=True)
class Group:
    """Lanes that agree on every fact seen so far, as refinements of the axes at the start of the run."""

    first: int  # the lowest lane: lower groups run first
    number: int
    axes: tuple[LaneAxis, ...] = field(compare=False)
    pure: bool = field(default=False, compare=False)  # no going on with a part: see `Run.wrote`


class Chunk(NamedTuple):
    """Which part of the batch runs, under ``chunk_size``."""

    first: int  # its first lane
    total: int  # how many lanes the batch has


class Run:
    """A mapped function at work: its axis, the groups that wait, and the refinements in force."""

    strict = False
    tracing = False
    recorder: Any = None  # of a jit at work: it takes note of every operation
    nowhere: Lanes | None = None  # the lanes of arrays made inside the function that do not vary (yet)
    started: Group | None = None
    went_on = False  # the group at work is a part of the one that started
    lost_view = False  # a copy stands for what is a view in the loop
    objects = False  # lane values have been put into an array of objects
    probing = False  # a rule is tried on copies of some lanes, to find those that raise: nothing splits
    trial = False  # the sides of a branch are tried on all lanes: nothing splits, or writes
    writable = False  # the mapped arguments are copies that may be written
    apart = False  # the mapped arguments are copies, lane after lane
    chunk: Chunk | None = None  # the lanes are but some of the batch
    filed = 0
    groups = 0
    why_split = ""
    meter: Any = None  # of the work of the outermost call, where it may go over to compiled code (`hot`)
    lane: int | None = None  # the lane at work, where the function runs lane by lane
    signal: Signal | None = None  # raised by the group at work, and perhaps lost on its way
    refinements: tuple[LaneAxis, ...] = ()  # in force now
    made: tuple[LaneAxis, ...] = ()  # the same, and those that they refined in turn
    exchanges: tuple[Any, ...] = ()  # what collectives gave while all lanes were at work, in the order of the calls
    borrowed: weakref.WeakValueDictionary[int, Any] | None = None  # gathered copies of values of outer functions
    given: list[Any] | tuple[Any, ...] = ()  # the data of the mapped arguments
    exchanged = 0  # how many of them the group at work has called
    views: Any = None  # arrays whose memory has moved, and rows found by an index of each lane (`views`)
    region: Any = None  # the innermost place where lanes part for a while (`regions`)
    base: tuple[LaneAxis, ...] = ()  # the refinements in force where the outermost region began
    parted = False  # some lanes of the group are elsewhere, and will be back
    few = False  # groups of few lanes wait that had better run one by one
    top = False  # the next converted function to be called is the mapped one
    lent: weakref.WeakValueDictionary[int, Any] | None = None  # copies that stand for arrays from before a region
    origins: dict[int, Any]  # the arrays that they are copies of
    lenders: dict[int, Any]  # the statements for whose sake they were made
    fresh: Any = None  # what is known of the lists, dicts and sets that the group has made (`regions.sites`)
    homes: dict[int, Any] | None = None  # the variables of the functions at work that inner functions bind
    open: Sequence[Any] = ()  # the copies of the operation at work, which it may write
    dirty: Any = None  # and those that it has written

    def __init__(self, axis: LaneAxis, parent: Run | None) -> None:
        self.axis = axis
        self.parent = parent
        self.waiting: list[Group] = []
        if parent is not None:
            self.strict = parent.strict
            self.tracing = parent.tracing
            self.meter = parent.meter

    def home(self) -> Lanes:
        """The lanes of an array made inside the function: none, until lane values are written into it."""
        if self.nowhere is None or self.nowhere.heir is not None:
            self.nowhere = Lanes(())
            self.nowhere.birth = (self, self.refinements)
        return self.nowhere

    def lend(self, data: Any, statements: Any, origin: Any = None) -> None:
        """Note that some data is a copy of an array that can be reached in another way, too."""
        if self.lent is None:
            self.lent = weakref.WeakValueDictionary()
            self.lenders = {}
            self.origins = {}
        owner = owner_of(data)
        self.lent[id(owner)] = owner
        self.lenders[id(owner)] = statements
        if origin is not None:
            source = owner_of(origin)
            known = self.origins.get(id(source)) if self.lent.get(id(source)) is source else None
            self.origins[id(owner)] = known or weakref.ref(source)

    def has_copies(self, owner: Any, but: Sequence[Any]) -> bool:
        """Whether a copy of an array, besides some, can be reached: a write to the array would pass it by."""
        for number, copy in list((self.lent or {}).items()):
            origin = self.origins.get(number)
            if origin is not None and origin() is owner and not any(copy is other for other in but):
                return True
        return False

    def origin(self, data: Any) -> Any:
        """The array that some data is a copy of, or a view of a copy."""
        owner = owner_of(data)
        if not self.lent or self.lent.get(id(owner)) is not owner or id(owner) not in self.origins:
            return None
        return self.origins[id(owner)]()

    def borrow(self, data: Any) -> None:
        """Note that some data is a gathered copy of a value of an outer function, not this function's to write."""
        if self.borrowed is None:
            self.borrowed = weakref.WeakValueDictionary()
        owner = owner_of(data)
        self.borrowed[id(owner)] = owner

    # ---- the groups ----

    def file(self, axes: tuple[LaneAxis, ...], *, pure: bool = False) -> None:
        """Let a group wait for its turn."""
        self.only_computing()
        first = 0
        for axis in axes:
            if self.axis in axis.parents:
                first = int(axis.index[axis.parents.index(self.axis)][0])
        heapq.heappush(self.waiting, Group(first, self.filed, axes, pure))
        self.filed += 1

    def only_computing(self) -> None:
        """End a trial, if there is one: here is more to do than to compute."""
        if self.trial:
            raise Unlikely

    def start(self, group: Group) -> None:
        """Put a group's refinements in force."""
        self.stop()
        self.started = group
        self.went_on = False
        self.lost_view = False
        self.exchanged = 0
        self.region = None
        self.parted = self.top = False
        self.fresh = None
        self.nowhere = self.views = None
        self.groups += 1
        for axis in group.axes:
            self.refine(axis)

    def refine(self, refinement: LaneAxis) -> None:
        """Put one refinement in force."""
        self.refinements = (*(axis for axis in self.refinements if axis not in refinement.parents), refinement)
        refinement.place = len(self.made)
        self.made = (*self.made, refinement)
        for parent in refinement.parents:
            parent.replace(refinement)

    def stop(self) -> None:
        """Take every refinement out of force."""
        for refinement in self.made:
            for axis in refinement.parents:
                if not axis.closed:
                    axis.replace(None)
            refinement.close()
        self.made = self.refinements = self.base = ()

    def on_roots(self, refinement: LaneAxis) -> LaneAxis:
        """A refinement in terms of the axes at the start of the run (this run's own refinements resolved)."""
        return self.axis.refinement(refinement.size, refinement.level, *self.roots(refinement), self)

    def roots(self, refinement: LaneAxis) -> tuple[tuple[LaneAxis, ...], tuple[Any, ...]]:
        """The axes at the start of the run that a refinement replaces, and its index on each."""
        if refinement.rooted is None:
            for axis in chain(refinement, lambda axis: axis.owner is self and axis.rooted is None):
                axis.rooted = compose(axis, lambda parent: self.roots(parent) if parent.owner is self else None)
                for older in {older for parent in axis.parents if parent.owner is self for older in parent.parents}:
                    older.rooted = None  # of a long chain only the end is asked, as a rule
        assert refinement.rooted is not None
        return refinement.rooted

    def now(self) -> tuple[LaneAxis, ...]:
        """The group at work, as refinements of the axes at the start of the run."""
        return tuple([self.on_roots(axis) for axis in (self.base if self.parted else self.refinements)])

    # ---- splitting ----

    def split(self, lanes: Lanes, codes: Any, what: str) -> Any:
        """Split the group at work by the codes of a fact; return the code of the part that goes on."""
        values, inverse, counts = tally(codes)
        if values.size > MANY_GROUPS and 2 * values.size > codes.size:
            raise NoLaneForm(f"{what} differs from lane to lane")
        self.why_split = f"{what} differs between lanes at {user_line() or 'an unknown line'}"
        pure = self.started is not None and self.started.pure
        if self.parted:
            self.region.refile(lanes, inverse, pure=pure)
        chosen = -1 if pure else int(counts.argmax())
        others = [axis for axis in self.refinements if axis not in lanes.axes]
        for n in range(values.size):
            index = tuple(np.nonzero(inverse == n))
            level = max(axis.level for axis in lanes.axes)
            part = self.axis.refinement(index[0].size, level, lanes.axes, index, self)
            if n == chosen:
                mine = part
            else:
                # axes of its own: those of a group are closed when it ends
                self.file(tuple([self.on_roots(axis) for axis in (*others, part)]), pure=pure)
        if pure:
            raise Refiled
        self.refine(mine)
        self.went_on = True
        self.rebase()
        return values[chosen]

    def rebase(self) -> None:
        """Let the regions at work, in none of which lanes are away, go on from the refinements in force now."""
        self.base = self.refinements
        region = self.region
        while region is not None:
            region.base, region.made = self.refinements, len(self.made)
            region = region.outer

    def wrote(self) -> None:
        """Note that an array is about to be written.

        A part that goes on holds gathered copies, so two views of one array no longer share memory. If it
        writes, the group runs again from the start, and from then on nothing goes on with a part. The same where a
        view of one example was a copy for the batch, for its layout; then on copies of the mapped arguments, whose
        lanes lie one after another.
        """
        if self.went_on or self.lost_view:
            self.apart = self.apart or self.lost_view
            self.file(self.now(), pure=True)
            raise Refiled

    def give_up(self, statements: Any = None) -> NoReturn:
        """Run the group again, these statements (or all at work) asking facts from now on."""
        self.only_computing()
        if not statements and self.region is not None:
            statements = self.region.statements()
        new = {ident for ident in statements or () if ident is not None} - PLAIN
        if not new:
            raise NoLaneForm("lanes went different ways and share what they write")
        remember(PLAIN, new)
        self.file(self.now(), pure=self.started is not None and self.started.pure)
        raise Refiled

    def shares(self, lanes: Lanes) -> bool:
        """Whether the lanes at work share the values on these lanes (what an inner function made for itself, apart)."""
        if not lanes.axes:
            return lanes.birth is None or lanes.birth[0] is not self
        level = self.axis.level
        return all(axis.level < level and (self.parted or axis.owner is not self) for axis in lanes.axes)

    def take_over(self, lanes: Lanes) -> None:
        """Run the group again on outer axes of its own, which tell what it makes itself from what the lanes share."""
        outer = [axis for axis in lanes.axes if axis.owner is not self]
        if not outer or self.parted or self.probing:
            return
        own = []
        for axis in outer:
            if axis.replaced is not None:
                continue  # the group has split since: it starts from its own lanes anyway
            same = self.axis.refinement(axis.size, axis.level, (axis,), (np.arange(axis.size),), self)
            same.label, same.name, same.whole = axis.label, axis.name, True
            own.append(same)
        self.file((*self.now(), *own), pure=self.started is not None and self.started.pure)
        raise Refiled

    def need_writable(self) -> NoReturn:
        """Run the group again on copies of the mapped arguments, which it writes."""
        self.only_computing()
        self.writable = True
        self.file(self.now(), pure=self.started is not None and self.started.pure)
        raise Refiled

    def close(self) -> None:
        """End the run: values on its axis are dead from now on."""
        if self.made:
            self.stop()
        self.axis.close()
        self.started = self.nowhere = self.region = None
        self.exchanges = ()


def tally(codes: Any) -> tuple[Any, Any, Any]:
    """The values among some codes, each code's place among them, and how often each occurs."""
    if codes.dtype == bool:  # the truth of a value, by far the most common fact: no need to sort
        true = int(np.count_nonzero(codes))
        return np.array([False, True]), codes, np.array([codes.size - true, true])
    values, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    return values, inverse.reshape(codes.shape), counts


RUN: ContextVar[Run | None] = ContextVar("lanewise_run", default=None)
LANE: ContextVar[tuple[Run, ...]] = ContextVar("lanewise_lane", default=())  # runs that go lane by lane


def parted() -> bool:
    """Whether some lanes of the group at work are elsewhere for a while."""
    run = RUN.get()
    return run is not None and run.parted


def on_trial() -> bool:
    """Whether the sides of a branch are tried on all lanes."""
    run = RUN.get()
    return run is not None and run.trial


def recorder() -> Any:
    """What takes note of every operation while `jit` traces, or None."""
    run = RUN.get()
    return None if run is None else run.recorder


def agree(lanes: Lanes, codes: Any, what: str) -> Any:
    """Make the lanes at work agree on a fact.

    Parameters
    ----------
    lanes : Lanes
        The lane axes that the fact depends on; not stale.
    codes : ndarray
        One code for each lane, of shape ``lanes.shape``. Lanes agree when their codes are equal.
    what : str
        The fact in words, for messages.

    Returns
    -------
    scalar
        The code that all lanes at work have from now on. Values made earlier may be stale now.

    Raises
    ------
    TraceError
        If there are no lanes to ask.
    """
    if codes.size:
        first = codes.flat[0]
        if codes.size == 1 or bool((codes == first).all()):
            return first
    run = RUN.get()
    if run is not None and run.probing:
        raise Undecided(what)
    if run is not None:
        run.only_computing()
    if codes.size == 0:
        raise TraceError(no_value(what))
    if run is None:
        raise NoLaneForm(f"{what} is asked outside of the vmap that it belongs to")
    return run.split(lanes, codes, what)


@contextmanager
def probing() -> Iterator[None]:
    """While a rule is tried on copies of some lanes, a fact splits nothing: it raises `Undecided`."""
    run = RUN.get()
    if run is None or run.probing:
        yield
        return
    run.probing = True
    try:
        yield
    except Undecided:
        run.signal = None
        raise
    finally:
        run.probing = False


def no_value(what: str) -> str:
    """The message of a `TraceError`."""
    where = user_line()
    return (
        f"{what} is needed{f' at {where}' if where else ''}, but there are no values here, only shapes: this is "
        "eval_shape, or a batch of no lanes.\n"
        "  Use np.where for a choice that depends on values."
    )


def owner_of(data: Any) -> Any:
    """The array whose memory some data is a view of."""
    while (base := data.base) is not None:
        if type(base) is not np.ndarray:
            base = getattr(base, "base", None)  # `as_strided` holds its array in an object
            if type(base) is not np.ndarray:
                break
        data = base
    return data


def is_argument(data: Any) -> bool:
    """Whether some data is that of an argument of a function at work, or of a view of one."""
    run, owner = RUN.get(), owner_of(data)
    while run is not None:
        if any(owner_of(given) is owner for given in run.given):
            return True
        run = run.parent
    return False


def may_change(data: Any) -> bool:
    """Whether the function at work can write some data: as it is, or through what it is a read-only view of."""
    if data.flags.writeable:
        return True
    owner = owner_of(data)
    if owner is data or not owner.flags.writeable:
        return False
    run = RUN.get()
    return run is None or run.writable or not is_argument(data)


def note_write(lanes: Lanes, data: Any) -> Run | None:
    """Check that a write to a value on these lanes is the business of the function at work.

    Raises
    ------
    NoLaneForm
        If the lanes at work share the value, so that the loop would carry the write from lane to lane.
    """
    run = RUN.get()
    if run is None:
        return None
    run.only_computing()
    if lanes is not run.nowhere and run.shares(lanes):
        run.take_over(lanes)
        raise NoLaneForm("a value that the lanes share is written", in_order=True)
    if run.borrowed and id(owner_of(data)) in run.borrowed:
        raise NoLaneForm("a value that the lanes share is written", in_order=True)
    if run.views is not None:
        run.views.before_write(run, data)
    if run.lent:
        owner = owner_of(data)
        if id(owner) in run.lent:
            if any(owner is owner_of(copy) for copy in run.open):
                run.dirty.append(owner)
            else:
                run.give_up(run.lenders[id(owner)])
    run.wrote()
    return run
