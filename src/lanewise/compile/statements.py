"""Converted Python statements under a tracer: the same calls that `regions` answers for lanes, recorded.

Code that some lanes have left (by ``return``, ``break`` or ``continue``) goes on under the mask of the others; what
the leavers take along is merged at the end. Loops are in `loops`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from ..array import LaneArray
from ..facts import RUN, TraceError, Undecided
from ..regions import GONE, Mixed, contents
from ..regions.branches import fill
from .cells import Listed, Untraceable
from .control import branch
from .ir import Value
from .mixed import meet, ways
from .trace import Recorder


def truths(r: Recorder, test: Any) -> Any:
    """The truth of a value; plain for a plain one."""
    if type(test) is Mixed:
        return r.mixed(test, lambda x: truths(r, x))
    if type(test) is not LaneArray:
        return truths(r, test.truth()) if issubclass(type(test), Listed) else bool(test)
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
            except (Exception, Unsaid) as problem:  # who goes this way has it from the ordinary way
                if not state.restore(r):
                    raise
                settle(problem)
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
    mask = r.truth(test)
    return ways(r, [mask, r.node_value(np.logical_not, mask)], [then, orelse])


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


def called(r: Recorder, made: Callable[..., Any]) -> Any:
    """A function that is about to be called: a converted one, or one of a package."""
    if str(getattr(made, "__module__", "")).partition(".")[0] in ("lanewise", "numpy"):
        return r.form(made, made)
    code = getattr(made, "__code__", None)

    @functools.wraps(made)
    def call(*args: Any, **kwargs: Any) -> Any:
        if code in r.recursions:
            return r.recursions[code].again(made, args, kwargs)
        if r.recursive and code in r.recursive:
            from .recursion import Recursion

            return Recursion(r, made).call(args, kwargs)
        calls = r.active.setdefault(code, [])
        here = (r.scope, r.scope.path)
        depth = calls[-1][0] + (calls[-1][1] != here) if calls else 0  # as deep as some lanes only call it again
        if depth > r.deepest:
            if r.recursive is not None:
                raise NeedsRecursion(code)
            r.cut = True
            raise TooDeep
        calls.append((depth, here))
        try:
            return leaving(r, made, args, kwargs)
        finally:
            calls.pop()

    return call


def leaving(r: Recorder, made: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Call a function: lanes that raise in it leave it, for the ordinary way."""
    state = State(r)
    try:
        return made(*args, **kwargs)
    except TraceError:
        raise
    except (Exception, Unsaid) as problem:
        own = r.frames[len(state.frames) :]
        if r.scope.path is None or len(own) != 1 or not own[0].exits or not state.restore(r):
            raise
        settle(problem)
        r.fail(r.scope.path)
        return own[0].result()


class Unsaid(Undecided):
    """An exception is raised that says something of a value."""


def settle(problem: BaseException) -> None:
    """The lanes that raise are on the ordinary way: no signal is pending."""
    run = RUN.get()
    if run is not None and run.signal is problem:
        run.signal = None


def said(r: Recorder, make: Callable[[], Any]) -> Any:
    """An exception that is raised; who has it has it from the ordinary way, and may read it there."""
    try:
        return make()
    except Undecided as problem:
        raise Unsaid(*problem.args) from None


class TooDeep(Exception):
    """A function calls itself more often than it was traced."""


class NeedsRecursion(Untraceable):
    """A function calls itself in some lanes, and in some of these again: it is to be traced as one that does."""

    def __init__(self, code: Any) -> None:
        super().__init__("a function calls itself")
        self.code = code


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
            value = other if path is None else meet(r, path, other, value)
        r.scope.path = self.path
        r.left = self.left
        if self in r.frames:
            r.frames.remove(self)
        return value

    def result(self) -> Any:
        """What the function returns, all lanes having left."""
        _, value = self.exits.pop()
        return self.done(value)
