"""Functions that rewritten code calls in a form of their own: builtins, and NumPy's that make arrays."""

from __future__ import annotations

import builtins
import functools
import operator
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from .. import facts
from .. import numpy as lane_numpy
from ..array import ARRAY, PYTHON, SCALAR, LaneArray, apply, is_single, live
from ..facts import NoLaneForm
from ..ops.common import spread_all
from ..ops.polynomial import undispatched
from ..ops.triangular import scipy_function
from ..regions import (
    VARYING,
    LaneRange,
    Mixed,
    apart,
    can_select,
    choose,
    effect,
    joint,
    select,
    sides,
    truths,
    unlisted,
)
from .listed import LISTS, array_of
from .mathematics import ITEMS, float_of, forms, mapped
from .searching import FUNCTIONS
from .unseen import changes_arguments, note_arguments

FORMS: dict[Any, Any] = {}
"""For each function that has a form of its own in rewritten code, that form."""


_NAMES = ("__module__", "__name__", "__qualname__", "__doc__")  # `type` has others, which no function can have
_named_as = functools.partial(functools.wraps, assigned=_NAMES, updated=())


def guarded(function: Any) -> Any:
    """A function in C that may know nothing of lane values: what it then raises is not the user's to catch."""
    if function.__module__ in _KNOWS_OBJECTS or type(function.__self__) is not ModuleType:
        return function

    changes = changes_arguments(function)

    @_named_as(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if changes:
            note_arguments(args)
        try:
            return function(*args, **kwargs)
        except Exception:
            if any(type(arg) in VARYING for arg in (*args, *kwargs.values())):
                raise NoLaneForm(f"{function.__name__} has no batched form") from None
            raise

    FORMS[function] = call
    return call


_KNOWS_OBJECTS = frozenset({"builtins", "_operator", "_functools"})


def form_of(function: Any) -> Callable[[Any], Any]:
    """Enter the form of a function; on plain values it is the function itself."""
    same = function is float or function.__module__ in ("math", "cmath")

    def enter(form: Any) -> Any:
        @_named_as(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            kinds = set(map(type, args))
            if kwargs:
                kinds.update(map(type, kwargs.values()))
            if Mixed in kinds:
                if same:
                    args = tuple([_as_one(x) for x in args])
                    if not any(type(x) is Mixed for x in args):
                        return call(*args, **kwargs)
                return apart(call, args, kwargs)
            return form(*args, **kwargs) if LaneArray in kinds else function(*args, **kwargs)

        FORMS[function] = call
        return form

    return enter


def of_scipy() -> dict[Any, Any]:
    """Functions of SciPy that have a row, with their forms, if SciPy is loaded."""
    function = scipy_function()
    if function is None:
        return {}
    if function not in FORMS:
        form_of(function)(functools.partial(apply, function))
    return {function: FORMS[function]}


def _as_one(x: Any) -> Any:
    """A float of Python's or NumPy's as a number that is either, for a function to which it makes no difference."""
    found = joint(x) if type(x) is Mixed else None
    return x if found is None else found


def _enter_creation() -> None:
    """NumPy's functions that make arrays, in their forms that accept lane values and make what may hold them."""
    for name, function in vars(np).items():  # what NumPy loads when it is asked for are modules
        mine = vars(lane_numpy).get(name)
        if mine is not None and callable(function) and mine is not function and not name.startswith("_"):
            FORMS[function] = _of_lists(mine)


def _of_lists(function: Any) -> Any:
    """A function that makes an array, of lists that differ between lanes, too."""

    @_named_as(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        kind = type(args[0]) if args else None
        if kind is Mixed:
            return apart(call, args, kwargs)
        if kind in LISTS:
            return array_of(function, *unlisted(args), **kwargs)
        return function(*args, **kwargs)

    return call


_enter_creation()
FORMS.update(undispatched())


@form_of(float)
def _float(x: Any = 0.0) -> Any:
    return float_of(x)


@form_of(int)
def _int(x: Any = 0, /, *base: Any, **named: Any) -> Any:
    if type(x) is not LaneArray or base or named or x.data.dtype.kind not in "biuf" or _is_array(x):
        return int(x, *base, **named)
    x = live(x)
    data = x.data.reshape(x.lanes.shape)
    if data.dtype.kind == "f":
        bad = ~(np.abs(data) < 2.0**63)
        if bad.any():
            if facts.agree(x.lanes, bad, "whether int() can hold a value"):
                return int(live(x))
            return _int(live(x))
    elif data.dtype.kind == "u" and data.size and int(data.max()) >= 2**63:
        raise NoLaneForm("a Python integer outgrows 64 bits")
    return LaneArray(data.astype(np.int64), x.lanes, PYTHON)


def _is_array(x: LaneArray) -> bool:
    return not is_single(x)


def _enter_types() -> None:
    """NumPy's types of numbers, which convert: lane values as `astype` does, where Python's numbers fit."""
    for kind in {kind for kind in np.sctypeDict.values() if issubclass(kind, (np.number, np.bool))}:
        if np.dtype(kind).kind in "biufc":
            form_of(kind)(functools.partial(_converted, kind))


def _converted(kind: Any, *args: Any, **kwargs: Any) -> Any:
    x = args[0] if len(args) == 1 and not kwargs else None
    dtype = np.dtype(kind)
    if type(x) is not LaneArray or x.data.dtype.kind not in ("biufc" if dtype.kind in "bc" else "biuf"):
        return kind(*args, **kwargs)
    if x.kind != PYTHON:
        return x.astype(dtype)
    if dtype.kind in "iu":
        x = FORMS[int](x) if (tracer := facts.recorder()) is None else tracer.form(int, FORMS[int])(x)
        if type(x) is not LaneArray:
            return kind(x)
    if (tracer := facts.recorder()) is not None:
        return kind(x) if dtype.kind in "iu" and dtype != np.int64 else tracer.converted(x, dtype, SCALAR)
    if dtype.kind in "iu" and x.data.size:
        info = np.iinfo(dtype)
        if x.data.min() < info.min or x.data.max() > info.max:
            return kind(x)
    x = live(x)
    return LaneArray(x.data.astype(dtype), x.lanes, SCALAR)


_enter_types()


@form_of(bool)
def _bool(x: Any = False) -> Any:
    value = truths(x)
    return LaneArray(value.data, value.lanes, PYTHON) if type(value) is LaneArray else value


@form_of(complex)
def _complex(real: Any = 0, *args: Any, **named: Any) -> Any:
    args = (real, *args, *named.values())
    if len(args) == 1 and type(real) is LaneArray and real.data.dtype.kind == "c" and is_single(real):
        x = live(real)
        return LaneArray(x.data.reshape(x.lanes.shape).astype(complex), x.lanes, PYTHON)
    if any(type(x) is complex or (type(x) is LaneArray and x.data.dtype.kind == "c") for x in args):
        return complex(*args)
    parts = [float_of(x) if type(x) is LaneArray else x for x in args]
    real, imag = (*parts, 0.0)[:2]
    (a, b), lanes = spread_all([real, imag])
    found = np.empty(lanes.shape, complex)
    found.real, found.imag = a, b
    return LaneArray(found, lanes, PYTHON)


@form_of(range)
def _range(*args: Any) -> Any:
    if any(_is_array(x) or x.data.dtype.kind not in "iu" for x in args if type(x) is LaneArray):
        return range(*args)
    start, stop, step = (args[0], args[1], args[2] if len(args) > 2 else 1) if len(args) > 1 else (0, args[0], 1)
    if type(step) is LaneArray or step == 0:
        return range(*args)
    start, stop = [_int(x) if type(x) is LaneArray else operator.index(x) for x in (start, stop)]
    return LaneRange(start, stop, operator.index(step))


@form_of(round)
def _round(number: Any, ndigits: Any = None) -> Any:
    x = number
    if type(x) is not LaneArray or type(ndigits) is LaneArray or x.kind == ARRAY or x.data.dtype.kind not in "biuf":
        return round(x) if ndigits is None else round(x, ndigits)
    x = live(x)
    if x.kind == PYTHON:
        return mapped(round, x) if ndigits is None else mapped(functools.partial(round, ndigits=ndigits), x)
    if ndigits is not None:
        return apply(np.round, x, ndigits)
    return _int(apply(np.round, x))


@form_of(divmod)
def _divmod(a: Any, b: Any) -> Any:
    return a // b, a % b


@form_of(pow)
def _pow(base: Any, exp: Any, mod: Any = None) -> Any:
    if mod is None:
        return base**exp
    operands = (base, exp, mod)
    for x in operands:
        if type(x) is LaneArray and x.kind != PYTHON:
            raise TypeError(  # as NumPy's numbers do
                f"unsupported operand type(s) for ** or pow(): "
                f"{', '.join([repr(_type_name(y)) for y in operands])}"
            )
    return mapped(pow, *operands)


def _type_name(x: Any) -> str:
    kind = x.__class__
    return f"{kind.__module__}.{kind.__name__}" if kind.__module__ != "builtins" else str(kind.__name__)


@form_of(type)
def _type(x: Any, *rest: Any) -> Any:
    return x.__class__ if not rest else type(x, *rest)


form_of(isinstance)(isinstance)


# ---- min, max, any, all, sorted ----


def _items(args: tuple[Any, ...]) -> list[Any]:
    return list(args[0]) if len(args) == 1 else list(args)


def _extreme(name: str, before: Callable[[Any, Any], Any], ufunc: np.ufunc) -> None:
    builtin = getattr(builtins, name)

    def call(*args: Any, key: Any = None, **default: Any) -> Any:
        """As Python does it: an item takes the place of the best so far if it compares as better."""
        if len(args) == 1 and type(args[0]) not in (list, tuple, LaneArray):
            args = (list(args[0]),)
        items: Any = args[0] if len(args) == 1 else args
        if key is None and _is_row(items) and len(items):
            return _first(items, ufunc)
        items = _items(args)
        if not any(type(x) in VARYING for x in items):
            return builtin(items, key=key, **default)
        best, *rest = items
        best_key = best if key is None else key(best)
        for item in rest:
            item_key = item if key is None else key(item)
            test = truths(before(item_key, best_key))
            if type(test) is not LaneArray:
                if test:
                    best, best_key = item, item_key
                continue
            best, best_key = _select(test, item, best), _select(test, item_key, best_key) if key is not None else None
            best_key = best if key is None else best_key
        return best

    FORMS[builtin] = call


def _is_row(items: Any) -> bool:
    """Whether something is an array of one axis, of numbers that can all be put in order."""
    if type(items) is not LaneArray or items.data.ndim != items.lanes.ndim + 1:
        return False
    kind = items.data.dtype.kind
    return kind in "biu" or (kind == "f" and not np.isnan(items.data).any())


def _first(items: LaneArray, ufunc: np.ufunc) -> Any:
    """The least or greatest element of an array of one axis, without a nan."""
    items = live(items)
    return LaneArray(ufunc.reduce(items.data, axis=-1), items.lanes, SCALAR)


def _select(test: LaneArray, a: Any, b: Any) -> Any:
    """``a`` where the test holds, else ``b``."""
    if can_select(a, b):
        return select(test, a, b)
    return choose(test.lanes, sides(test), [lambda: a, lambda: b], None)


_extreme("min", operator.lt, np.minimum)
_extreme("max", operator.gt, np.maximum)


def _quantifier(builtin: Any, until: bool) -> None:
    def written(items: Any) -> Any:
        for item in items:  # noqa: SIM110  # this is what the builtin stands for
            if item:
                return True
        return False

    def written_all(items: Any) -> Any:
        for item in items:  # noqa: SIM110
            if not item:
                return False
        return True

    source = written if until else written_all

    def call(items: Any) -> Any:
        from . import lane_form

        if type(items) in (list, tuple) and not any(type(x) in VARYING for x in items):
            return builtin(items)
        return lane_form(source)(items) if facts.RUN.get() is not None else builtin(items)

    FORMS[builtin] = call
    OWN.update({source.__code__})


OWN: set[Any] = set()
"""Code of this package that is rewritten like the user's."""

_quantifier(any, True)
_quantifier(all, False)


@form_of(sorted)
def _sorted(items: Any, *, key: Any = None, reverse: bool = False) -> Any:
    if key is not None or not _is_row(items):
        return sorted(items, key=key, reverse=reverse)
    if reverse and items.data.dtype.kind == "f":
        return _reversed(items)
    found = list(apply(np.sort, items, kind="stable"))
    return found[::-1] if reverse else found


def _reversed(items: LaneArray) -> Any:
    """Sorted downwards; equal elements keep their order (0.0 and -0.0 are equal)."""
    return list(apply(np.negative, apply(np.sort, apply(np.negative, items), kind="stable")))


def _changes(function: Any) -> None:
    """Enter a builtin that changes its argument."""

    def call(owner: Any, *args: Any) -> Any:
        effect(owner)
        return function(owner, *args)

    FORMS[function] = call


for _function in (next, setattr, delattr):
    _changes(_function)


def _enter_mathematics() -> None:
    for function, form in (forms() | FUNCTIONS).items():
        form_of(function)(form)
    FORMS.update(ITEMS)


_enter_mathematics()
