"""Converted Python statements under a tracer: the same calls that `regions` answers for lanes, recorded.

Code that some lanes have left (by ``return``, ``break`` or ``continue``) goes on under the mask of the others; what
the leavers take along is merged at the end. A loop on traced values is traced turn by turn, until what it carries
settles (see `control`); a loop over a short range of plain numbers is simply run.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import optree

from ..array import ARRAY, LaneArray
from ..facts import TraceError
from ..regions import GONE, UNBOUND, contents
from ..regions.branches import fill
from ..tree import flatten_results
from .cells import Untraceable
from .control import TRIES, Carried, branch, emit_while, merge
from .ir import Value, union
from .trace import Recorder


def truths(r: Recorder, test: Any) -> Any:
    """The truth of a value; plain for a plain one."""
    if type(test) is not LaneArray:
        return bool(test)
    value = r.truth(test)
    found = Value((), value.dtype, value.axes, 4)
    r.add_node("kind", (value,), {}, [found])
    return r.new(found)


def negated(r: Recorder, test: Any) -> Any:
    """``not test``."""
    value = r.node_value(np.logical_not, r.truth(test))
    found = Value((), value.dtype, value.axes, 4)
    r.add_node("kind", (value,), {}, [found])
    return r.new(found)


def meet(r: Recorder, mask: Value, yes: Any, no: Any) -> Any:
    """What a variable holds where two ways meet."""
    if yes is no:
        return yes
    if yes is UNBOUND or no is UNBOUND:
        return UNBOUND
    return merge(r, mask, yes, no, "branch")


def either(r: Recorder, test: Any, then: Any, orelse: Any, variables: list[Any]) -> Any:
    """``if test: then() else: orelse()``; `GONE` if no lane comes to the end."""
    entry = [contents(cell) for cell in variables]
    outer, state = r.scope.path, State(r)
    ends: list[tuple[Any, list[Any], Any]] = []

    def side(body: Any) -> Callable[[], Any]:
        def run() -> Any:
            path = r.scope.path
            try:
                answer = None if body is None else body()
            except TraceError:
                raise
            except Exception:  # who goes this way has it from the ordinary way
                if not state.restore(r):
                    raise
                r.fail(path)
                r.left += 1
                answer = GONE
            ends.append((answer, [contents(cell) for cell in variables], r.scope.path))
            for cell, value in zip(variables, entry, strict=True):
                fill(cell, value)

        return run

    mask = r.truth(test)
    branch(r, test, [side(then), side(orelse)])
    (gone_yes, yes, path_yes), (gone_no, no, path_no) = ends
    if gone_yes is GONE and gone_no is GONE:
        return GONE
    if gone_yes is GONE or gone_no is GONE:
        values, path = (no, path_no) if gone_yes is GONE else (yes, path_yes)
        r.scope.path = path
    else:
        values = [meet(r, mask, a, b) for a, b in zip(yes, no, strict=True)]
        left = r.left > 0
        r.scope.path = r.node_value(np.logical_or, path_yes, path_no) if left and path_yes is not path_no else outer
    for cell, value in zip(variables, values, strict=True):
        fill(cell, value)
    return None


def choose(r: Recorder, test: Any, then: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
    """``then() if test else orelse()``."""
    failed = object()
    errors: list[Exception] = []
    state = State(r)

    def side(body: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            path = r.scope.path
            try:
                return body()
            except TraceError:
                raise
            except Exception as error:  # who goes this way has it from the ordinary way
                if not state.restore(r):
                    raise
                r.fail(path)
                errors.append(error)
                return failed

        return run

    yes, no = branch(r, test, [side(then), side(orelse)])
    if yes is failed or no is failed:
        if yes is no:
            raise errors[0]
        return no if yes is failed else yes
    if type(yes) is bool and type(no) is LaneArray:
        yes = r.new(r.as_value(yes))
    return merge(r, r.truth(test), yes, no, "choice")


class State:
    """Where the tracer is among loops and calls: to go on from there when an exception was raised further in."""

    def __init__(self, r: Recorder) -> None:
        self.scope = r.scope
        self.loops = list(r.loops)
        self.frames = list(r.frames)

    def restore(self, r: Recorder) -> bool:
        """Leave what has begun since; whether that can be done."""
        count = len(self.loops)
        begun = r.loops[count:]
        if r.scope is not self.scope or r.loops[:count] != self.loops:
            return False
        if any(loop.broken or loop.skipped for loop in begun):
            return False  # these lanes had not raised
        del r.loops[count:]
        r.frames[:] = self.frames
        return True


def called(r: Recorder, made: Callable[..., Any]) -> Callable[..., Any]:
    """A converted function that is called: lanes that raise in it leave it, for the ordinary way."""
    code = getattr(made, "__code__", None)

    @functools.wraps(made)
    def call(*args: Any, **kwargs: Any) -> Any:
        if r.active[code] > r.deepest:
            r.cut = True
            raise TooDeep
        state = State(r)
        r.active[code] += 1
        try:
            return made(*args, **kwargs)
        except TraceError:
            raise
        except Exception:
            own = r.frames[len(state.frames) :]
            if r.scope.path is None or len(own) != 1 or not own[0].exits or not state.restore(r):
                raise
            r.fail(r.scope.path)
            return own[0].result()
        finally:
            r.active[code] -= 1

    return call


class TooDeep(Exception):
    """A function calls itself more often than it was traced."""


class TracedFrame:
    """A call of a function: lanes leave it when they return."""

    def __init__(self, r: Recorder) -> None:
        self.r = r
        self.loops = len(r.loops)  # those of the callers
        self.path = r.scope.path
        r.frames.append(self)
        self.exits: list[tuple[Value | None, Any]] = []
        self.left = r.left
        r.left = 0

    def leave(self, value: Any) -> Any:
        """Let the lanes at work return a value."""
        self.leave_from(self.r.scope.path, value)
        return GONE

    def leave_from(self, path: Value | None, value: Any) -> None:
        """Let the lanes of a mask return a value; the loops on their way are told."""
        self.r.left += 1
        for loop in reversed(self.r.loops[self.loops :]):
            loop.gone.append(path)
            if loop.symbolic and not loop.finished:
                loop.returned.append((path, value, self))
                return
        self.exits.append((path, value))

    def done(self, value: Any = None) -> Any:
        """Return a value from the lanes at work, which are the last."""
        r = self.r
        for path, other in reversed(self.exits):
            value = other if path is None else merge(r, path, other, value, "function's returns")
        r.scope.path = self.path
        r.left = self.left
        if self in r.frames:
            r.frames.remove(self)
        return value

    def result(self) -> Any:
        """What the function returns, all lanes having left."""
        _, value = self.exits.pop()
        return self.done(value)


class TracedLoop:
    """A loop, traced turn by turn until what it carries settles."""

    def __init__(self, r: Recorder, variables: list[Any], has_else: bool) -> None:
        self.r = r
        self.variables = variables
        self.has_else = has_else
        self.entry = [contents(cell) for cell in variables]
        self.path = r.scope.path
        self.returned: list[tuple[Value | None, Any, TracedFrame]] = []
        self.gone: list[Value | None] = []  # the masks of lanes that have returned
        self.skipped: list[tuple[Value | None, list[Any]]] = []
        self.broken: list[tuple[Value | None, list[Any]]] = []
        self.symbolic = False
        self.finished = False
        self.turns = 0
        self.tries = 0
        self.first: Value | None = None
        self.carried: Carried | None = None
        self.moving: set[tuple[int, int]] = set()  # plain leaves of variables that change from turn to turn
        self.flags: list[Any] = []
        self.endless = True
        self.frame: TracedFrame | None = None
        r.loops.append(self)

    # ---- what is carried ----

    def leaves(self) -> list[tuple[int, list[Any], Any]]:
        """The contents of the variables, taken apart."""
        return [(n, *flatten_results(contents(cell))) for n, cell in enumerate(self.variables)
                if contents(cell) is not UNBOUND]  # fmt: skip

    def is_carried(self, n: int, m: int, leaf: Any) -> bool:
        """Whether a leaf goes round the loop: numbers do; arrays stay, unless their names are bound anew."""
        return (type(leaf) is LaneArray and leaf.kind != ARRAY) or (n, m) in self.moving

    def start(self, extra: list[Any]) -> None:
        """Begin the loop: what it carries at first."""
        self.symbolic = True
        self.extra = extra
        self.begun = self.leaves()
        self.open()

    def open(self) -> None:
        """Begin a new trace of a turn, from what is carried."""
        r = self.r
        if self.carried is None:
            starts = [leaf for n, found, _ in self.begun for m, leaf in enumerate(found) if self.is_carried(n, m, leaf)]
            self.carried = Carried(r, [*self.extra, *starts, *self.flags])
        values = iter(self.carried.begin())
        self.given = [next(values) for _ in self.extra]
        self.before = []
        for n, found, spec in self.begun:
            now = [next(values) if self.is_carried(n, m, leaf) else leaf for m, leaf in enumerate(found)]
            self.before.append((n, now))
            fill(self.variables[n], optree.tree_unflatten(spec, now))
        self.flag_values = [next(values) for _ in self.flags]
        self.returned, self.skipped, self.broken, self.gone = [], [], [], []
        r.left = 0

    def turn_over(self, test: Any, extra: list[Any]) -> bool:
        """The end of a turn; whether the loop has to be traced again."""
        r, carried = self.r, self.carried
        assert carried is not None
        assert self.first is not None
        self.rejoin()
        goes_on = r.truth(test if type(test) is LaneArray else bool(test))
        values = [contents(cell) for cell in self.variables]
        for path, snapshot in reversed(self.broken):
            values = snapshot if path is None else [meet(r, path, a, b) for a, b in zip(snapshot, values, strict=True)]
        ways = [path for path, _ in self.broken] + [path for path, _, _ in self.returned]
        for path in ways:
            stays = r.node_value(np.logical_not, path) if path is not None else r.truth(False)
            goes_on = r.node_value(np.logical_and, goes_on, stays)
        found: list[Any] = list(extra)
        changed = False
        for n, now in self.before:
            leaves, spec = flatten_results(values[n]) if values[n] is not UNBOUND else ([], None)
            if spec is None or len(leaves) != len(now):
                raise Untraceable("a variable changes its structure in a loop")
            for m, (old, new) in enumerate(zip(now, leaves, strict=True)):
                if self.is_carried(n, m, old):
                    found.append(new)
                    if old.kind == ARRAY and r.cell_of(old).version:
                        raise Untraceable("an array is written whose name a loop binds anew")
                elif old is not new and not _alike(old, new):
                    self.moving.add((n, m))
                    changed = True
        if self.returned and not self.flags:
            self.frame = self.returned[0][2]
            value = self.returned[0][1]
            self.returned_spec = flatten_results(value)[1]
            zeros = [_zero(r.as_value(leaf)) for leaf in flatten_results(value)[0]]
            self.flags = [False, *zeros]
            changed = True
        elif self.broken and self.has_else and not self.flags:
            self.flags = [False]
            changed = True
        elif self.flags:
            found += self.new_flags()
        self.tries += 1
        if self.tries > TRIES:
            raise Untraceable("what a loop carries does not settle")
        if changed:
            assert carried.scope is not None
            carried.scope.undo()
            r.scope = carried.outer
            self.carried = None
            for n, leaves, spec in self.begun:
                fill(self.variables[n], optree.tree_unflatten(spec, leaves))
            self.open()
            return True
        found_values = carried.end(found, union(self.first.axes, goes_on.axes))
        if found_values is None:
            self.open()
            return True
        self.finish(goes_on, found_values)
        return False

    def new_flags(self) -> list[Any]:
        """The flag that a lane has left for good, and what it returned."""
        r = self.r
        flag, *values = self.flag_values
        exits = [(path, flatten_results(value)[0]) for path, value, _ in self.returned]
        if not self.frame:
            exits = [(path, []) for path, _ in self.broken]
        for path, leaves in exits:
            mask = r.truth(True) if path is None else path
            flag = r.new(r.node_value(np.logical_or, r.truth(flag), mask))
            if len(leaves) != len(values):
                raise Untraceable("the returns of a loop differ in structure")
            values = [r.new(r.merged(mask, r.as_value(a), r.as_value(b))) for a, b in zip(leaves, values, strict=True)]
        return [flag, *values]

    def finish(self, goes_on: Value, values: list[Value]) -> None:
        """The loop is traced: its node, and what it leaves in the variables."""
        r, carried = self.r, self.carried
        assert carried is not None
        assert self.first is not None
        outputs = iter(emit_while(r, carried, self.first, goes_on, values))
        for _ in self.extra:
            next(outputs)
        for n, now in self.before:
            spec = next(item[2] for item in self.begun if item[0] == n)
            final = [next(outputs) if self.is_carried(n, m, leaf) else leaf for m, leaf in enumerate(now)]
            fill(self.variables[n], optree.tree_unflatten(spec, final))
        self.flag_values = [next(outputs) for _ in self.flags]
        self.finished = True
        began = {n for n, _ in self.before}
        for n, cell in enumerate(self.variables):
            if n not in began and contents(cell) is not UNBOUND:
                fill(cell, UNBOUND)  # bound in the loop only: who reads it later is traced no further

    # ---- the calls of converted code ----

    def test(self, value: Any) -> Any:
        """Whether the loop goes on."""
        if not self.symbolic:
            if type(value) is not LaneArray and value is not True:
                self.turns += 1
                if value and self.turns > self.r.unrolled:
                    raise Untraceable("a loop of many turns on plain numbers")
                return value
            self.endless = type(value) is not LaneArray
            self.first = self.r.truth(value if type(value) is LaneArray else True)
            if self.path is not None:
                self.first = self.r.node_value(np.logical_and, self.first, self.path)
            self.start([])
            return True
        self.endless = self.endless and type(value) is not LaneArray
        return self.turn_over(value, [])

    def over(self, iterable: Any) -> Any:
        """The items of an iterable; a long range is a loop of the program."""
        if type(iterable).__name__ == "LaneRange":
            return self.counted(iterable.start, iterable.stop, iterable.step)
        if type(iterable) is range and len(iterable) > self.r.unrolled:
            return self.counted(iterable.start, iterable.stop, iterable.step)
        self.endless = False
        return self.written_out(iterable)

    def written_out(self, iterable: Any) -> Iterator[Any]:
        """Every item in turn; lanes that break skip what is left."""
        for item in iterable:
            yield item
            self.rejoin()

    def counted(self, start: Any, stop: Any, step: int) -> Iterator[Any]:
        """A range as a loop of the program."""
        r = self.r
        self.endless = False
        test = start < stop if step > 0 else start > stop
        if type(test) is not LaneArray and not test:
            return
        self.first = r.truth(test)
        if self.path is not None:
            self.first = r.node_value(np.logical_and, self.first, self.path)
        self.start([start])
        while True:
            number: Any = self.given[0]
            yield number
            ahead = number + step
            if not self.turn_over(ahead < stop if step > 0 else ahead > stop, [ahead]):
                return

    def _away(self, where: list[Any]) -> Any:
        self.r.left += 1
        where.append((self.r.scope.path, [contents(cell) for cell in self.variables]))
        return GONE

    def leave(self) -> Any:
        """``break``."""
        return self._away(self.broken)

    def skip(self) -> Any:
        """``continue``."""
        return self._away(self.skipped)

    def breaks(self) -> bool:
        """``break`` for all that are here."""
        self.leave()
        return self.go_on()

    def go_on(self) -> bool:
        """Whether to take the next turn, when all lanes have left this one."""
        return self.symbolic or all(path is not None for path, _ in self.broken)

    def rejoin(self) -> None:
        """At the end of a turn: those that skipped the rest of it are back."""
        r = self.r
        for path, snapshot in reversed(self.skipped):
            for cell, value in zip(self.variables, snapshot, strict=True):
                fill(cell, value if path is None else meet(r, path, value, contents(cell)))
        self.skipped = []
        start = None if self.symbolic else self.path
        out = [path for path, _ in self.broken] + self.gone
        for path in out:
            stays = r.truth(False) if path is None else r.node_value(np.logical_not, path)
            start = stays if start is None else r.node_value(np.logical_and, start, stays)
        r.scope.path = start

    def orelse(self, body: Callable[[], Any]) -> None:
        """The ``else`` of the loop: for the lanes that did not break."""
        r = self.r
        if self.symbolic:
            if not self.flags or self.frame is not None:
                if self.frame is not None:
                    raise Untraceable("a loop with an else that returns")
                body()
                return
            either(r, negated(r, self.flag_values[0]), body, None, self.variables)
            return
        self.merge_broken()
        if not self.broken:
            body()
            return
        broke = self.mask_of([path for path, _ in self.broken])
        if broke is not None:
            either(r, negated(r, r.new(broke)), body, None, self.variables)

    def mask_of(self, paths: list[Value | None]) -> Value | None:
        found: Value | None = None
        for path in paths:
            if path is None:
                return None
            found = path if found is None else self.r.node_value(np.logical_or, found, path)
        return found

    def merge_broken(self) -> None:
        """In a loop that was written out: what those that broke took along."""
        for path, snapshot in reversed(self.broken):
            for cell, value in zip(self.variables, snapshot, strict=True):
                fill(cell, value if path is None else meet(self.r, path, value, contents(cell)))

    def over_and_out(self) -> Any:
        """End the loop; `GONE` if no lane comes to its end."""
        r = self.r
        r.loops.remove(self)
        if not self.symbolic:
            if not self.has_else:
                self.merge_broken()
            r.scope.path = self.path
            self.still_there(self.gone)
            return None
        now = r.scope.path  # lanes may have left in the else
        if self.frame is None:
            return GONE if self.endless and not self.broken else None
        flag, *leaves = self.flag_values
        mask = r.truth(flag)
        path = mask if now is None else r.node_value(np.logical_and, mask, now)
        value = optree.tree_unflatten(self.returned_spec, leaves)
        if self.endless and not self.broken:
            self.frame.leave_from(now, value)
            return GONE
        self.frame.leave_from(path, value)
        stays = r.node_value(np.logical_not, mask)
        r.scope.path = stays if now is None else r.node_value(np.logical_and, now, stays)
        return None

    def still_there(self, paths: list[Value | None]) -> None:
        """Go on with the lanes that did not return."""
        r = self.r
        for path in paths:
            stays = r.truth(False) if path is None else r.node_value(np.logical_not, path)
            r.scope.path = stays if r.scope.path is None else r.node_value(np.logical_and, r.scope.path, stays)


def _alike(a: Any, b: Any) -> bool:
    """Whether two plain values are the same."""
    if LaneArray in (type(a), type(b)) or type(a) is not type(b):
        return False
    return bool(np.array_equal(a, b))


def _zero(value: Value) -> Any:
    """What stands for a value that no lane has yet."""
    zero = np.zeros(value.shape, value.dtype)
    return zero if value.kind == 0 else zero[()] if value.kind == 1 else zero.item()

