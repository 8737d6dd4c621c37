"""Hot lanes compile themselves: a long call of a mapped function goes over to compiled code.

The work of an outermost call is counted, by the text of what runs (`convert.weight`) and the number of lanes, never by
the clock: whether a call is long depends on what it is called with, and on nothing else. When it is, the function is
traced as `jit` does, if all that it reaches is known to be without effects (`surroundings`). What eager lanes have done
so far is given up, as their writes go to copies, and the compiled code runs on the caller's arguments. Where any of
this can't be, the call goes on as it was, and says nothing.

Every call sees the present values of what it reaches, and a few lanes of what compiled code gives are compared with the
function itself. What takes long to compile, or may be compiled anew for each value of a closure, has to be longer.
"""

from __future__ import annotations

import math
import os
import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from . import settings
from .facts import LANE, RUN, PerformanceWarning, Run, Signal
from .surroundings import Unknown, surroundings
from .tree import flatten

ON = os.environ.get("LANEWISE_HOT", "1") != "0"

LONG = 50_000_000  # additions of a value of one lane, after which a call is long: some 20 milliseconds
TURN = 25_000  # additions: a turn of a loop takes as long with no lanes at all
EACH = 1_000  # lanes: and so does every operation in it
FUNCTION = 10  # additions: a function of one element (`sin`, `exp`)
ALONE = 300  # additions: an operation on plain numbers takes as long
SINGLE = 30_000  # additions: a lane that runs by itself, at least
SWEEP = 4  # times as long, where each of several calls may need code of its own
MANY = 64  # functions whose compiled code is kept


class Hot(Signal):
    """The call goes over to compiled code."""

    def __init__(self, ready: Any) -> None:
        super().__init__()
        self.ready = ready


class Meter:
    """The work of an outermost call.

    Parameters
    ----------
    call : Call
        The call.
    """

    work = 0
    plan: Plan | None = None
    ready: Any = None  # the compiled code, once there is any

    def __init__(self, call: Any) -> None:
        self.call = call
        self.limit: float = LONG  # at which to decide, or to decide anew

    def turn(self, run: Run, weight: int) -> None:
        """Count a turn of a loop, or a call: so many operations on all lanes at work."""
        lanes = 1 if run.refinements else run.axis.size
        for axis in run.refinements:
            lanes *= axis.size
        if run.parent is not None:
            lanes *= lanes_of(run.parent)
        self.work += TURN + weight * (EACH + lanes)
        if self.work > self.limit:
            self.decide(run)

    def elements(self, run: Run, count: int) -> None:
        """Count a function of so many elements of large arrays: the text of code does not tell how large they are."""
        self.work += FUNCTION * count
        if self.work > self.limit:
            self.decide(run)

    def singles(self, run: Run, lanes: int) -> None:
        """Count lanes that are about to run one by one."""
        self.work += SINGLE * lanes
        if self.work > self.limit:
            self.decide(run)

    def alone(self, weight: int) -> bool:
        """Count a turn of one lane on plain numbers; whether that makes the call a long one."""
        self.work += ALONE * weight
        return self.work > self.limit

    def over(self) -> bool:
        """Whether the call is long, and it could not be decided yet what to do."""
        return self.work > self.limit

    def decide(self, run: Run) -> None:
        """Go over to compiled code, if there is any and nothing is half done.

        Raises
        ------
        Hot
            To go over.
        """
        runs = [run]
        while (parent := runs[-1].parent) is not None:
            runs.append(parent)
        if any(at.trial or at.probing for at in runs):
            return
        token = RUN.set(None)
        try:
            self.limit = self.next_limit()
        finally:
            RUN.reset(token)
        if self.work <= self.limit:
            return
        signal = Hot(self.ready)
        for at in runs:
            at.signal = signal
        raise signal

    def next_limit(self) -> float:
        """The work that the call has to be for what comes next: to trace it, and to run what is compiled."""
        if self.plan is None:
            self.plan = plan(self.call)
            if self.plan is None:
                return math.inf
            least = SWEEP * LONG if self.plan.varies else LONG
            if self.work <= least:
                return least
        if self.ready is None:
            self.ready = self.plan.ready(self.call)
            if self.ready is None:
                return math.inf
        worth: float = self.ready.worth
        return max(LONG, worth)


def lanes_of(run: Run) -> int:
    """How many lanes are at work in a function, and in those around it."""
    lanes = math.prod([axis.size for axis in run.refinements or (run.axis,)])
    return lanes if run.parent is None else lanes * lanes_of(run.parent)


def meter(call: Any) -> Meter | None:
    """What counts the work of an outermost call; None if it is to stay eager."""
    return Meter(call) if ON and call.remake is not None else None


COLD: ContextVar[bool] = ContextVar("lanewise_cold", default=False)


@contextmanager
def cold() -> Iterator[None]:
    """Let calls stay eager for a while: compiled code has been tried."""
    token = COLD.set(True)
    try:
        yield
    finally:
        COLD.reset(token)


class Plan:
    """What to compile for a call.

    Parameters
    ----------
    jitted : HotJitted
        The function, and what has been compiled for it.
    args, kwargs
        The arguments of the call.
    varies : bool
        Whether the function may well have other surroundings at the next call, and is compiled for each.
    """

    def __init__(self, jitted: Any, args: Any, kwargs: Any, varies: bool) -> None:
        self.jitted = jitted
        self.args, self.kwargs = args, kwargs
        self.varies = varies

    def ready(self, call: Any) -> Any:
        """The compiled code, with its arguments; None if there is none for these."""
        try:
            return self.jitted.ready(self.args, self.kwargs, call)
        except (TypeError, ImportError):  # an argument that can't be hashed; no llvmlite
            return None


_KNOWN: OrderedDict[Any, Any] = OrderedDict()
"""By what functions reach, their compiled code."""


def plan(call: Any) -> Plan | None:
    """What to compile for a call; None if it has to stay eager."""
    if LANE.get() or COLD.get() or not _warns_only() or not _understood():
        return None
    args, kwargs = call.inputs.build([leaf.value for leaf in call.inputs.mapped], shared=True)
    given = [leaf for leaf in flatten((args, kwargs))[0] if not isinstance(leaf, (np.ndarray, float, complex))]
    try:
        around = surroundings([call.fun, *given])
        key = (around.found, call.axes)
        known = _KNOWN.get(key)
        if known is None:
            from .compile.hot import HotJitted

            known = _KNOWN[key] = HotJitted(call.remake(), around.held)
            while len(_KNOWN) > MANY:
                _KNOWN.popitem(last=False)
        else:
            _KNOWN.move_to_end(key)
    except (Unknown, TypeError, KeyError, ImportError):
        return None
    return Plan(known, tuple(args), kwargs, around.varies or any(type(leaf) is int for leaf in given))


def _understood() -> bool:
    """Whether the environment's settings can be understood; who gave them is told if not."""
    try:
        settings.check()
    except ValueError as problem:
        warnings.warn(f"vmap: nothing is compiled. {problem}", PerformanceWarning, stacklevel=2)
        return False
    return True


def _warns_only() -> bool:
    """Whether nobody is to hear of floating-point errors but by warnings, which compiled code does not give."""
    if any(what not in ("ignore", "warn") for what in np.geterr().values()):
        return False
    for action, message, kind, module, line in warnings.filters:
        kinds = kind if isinstance(kind, tuple) else (kind,)
        if action == "error" and any(issubclass(RuntimeWarning, x) or issubclass(x, RuntimeWarning) for x in kinds):
            return False
        if not (message or module or line) and any(issubclass(RuntimeWarning, x) for x in kinds):
            return True  # what comes behind is not asked
    return True
