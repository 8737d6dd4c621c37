"""What a mask selects, under a tracer: ``x[mask]`` has as many elements as the mask has true ones, and lanes differ.

It stands as all elements and the mask. What is computed of each element is computed of all of them; sums, extremes and
writes mind the mask. Nothing is moved. What needs the elements side by side (a sort, a shift) is left to eager lanes.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..array import ARRAY, PYTHON, LaneArray
from ..convert.subscripts import add_selection
from ..facts import recorder
from ..ops.common import npl
from .cells import Untraceable
from .formulas import NoFormula, formula
from .ir import Node, Value, leaves

if TYPE_CHECKING:
    from .trace import Recorder

DEPTH = 16  # operations that two masks may consist of, so that they are compared


class Selected(NDArrayOperatorsMixin):
    """Elements of an array under a mask.

    Parameters
    ----------
    values : LaneArray
        All elements: in front the mask's axes.
    mask : LaneArray or None
        Which of them are meant. None: nobody may use it, for it is one thing first and another later.
    axis : int or None
        For the places themselves, which ``np.nonzero`` gives: along which of the mask's axes they count.
    """

    __slots__ = ("axis", "mask", "values")
    __array_priority__ = 2000.0

    def __init__(self, values: Any, mask: Any, axis: int | None = None) -> None:
        self.values = values
        self.mask = mask
        self.axis = axis

    # ---- what an array shows of itself ----

    @property
    def rest(self) -> tuple[int, ...]:
        """The shape of an element: the mask is of an array's first axes."""
        return tuple(self.values.shape[mask_of(self).ndim :])

    @property
    def shape(self) -> tuple[Any, ...]:
        """The shape, whose first number is one of each lane."""
        return (self.size if not self.rest else count(self), *self.rest)

    @property
    def size(self) -> Any:
        """The number of elements, as a number of each lane."""
        return count(self) * int(np.prod(self.rest)) if self.rest else count(self)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return 1 + len(self.rest)

    @property
    def dtype(self) -> Any:
        """The data type."""
        return self.values.dtype

    # ---- protocols ----

    def __array_ufunc__(self, ufunc: np.ufunc, name: str, *inputs: Any, **kwargs: Any) -> Any:
        return called(ufunc if name == "__call__" else (ufunc, name), inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return called(function, args, kwargs)

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise Untraceable("what a mask selects is needed as an array")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        function = METHODS.get(name)
        if function is None:
            raise Untraceable(f".{name} of what a mask selects")
        return lambda *args, **kwargs: called(function, (self, *args), kwargs)

    def __getitem__(self, index: Any) -> Any:
        return called(operator.getitem, (self, index), {})

    def __setitem__(self, index: Any, value: Any) -> None:
        called(operator.setitem, (self, index, value), {})

    def of(self, base: Any) -> Any:
        """``base[self]``."""
        return called(operator.getitem, (base, self), {})

    def __len__(self) -> NoReturn:
        raise Untraceable("the elements that a mask selects are needed one by one")

    __iter__ = __bool__ = __index__ = __len__


add_selection(Selected)

LOST = Selected(None, None)
"""What stands for something selected that is another thing in another turn of a loop."""


def joined(a: Selected, b: Selected, choose: Callable[[Any, Any], Any] | None) -> Selected:
    """The choice between two; None where there is nothing to choose by."""
    if a is b:
        return a
    if choose is None or a is LOST or b is LOST or a.dtype != b.dtype or a.values.shape != b.values.shape:
        return LOST
    return Selected(choose(a.values, b.values), choose(a.mask, b.mask)) if a.mask.shape == b.mask.shape else LOST


def mask_of(x: Selected) -> Any:
    """The mask, if it is known."""
    if x.mask is None:
        raise Untraceable("what a mask selects goes round a loop")
    return x.mask


def at_work() -> Recorder:
    """The recorder at work."""
    found: Recorder = recorder()
    return found


# ---- where it comes from ----


@formula(operator.getitem)
def getitem(x: Any, index: Any) -> Any:
    """``x[mask]``."""
    if not is_mask(index) or type(x) is not LaneArray or x.shape[: index.ndim] != index.shape:
        raise NoFormula
    return Selected(npl.copy(x), npl.copy(index))  # the user may write both


@formula(np.where)
def where(condition: Any, *values: Any) -> Any:
    """``np.where`` of a mask alone: its places."""
    if values or not is_mask(condition):
        raise NoFormula
    return places(condition)


@formula(np.nonzero, "nonzero")
def places(mask: Any) -> tuple[Selected, ...]:
    """Where a mask is true: an array of places along each axis."""
    if not is_mask(mask):
        raise NoFormula
    mask, grids = npl.copy(mask), np.indices(mask.shape)
    return tuple([Selected(at_work().fresh(np.ascontiguousarray(grid)), mask, n) for n, grid in enumerate(grids)])


def is_mask(x: Any) -> bool:
    """Whether an index is a mask that differs between lanes."""
    return type(x) is LaneArray and x.kind == ARRAY and x.data.dtype == bool and x.data.ndim > x.lanes.ndim


def as_mask(index: Any) -> Any:
    """An index as the mask that selects the same elements in the same order; None if there is none."""
    if is_mask(index):
        return index
    items = index if type(index) is tuple else (index,)
    if not all(type(x) is Selected for x in items):
        return None
    first = items[0].mask
    if first is None or any(x.axis != n or x.mask is not first for n, x in enumerate(items)):
        return None
    return first if first.ndim == len(items) else None


# ---- operations ----


def called(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function of what masks select."""
    kwargs = {name: x for name, x in kwargs.items() if x is not None and x is not np._NoValue}
    rule = RULES.get(function)
    if rule is not None:
        try:
            return rule(*args, **kwargs)
        except TypeError:
            raise Untraceable(f"{_name(function)} of what a mask selects") from None
    if isinstance(function, np.ufunc) or function in ELEMENTWISE:
        return elementwise(function, args, kwargs)
    raise Untraceable(f"{_name(function)} of what a mask selects")


def _name(function: Any) -> str:
    return str(getattr(function, "__name__", function))


def elementwise(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function of each element, of selections by one mask and of what is the same for all their elements."""
    out = kwargs.pop("out", None)
    like = next((x for x in args if type(x) is Selected), None)
    if like is None or any(type(x) is Selected for x in kwargs.values()):
        raise Untraceable("the result of an operation goes to what a mask selects")
    found = function(*[all_of(x, like) for x in args], **kwargs)
    if type(found) is tuple:
        raise Untraceable("a function with several results of what a mask selects")
    if out is None:
        return Selected(found, like.mask)
    target = out[0] if type(out) is tuple else out
    if type(target) is not Selected or not np.can_cast(found.dtype, target.dtype, "same_kind"):
        raise Untraceable("the result of an operation goes elsewhere")
    all_of(target, like)
    target.values[...] = found
    target.axis = None
    return target


def all_of(x: Any, like: Selected) -> Any:
    """The elements of an operand, which may be one for all those of another."""
    if type(x) is Selected:
        if not same_mask(mask_of(x), mask_of(like)):
            raise Untraceable("what two masks select is put together")
        return x.values
    if isinstance(x, (list, tuple)) or np.ndim(x) > len(like.rest):
        raise Untraceable("an array is put together with what a mask selects")
    return x


def same_mask(a: Any, b: Any) -> bool:
    """Whether two masks are computed alike."""
    r = at_work()
    return a is b or (a.shape == b.shape and _alike(r, r.as_value(a), r.as_value(b), [DEPTH]))


def _alike(r: Recorder, a: Any, b: Any, left: list[int]) -> bool:
    """Whether two values of a program are the same operations on the same values."""
    left[0] -= 1
    if a is b or left[0] < 0:
        return a is b
    if type(a) is not Value or type(b) is not Value:
        return type(a) is type(b) and not isinstance(a, (Value, np.ndarray)) and bool(a == b)
    x, y = _node(r, a), _node(r, b)
    if x is not None and x.function is np.copy:
        return _alike(r, x.args[0], b, left)
    if y is not None and y.function is np.copy:
        return _alike(r, a, y.args[0], left)
    if x is None or y is None or x.function is not y.function or x.kwargs or y.kwargs or len(x.outputs) != 1:
        return False
    ours, theirs = list(leaves(x.args)), list(leaves(y.args))
    return len(ours) == len(theirs) and all(_alike(r, p, q, left) for p, q in zip(ours, theirs, strict=True))


def _node(r: Recorder, value: Value) -> Node | None:
    """The operation that gave a value."""
    scope: Any = r.scope
    while scope is not None:
        for node in reversed(scope.nodes):
            if any(x is value for x in node.outputs):
                return node  # type: ignore[no-any-return]
        scope = scope.parent
    return None


def in_a_row(x: Selected) -> tuple[Any, Any]:
    """All elements along one axis, and the mask."""
    mask = mask_of(x)
    if mask.ndim == 1:
        return x.values, mask
    flat = npl.ravel(mask)
    return npl.reshape(x.values, (flat.shape[0], *x.rest)), flat


def count(x: Selected) -> Any:
    """How many elements are meant: one of Python's integers."""
    return at_work().converted(npl.sum(mask_of(x)), np.dtype(np.int64), PYTHON)


def spread(x: Selected) -> Any:
    """The mask, with an axis for each of an element's."""
    mask = mask_of(x)
    return mask.reshape(mask.shape + (1,) * len(x.rest)) if x.rest else mask


def held(x: Selected, other: Any) -> Any:
    """All elements, those that are not meant replaced by a number."""
    return npl.where(spread(x), x.values, x.dtype.type(other))


RULES: dict[Any, Callable[..., Any]] = {}
"""Functions that mind the mask; `minding` fills it."""

ELEMENTWISE = frozenset({
    np.clip, np.where, np.real, np.imag, np.round, np.around, np.nan_to_num, np.isclose, np.zeros_like, np.ones_like,
    np.full_like, np.empty_like,
})  # fmt: skip
"""Functions, other than ufuncs, of each element."""

METHODS: dict[str, Any] = {
    **{name: getattr(np, name) for name in (
        "sum", "prod", "any", "all", "max", "min", "argmax", "argmin", "mean", "var", "std", "dot", "cumsum", "clip",
        "round", "copy", "ravel",
    )},
    "flatten": np.ravel, "astype": "astype",
}  # fmt: skip
"""The functions that methods are."""
