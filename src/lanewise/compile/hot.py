"""Compiling what `lanewise.hot` has found to be long: `jit` for functions that must be seen to have no effects."""

from __future__ import annotations

from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from .. import hot
from ..array import LaneArray
from ..axes import result_axes
from ..collect import Piece, kind_in
from ..convert.unseen import may_change
from ..facts import Signal
from ..reach import is_user_module
from ..regions import Mixed
from ..regions.both import PREFIX
from ..surroundings import is_known
from ..tree import flatten_results
from .cells import Listed, Untraceable
from .ir import Axis
from .jit import DEEPEST, MOST, Compiled, Jitted, _overlap
from .mixed import weak_type
from .plan import KernelStep
from .run import NeedsEager
from .signature import Arguments
from .trace import Recorder

LONGEST = 6_000  # operations of a program: what is longer takes too long to trace
SIGNATURES = 64  # of one function that are kept
WORTH = 180  # additions: it takes as long to compile ten characters of a kernel
DEEP = 500_000_000  # additions: what is worth more than that is not compiled once more, deeper


class Wary(Recorder):
    """A recorder that refuses whatever may have effects, before it is done."""

    def __init__(self, name: str, **options: Any) -> None:
        options["longest"] = min(options.get("longest", LONGEST), LONGEST)
        super().__init__(name, **options)

    def effect(self, objects: tuple[Any, ...]) -> None:
        """Refuse to change anything that the function has not made."""
        for x in objects:
            if type(x) not in _VALUES and not issubclass(type(x), Listed) and self.containers.get(id(x)) is not x:
                raise Untraceable(f"a {type(x).__name__} is changed that was there before")
        super().effect(objects)

    def form(self, function: Any, own: Any) -> Any:
        """A function, if it is one that has no effects."""
        if not is_known(function):
            raise Untraceable(f"{getattr(function, '__name__', 'a function')} may have effects")
        call = super().form(function, own)
        if getattr(function, "__module__", "").partition(".")[0] == "lanewise":
            return call  # it rewrites what it is given

        def wary(*args: Any, **kwargs: Any) -> Any:
            if any(map(_changes, (*args, *kwargs.values()))):
                raise Untraceable("a function that changes things is handed on, to be called as it is written")
            return call(*args, **kwargs)

        return wary

    def stack(self, leaf: Any, at: Any, axis: Axis, fun: Any) -> Any:
        """A result: whether it is weak in promotion is noted."""
        if self.depth == 0:
            self.weak.append(Mixed if type(leaf) is Mixed else weak_type(leaf))
        return super().stack(leaf, at, axis, fun)


def _changes(x: Any) -> bool:
    """Whether something is a function that may change more than its own variables, or holds one."""
    kind = type(x)
    if kind is FunctionType and may_change(x.__code__):
        return True
    if kind is BuiltinFunctionType:
        return not isinstance(x.__self__, _CONSTANT) and x.__name__ not in _ASKING
    if kind in (list, tuple):
        return any(map(_changes, x))
    if kind not in (FunctionType, MethodType, partial) and not is_user_module(kind.__module__):
        return False
    rewritten = kind is FunctionType and any(name.startswith(PREFIX) for name in x.__code__.co_freevars)
    return not rewritten and not is_known(x, as_written=True)


_CONSTANT = (type(None), ModuleType, type, str, bytes, int, float, complex, tuple, frozenset, range, slice, np.ufunc)
_ASKING = frozenset({"get", "index", "count", "keys", "values", "items", "copy", "isdisjoint", "issubset"})
"""Methods of containers that change nothing."""

_VALUES = frozenset({LaneArray, Mixed})


class HotJitted(Jitted):
    """What `jit` makes of a function, without a word.

    Parameters
    ----------
    fun : callable
        The mapped function.
    held : list
        What must stay alive as long as this does.
    depth : int
        How deep its recursion is followed, and how much room its lists have.
    """

    recorder = Wary

    def __init__(self, fun: Any, held: list[Any], depth: int = DEEPEST) -> None:
        super().__init__(fun, (), False)
        self.held = held
        self.depth = depth
        self.deeper: HotJitted | None = None
        self.refused: dict[Any, bool] = {}  # signatures, less the number of lanes, that can't be compiled
        self.traces = -(1 << 60)  # nobody is to be told how often

    def ready(self, args: Any, kwargs: Any, call: Any) -> Ready | None:
        """The code for some arguments, with which it is compiled; None if they have to go the ordinary way."""
        given = Arguments(args, kwargs)
        key = (given.spec, tuple(given.keys))
        compiled = self.known.get(key)
        if compiled is None:
            kind = (given.spec, *_without_size(given.keys, given.leaves, call))
            if kind in self.refused:
                return None
            for known in (self.known, self.refused):
                if len(known) >= SIGNATURES:
                    known.clear()
            with np.errstate(all="ignore"):
                compiled = self.compile(given)
            if compiled is None:
                self.refused[kind] = True
                return None
            self.known[key] = compiled
        if call.chunk is not None and Mixed in compiled.traced.weak:
            return None
        any_size = any(made is not None and made.traced is compiled.traced for _, _, made, *_ in self.sizeless)

        def further() -> Ready | None:
            if not compiled.traced.cut or self.depth >= MOST:
                return None
            self.deeper = self.deeper or HotJitted(self.fun, self.held, 3 * self.depth)
            return self.deeper.ready(args, kwargs, call)

        return Ready(compiled, given.data(compiled), any_size, further)


def _without_size(keys: list[Any], leaves: list[Any], call: Any) -> list[Any]:
    """The keys of arguments, less the number of lanes: whether a function can be traced does not depend on it."""
    axes = {id(leaf.value): leaf.axis for leaf in call.inputs.mapped}
    found = []
    for key, leaf in zip(keys, leaves, strict=True):
        if (axis := axes.get(id(leaf))) is not None:
            key = (leaf.dtype, leaf.shape[:axis], leaf.shape[axis + 1 :])
        found.append(key)
    return found


class Ready:
    """Compiled code, and what it is to run on.

    Parameters
    ----------
    compiled : Compiled
        The code.
    arguments : list
        The arrays and numbers that it takes.
    any_size : bool
        Whether it is good for any number of lanes.
    further : callable
        Gives the same with recursion followed deeper, and more room for lists, if that is possible.
    """

    def __init__(self, compiled: Compiled, arguments: list[Any], any_size: bool, further: Any) -> None:
        self.compiled = compiled
        self.further = further
        self.arguments = arguments
        text = sum(len(step.text) for step in compiled.plan.steps if type(step) is KernelStep)
        # the work that a call has to be, to run it
        self.worth = max(WORTH * text, 0 if any_size else hot.SWEEP * hot.LONG)

    def run(self, call: Any, reached: Any) -> tuple[Any] | None:
        """The result, in a 1-tuple; None if the call has to go the ordinary way."""
        compiled, arguments = self.compiled, self.arguments
        if compiled.traced.written and (_overlap(arguments, compiled.traced) or call.overlaps(reached)):
            return None
        try:
            results = compiled.run(arguments)
            found = compiled.finish(results, [])
            if not agrees(call, found):
                return None
        except NeedsEager:
            deeper = self.further()
            return deeper.run(call, reached) if deeper is not None and deeper.worth <= DEEP else None
        except (Signal, Exception):  # what has no code after all
            return None
        for n, place in enumerate(compiled.traced.written):
            np.copyto(arguments[place], results[compiled.count + n])
        if call.chunk is not None:
            leaves, weak = flatten_results(found)[0], compiled.traced.weak
            call.kinds = [{kind_in(Piece(np.asarray(x), (), kind))} for x, kind in zip(leaves, weak, strict=True)]
        return (found,)


def agrees(call: Any, result: Any) -> bool:
    """Whether a few lanes of a result are what the function itself gives for them, as far as rounding leaves it."""
    found, spec = flatten_results(result)
    axes = result_axes(call.out_axes, result, len(found), call.fun)
    for lane in sorted({0, call.size // 2, call.size - 1}):
        inputs = call.inputs.of(lane)
        values = [copied(leaf.example(lane)) for leaf in inputs.mapped]
        args, kwargs = inputs.build(values)
        with np.errstate(all="ignore"):
            expected, other = flatten_results(call.fun(*args, **kwargs))
        if other != spec:
            return False
        for x, y, axis in zip(found, expected, axes, strict=True):
            if not close(x if axis is None else np.moveaxis(x, axis, 0)[lane], y):
                return False
    return True


def copied(x: Any) -> Any:
    """An argument of one lane, to be written."""
    return x.copy() if isinstance(x, np.ndarray) else x


def close(x: Any, y: Any) -> bool:
    """Whether two results are the same but for rounding."""
    a, b = np.asarray(x), np.asarray(y)
    if a.shape != b.shape or (a.dtype.kind in "biufc") != (b.dtype.kind in "biufc"):
        return False
    if a.dtype.kind not in "fc":
        return bool((a == b).all())
    rough = 1e-3 if min(a.dtype.itemsize, b.dtype.itemsize) < 8 else 1e-6
    return bool(np.isclose(a, b, rtol=rough, atol=rough * 1e-3, equal_nan=True).all())
