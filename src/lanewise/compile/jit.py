"""jit: trace once for each signature, lower, run; what can't be traced runs eagerly, with a warning."""

from __future__ import annotations

import copy
import functools
import gc
import inspect
import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, overload

import numpy as np
import optree

from .. import settings
from ..array import ARRAY, SCALAR, LaneArray
from ..axes import an, check_function, label
from ..collect import Piece, promote
from ..facts import RUN, PerformanceWarning, Signal, TraceError, Undecided
from ..hot import cold
from ..lanes import LaneAxis, Lanes
from ..pickling import name_of
from ..regions import Mixed
from ..usercode import user_line
from .batches import batch_axis, mapped_first, other_size, sees_no_size
from .contents import Contents
from .ir import Program
from .mixed import Choice
from .short import builder, order, whole
from .signature import Arguments, Static, change, is_data, is_plain, layout
from .threads import rouse
from .trace import Recorder
from .whole import Traced, trace

MANY_TRACES = 16  # more traces than this of one function earn a warning
MOST = 18  # no deeper than that
GIVES_UP = 4  # so many calls in succession that ran eagerly after all, and the others do so at once
DEEPEST = 2  # how often a function may call itself at first; where that is not enough, it is traced again

_EMPTY = np.empty  # small results; tests put fences around them


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector, which would look at all that is alive again and again while programs are made."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Compiled:
    """A program for one signature, ready to run."""

    def __init__(self, traced: Traced, layouts: list[Any], fastmath: bool) -> None:
        from . import rows  # noqa: F401  # the table fills when a first program is lowered
        from .lower import lower
        from .passes import simplify

        self.traced = traced
        self.program = simplify(traced.program)
        self.plan = lower(self.program, layouts, fastmath)
        count = len(traced.program.results) - len(traced.written)
        self.kinds = [value.kind for value in traced.program.results]
        self.axes = [value.axes for value in traced.program.results]
        self.count = count
        self.deepest = DEEPEST
        self.failures = 0  # how often in succession values could not be held
        self.bare = traced.spec.is_leaf() and len(traced.leaves) == 1 and traced.leaves[0] == 0
        self.direct: Any = None
        self.long = False  # whether threads share the work
        self.empty: Any = _EMPTY
        self.places: list[int] = []  # the leaves of the arguments that are data
        self.plain = False  # all of them arrays or floats
        self.simple = self.bare and not traced.written and self.kinds[0] == ARRAY and not self.axes[0]
        self.build: Any = None  # the results in the structure that the function returns, on the short way
        if not any(self.axes) and Choice not in map(type, traced.leaves):
            self.build = builder(traced.spec, traced.leaves, self.kinds)
        self.sizes: dict[Any, int] = {}  # of lane axes, where they are not as traced
        self.find_direct()

    def resized(self, axis: Any, size: int) -> Compiled:
        """The same for another number of lanes."""
        other = copy.copy(self)
        other.sizes, other.direct = {axis: size}, None
        other.find_direct()
        return other

    def find_direct(self) -> None:
        """The way without detours, where one kernel makes all results."""
        from .buffers import LARGE, fresh
        from .plan import KernelStep
        from .run import SHORT, launcher

        self.long = any(type(step) is KernelStep and step.work(self.sizes) >= SHORT for step in self.plan.steps)
        places = [place for place, _, shared in self.plan.results if not shared]
        steps = self.plan.steps
        if len(places) != len(self.plan.results) or len(steps) != 1 or type(steps[0]) is not KernelStep:
            return
        if steps[0].stored == [*self.plan.inputs, *(place.stored for place in places)]:
            self.direct = launcher(steps[0], self.sizes)
            self.fresh = [(place.stored.shape_for(self.sizes), place.stored.dtype) for place in places]
            largest = max([math.prod(shape) * dtype.itemsize for shape, dtype in self.fresh], default=0)
            self.empty = fresh if largest >= LARGE else _EMPTY

    def run(self, arguments: list[Any]) -> list[Any]:
        """The results of the program as arrays, then what is written to arguments."""
        if self.long:
            rouse()
        if self.direct is not None:
            found = [self.empty(shape, dtype) for shape, dtype in self.fresh]
            if self.direct(*arguments, *found):
                raise _eager()
            return found
        from .run import Running

        return Running(self.plan, arguments, self.sizes).go()

    def finish(self, results: list[Any], lanes: list[LaneAxis]) -> Any:
        """The results in the structure that the function returns."""
        if self.build is not None:
            return self.build(results)
        leaves = []
        for leaf in self.traced.leaves:
            if type(leaf) is Choice:
                codes = self.leaf(leaf.codes, results, lanes)
                options = [self.leaf(option, results, lanes) for option in leaf.options]
                leaves.append(chosen(codes, options, leaf.at, leaf.weak))
            else:
                leaves.append(self.leaf(leaf, results, lanes))
        return optree.tree_unflatten(self.traced.spec, leaves)

    def leaf(self, place: Any, results: list[Any], lanes: list[LaneAxis]) -> Any:
        """A leaf of the result."""
        if type(place) is tuple:
            return place[0]
        data, kind = results[place], self.kinds[place]
        if self.axes[place]:
            own = Lanes.of(tuple([lanes[axis.level - 1] for axis in self.axes[place]]))
            return LaneArray(data, own, kind)
        return data if kind == ARRAY else data[()] if kind == SCALAR else data.item()


class Jitted:
    """What `jit` makes of a function."""

    recorder: type[Recorder] = Recorder
    depth = DEEPEST

    def __init__(self, fun: Callable[..., Any], static: tuple[str, ...], fastmath: bool) -> None:
        self.fun = fun
        self.static = static
        self.fastmath = fastmath
        self.signature = inspect.signature(fun) if static else None
        self.known: dict[Any, Compiled | None] = {}
        self.short: dict[Any, Callable[[list[Any]], Any]] = {}  # by `signature`
        # what holds for any batch size, the latest last; None where it has to run eagerly
        self.sizeless: list[tuple[Any, list[Any], Compiled | None, Any, list[int]]] = []
        self.contents = Contents()
        self.outdated: dict[Any, Compiled] = {}  # what was known before these changed
        self.pending = ""  # a warning that waits until the function has run
        self.traces = 0
        self.last: Any = None
        functools.update_wrapper(self, fun)

    def __repr__(self) -> str:
        return f"<jit of {label(self.fun)}>"

    def __reduce__(self) -> Any:
        return name_of(self) or (Jitted, (self.fun, self.static, self.fastmath))

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Bind as a method."""
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the function on arrays."""
        run = RUN.get()
        if run is not None and run.recorder is not None:
            return self.fun(*args, **kwargs)  # a jit within a jit is a part of it
        if self.contents.known and self.contents.changed():
            self.forget()
        if not kwargs and not self.static:  # arrays, most often
            key: list[Any] = []
            for x in args:
                if type(x) is np.ndarray:
                    key.append((x.dtype, x.shape, x.strides))
                elif type(x) is float:
                    key.append(float)
                else:
                    break
            else:
                compiled = self.known.get(tuple(key))
                if compiled is not None and not compiled.traced.written:
                    if compiled.simple and compiled.direct is not None:  # one kernel, one array
                        if compiled.long:
                            rouse()
                        out = compiled.empty(*compiled.fresh[0])
                        if not compiled.direct(*args, out):
                            return out
                    else:
                        try:
                            return compiled.finish(compiled.run(list(args)), [])
                        except _eager():
                            pass
        if self.short:
            leaves: list[Any] = []
            call = self.short.get(whole(args, kwargs, leaves))
            if call is not None:
                try:
                    return call(leaves)
                except _eager():
                    pass
        return self.general(args, kwargs)

    def general(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The same for any arguments."""
        given = args, kwargs
        if self.signature is not None:
            args, kwargs = self.with_statics(args, kwargs)
        try:
            call = Arguments(args, kwargs)
            key = call.key()
            known = key in self.known
        except TypeError:  # an argument that can't be hashed
            return self.fun(*given[0], **given[1])
        if not known:
            self.known[key] = self.compile(call)
            self.shorten(call, self.known[key])
        while (compiled := self.known[key]) is not None:
            arguments = call.data(compiled)
            try:
                results = compiled.run(arguments)
            except _eager():
                if not compiled.traced.cut or compiled.deepest >= MOST:
                    return self.instead(call, key, *given)
                self.short.clear()
                self.known[key] = self.compile(call, 3 * compiled.deepest)
                continue
            compiled.failures = 0
            if compiled.traced.written:
                if call.lanes or _overlap(arguments, compiled.traced):
                    return self.fun(*given[0], **given[1])
                self.commit(compiled, results, arguments)
            return compiled.finish(results, call.lanes)
        return self.eagerly(*given)

    def forget(self) -> None:
        """Trace anew, as what is in arrays outside has changed."""
        self.outdated.update((key, compiled) for key, compiled in self.known.items() if compiled is not None)
        self.known, self.contents = {}, Contents()
        self.short.clear()
        self.sizeless.clear()

    def shorten(self, call: Arguments, compiled: Compiled | None) -> None:
        """Take down how calls with arguments of this kind go on the short way, if they can."""
        if compiled is None or not compiled.plain or compiled.traced.written or compiled.build is None:
            return
        if call.lanes or self.static:
            return
        places, key = order(call.spec, compiled.places), whole(call.args, call.kwargs, [])
        if places is not None and key is not None:
            self.short[key] = lambda leaves: compiled.build(compiled.run([leaves[n] for n in places]))

    def instead(self, call: Arguments, key: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the function eagerly where some lane needs what has not been compiled."""
        with cold():
            result = self.fun(*args, **kwargs)  # most often, it raises
        compiled = self.known[key]
        assert compiled is not None
        compiled.failures += 1
        if compiled.failures == 1:
            warnings.warn(
                f"jit({label(self.fun)}) ran eagerly for these values: some of them can't be held in compiled code (an "
                "integer outgrows 64 bits, or a result changes its type), or an exception was caught.",
                PerformanceWarning,
                stacklevel=4,
            )
        elif compiled.failures == GIVES_UP:
            self.known[key] = None
            self.short.clear()
            self.fails(call)
        return result

    def eagerly(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run the function as it is, with the warning that waits for it."""
        with cold():
            result = self.fun(*args, **kwargs)
        if self.pending:  # what raises eagerly, too, earns no warning
            message, self.pending = self.pending, ""
            warnings.warn(message, PerformanceWarning, stacklevel=4)
        return result

    def commit(self, compiled: Compiled, results: list[Any], arguments: list[Any]) -> None:
        """Write back what the function wrote to its arguments."""
        for n, place in enumerate(compiled.traced.written):
            np.copyto(arguments[place], results[compiled.count + n])

    def with_statics(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """The arguments with those that are static wrapped."""
        assert self.signature is not None
        bound = self.signature.bind(*args, **kwargs)
        for name in self.static:
            if name in bound.arguments:
                bound.arguments[name] = Static(bound.arguments[name])
        return bound.args, bound.kwargs

    def of_other_size(self, call: Arguments) -> tuple[Compiled | None] | None:
        """What is known of a batch that differs from this one in its size only: what was compiled, in a 1-tuple."""
        for spec, keys, compiled, axis, mapped in () if call.lanes else reversed(self.sizeless):
            if spec == call.spec and (size := other_size(keys, call.keys, mapped)) is not None:
                return (None if compiled is None else compiled.resized(axis, size),)
        return None

    def fails(self, call: Arguments) -> None:
        """Note that the function has to run eagerly, in batches of other sizes as well."""
        if not call.lanes and sees_no_size(self.fun):
            mapped = mapped_first(self.fun, call.args, call.kwargs, call.leaves)
            if mapped:
                self.sizeless.append((call.spec, call.keys, None, None, mapped))

    def trace(self, call: Arguments, deepest: int, **options: bool) -> Traced:
        """Trace the function, whatever is at work around it."""
        token = RUN.set(None)
        try:
            fun = _unwrapped(self.fun) if self.static else self.fun
            return trace(fun, call.args, call.kwargs, deepest, recorder=self.recorder, **options)
        finally:
            RUN.reset(token)

    @_uncollected()
    def compile(self, call: Arguments, deepest: int | None = None) -> Compiled | None:
        """Trace and lower the function for these arguments; None if it has to run eagerly."""
        deepest = deepest or self.depth
        if deepest == self.depth and (other := self.of_other_size(call)) is not None:
            return other[0]
        self.traces += 1
        if self.traces == MANY_TRACES:
            _warn_of_traces(self, call)
        self.last = call.spec, call.keys
        from .rows.table import Unsupported

        try:
            return self.made(call, deepest)
        except (Signal, Exception) as problem:
            reason = _reason(problem)
            if not isinstance(problem, (Signal, TraceError, Unsupported)):
                reason = f"{type(problem).__name__}: {reason}"
            where = user_line(problem.__traceback__)
            place = f" because of {where}" if where else ""
            self.pending = f"jit({label(self.fun)}) runs eagerly{place}: {reason.rstrip('.')}."
            self.fails(call)
        return None

    def made(self, call: Arguments, deepest: int) -> Compiled:
        """What is compiled for these arguments; raise why nothing can be."""
        from .rows.table import Unsupported

        places = [n for n, leaf in enumerate(call.leaves) if is_data(leaf)]
        layouts = [layout(call.leaves[n]) for n in places]
        traced = self.trace(call, deepest)
        self.contents.note(traced.kept)
        if (before := self.outdated.pop(call.key(), None)) is not None and traced.is_as(before.traced):
            return before
        try:
            compiled = Compiled(traced, layouts, self.fastmath)
        except Unsupported:
            if not (traced.unrollable or traced.recursive):
                raise
            options = {"recursive": False} if traced.recursive else {"rolled": False}
            compiled = Compiled(self.trace(call, deepest, **options), layouts, self.fastmath)
        compiled.deepest = deepest
        compiled.places = places
        compiled.plain = all(is_plain(call.leaves[n]) for n in places)
        if not call.lanes and not traced.written and sees_no_size(self.fun):
            found = batch_axis(compiled.program)
            if found is not None:
                axis, mapped = found
                self.sizeless.append((call.spec, call.keys, compiled, axis, [places[n] for n in mapped]))
        return compiled


def chosen(codes: Any, options: list[Any], at: int | None, weak: list[type | None]) -> Any:
    """A result that is one thing in some lanes and another elsewhere: stacked, as the loop does."""
    if type(codes) is LaneArray:
        return Mixed(codes, options)
    if at is None:
        return options[int(codes)]
    found = [code for code in range(len(options)) if (codes == code).any() or not len(codes)]  # all, of no lanes
    if len(found) == 1 and isinstance(options[found[0]], np.ndarray):
        return options[found[0]]
    rows = [np.moveaxis(x, at, 0) if isinstance(x, np.ndarray) else np.asarray(x) for x in options]
    shapes = {rows[code].shape[isinstance(options[code], np.ndarray) :] for code in found}
    if len(shapes) > 1:
        raise _eager()
    masks = {code: codes == code for code in found}
    kept = {code: rows[code][masks[code]] if isinstance(options[code], np.ndarray) else rows[code] for code in found}
    dtype = promote([Piece(kept[code], (), weak[code]) for code in found])
    out = np.empty((len(codes), *shapes.pop()), dtype)
    for code in found:
        out[masks[code]] = kept[code]
    return np.moveaxis(out, 0, at)


def _reason(problem: BaseException) -> str:
    """Why a function can't be traced."""
    if isinstance(problem, Undecided):
        return f"{problem} is needed, and there are no values while a function is traced"
    return getattr(problem, "reason", None) or str(problem)


def _eager() -> Any:
    from .run import NeedsEager

    return NeedsEager


def _unwrapped(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The function with static arguments as they were given."""

    @functools.wraps(fun)
    def call(*args: Any, **kwargs: Any) -> Any:
        args = tuple([x.value if type(x) is Static else x for x in args])
        return fun(*args, **{name: x.value if type(x) is Static else x for name, x in kwargs.items()})

    return call


def _overlap(arguments: list[Any], traced: Traced) -> bool:
    """Whether an argument that is written shares memory with another array, or with itself, or can't be written."""
    for n in traced.written:
        array = arguments[n]
        low, high = np.lib.array_utils.byte_bounds(array)
        if not array.flags.writeable or high - low < array.nbytes:
            return True
        others = [other for m, other in enumerate(arguments) if m != n and isinstance(other, np.ndarray)]
        if any(np.may_share_memory(array, other) for other in (*others, *traced.kept)):
            return True
    return False


def _warn_of_traces(jitted: Jitted, call: Arguments) -> None:
    """Say which argument changes from call to call."""
    same = jitted.last is not None and jitted.last[0] == call.spec
    changed = change(jitted.fun, call.spec, jitted.last[1], call.keys) if same else ""
    warnings.warn(
        f"jit({label(jitted.fun)}) was traced {jitted.traces} times.{changed}\n  Each signature is traced and compiled "
        "anew. Pass numbers that vary as floats or arrays, and arrays in a few shapes.",
        PerformanceWarning,
        stacklevel=5,
    )


@overload
def jit(fun: Callable[..., Any], *, static_argnames: Any = (), fastmath: bool = False) -> Any: ...
@overload
def jit(fun: None = None, *, static_argnames: Any = (), fastmath: bool = False) -> Callable[..., Any]: ...


def jit(fun: Callable[..., Any] | None = None, *, static_argnames: Any = (), fastmath: bool = False) -> Any:
    """Compile a function of arrays to native code (`jax.jit`).

    The function is traced once for each signature: the structure of its arguments, and their shapes and dtypes.
    Python ints, bools, strings and None are a part of the signature; floats and arrays are data. What can't be
    traced runs eagerly, with a `PerformanceWarning`.

    Parameters
    ----------
    fun : callable
        The function; usually ``vmap(f)``. ``vmap(jit(f))`` is the same program.
    static_argnames : str or sequence of str
        Parameters that are part of the signature whatever they are.
    fastmath : bool
        Let the compiler reassociate and contract floating-point arithmetic.

    Returns
    -------
    callable
        The compiled function.

    Raises
    ------
    TypeError
        If ``fun`` is no callable, or a static name is no parameter of it.
    ValueError
        If a setting of the environment (``LANEWISE_NUM_THREADS``, say) can't be understood.

    See Also
    --------
    make_program : the program that a function is traced into.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import jit, vmap
    >>> jit(vmap(lambda x: x / np.sqrt((x * x).sum())))(np.array([[3.0, 4.0], [0.0, 2.0]]))
    array([[0.6, 0.8],
           [0. , 1. ]])
    """
    if fun is None:
        return functools.partial(jit, static_argnames=static_argnames, fastmath=fastmath)
    check_function("jit", fun)
    settings.check()
    names = (static_argnames,) if isinstance(static_argnames, str) else static_argnames
    if not isinstance(names, (tuple, list, set, frozenset)):
        raise TypeError(f"jit: static_argnames must be a name or several, not {names!r} ({an(names)}).")
    names = tuple(names)
    if names:
        parameters = inspect.signature(fun).parameters
        for name in names:
            if name not in parameters:
                raise TypeError(
                    f"jit: static_argnames has {name!r}, which is no parameter of {label(fun)}; it has "
                    f"{', '.join(parameters)}."
                )
    return Jitted(fun, names, fastmath)


def make_program(fun: Callable[..., Any]) -> Callable[..., Program]:
    """The program that a function is traced into, to look at.

    Parameters
    ----------
    fun : callable
        A function of arrays, mapped or not.

    Returns
    -------
    callable
        Takes the function's arguments and returns the `Program`; its ``print`` is a listing.

    Raises
    ------
    TraceError
        If the function can't be traced; the message says why, and where.

    Examples
    --------
    >>> import numpy as np
    >>> from lanewise import make_program, vmap
    >>> print(make_program(vmap(lambda x: x * 2.0))(np.ones(3)))
    <lambda>(%0: float64[3]):
      %1: float64[] {<lambda>=3} = lane_in(%0, 0, <lambda>=3)
      %2: float64[] {<lambda>=3} = multiply(%1, 2.0)
      %3: float64[3] = lane_out(%2, 0, <lambda>=3)
      return %3
    """
    check_function("make_program", fun)

    def make(*args: Any, **kwargs: Any) -> Program:
        try:
            return trace(fun, args, kwargs).program
        except Signal as signal:
            where = user_line(signal.__traceback__)
            place = f" because of {where}" if where else ""
            raise TraceError(f"make_program: {label(fun)} can't be traced{place}: {_reason(signal)}.") from None

    return make


__all__ = ["Jitted", "jit", "make_program"]
