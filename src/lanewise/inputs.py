"""The arguments of a call, taken apart by ``in_axes``: which leaf is mapped over which axis, or why none."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import optree

from .array import ARRAY, PYTHON, SCALAR, Data, LaneArray, live
from .axes import AUTO, InAxes, Prefix, an, describe, label, mismatch, parameter_name, ragged
from .facts import RUN, NoLaneForm
from .lanes import Lanes
from .tree import flatten

_ROWS = 3  # how many leaves of one size an error shows


class Mapped(NamedTuple):
    """A leaf that is mapped."""

    value: Any  # an ndarray, or a LaneArray of outer lanes
    axis: int  # which of its axes, counted from 0
    argument: int  # which argument it is in, and which of its leaves: for its name
    leaf: int

    def base(self, lanes: Lanes) -> tuple[Any, Lanes, int]:
        """The data, lanes and kind of the leaf: its axis becomes the innermost lane axis, the one of ``lanes``."""
        value, axis, lead = self.value, self.axis, 0
        if type(value) is LaneArray:
            value = live(value)
            lead = value.lanes.ndim
            lanes = value.lanes.union(lanes)
            value = value.data
        else:
            check_numpy(value)
        data = value.view(np.ndarray)
        if axis:
            order = list(range(data.ndim))
            order.insert(lead, order.pop(lead + axis))
            data = data.transpose(order)
        data.setflags(write=False)
        return data, lanes, ARRAY if data.ndim > lanes.ndim else SCALAR

    def example(self, lane: int) -> Any:
        """What the loop hands to the function: a view of the caller's own array, or a scalar."""
        return self.value[(slice(None),) * self.axis + (lane,)]

    def part(self, start: int, stop: int) -> Any:
        """A range of the lanes."""
        return self._replace(value=self.value[(slice(None),) * self.axis + (slice(start, stop),)])

    def memory(self) -> list[Any]:
        """The caller's arrays that a write goes to."""
        return [self.value]

    def writeable(self) -> bool:
        """Whether the caller's arrays can be written."""
        if type(self.value) is not LaneArray:
            return bool(self.value.flags.writeable)
        run = RUN.get()  # the arguments of an outer function are read-only until it is known to write
        asked = run is not None and run.parent is not None and run.parent.writable
        return bool(self.value.data.flags.writeable) or not asked

    def commit(self, lanes: Any, rows: Any) -> None:
        """Write what some lanes left in their examples to the caller's array."""
        np.moveaxis(self.value, self.axis, 0)[lanes] = rows


class Scalars(Mapped):
    """A leaf that is an array of numbers, which the function sees as Python scalars."""

    __slots__ = ()

    def base(self, lanes: Lanes) -> tuple[Any, Lanes, int]:
        """As of any leaf, of another kind."""
        data, lanes, _ = super().base(lanes)
        return data, lanes, PYTHON

    def example(self, lane: int) -> Any:
        """One number."""
        return super().example(lane).item()


def check_numpy(value: Any) -> None:
    """See that an array is one that lanes can lie in."""
    if type(value) is not np.ndarray and not isinstance(value, np.memmap):
        raise NoLaneForm(f"an argument is a {type(value).__name__}, which is not NumPy's own array type")
    if value.dtype.hasobject:
        raise NoLaneForm("an argument is an array of objects")


class Argument(NamedTuple):
    """How to make one argument again from lane values."""

    spec: Any  # the pytree's structure; None for an argument that is shared whole
    given: list[Any]  # the leaves as the caller gave them
    leaves: list[Any]  # the same, what is shared protected from writes
    mapped: list[int]  # for each leaf, its place among the mapped leaves, or -1


def copy_alike(data: Data, lead: int, strides: tuple[int, ...]) -> Data:
    """A copy, lane after lane, of which one example reshapes without copying where it does in the source.

    Its axes keep their order and direction in memory, and those with gaps between them there (in ``strides``) have
    gaps here.
    """
    shape, steps = data.shape[lead:], [abs(step) for step in strides]
    long = sorted([n for n, size in enumerate(shape) if size > 1], key=lambda n: -steps[n])
    room = list(shape)
    for outer, inner in pairwise(long):
        room[inner] += strides[outer] != shape[inner] * strides[inner]
    apart = 2 if long and strides[long[-1]] != data.itemsize else 1
    order = [n for n, size in enumerate(shape) if size <= 1] + long
    backwards = any(strides[n] < 0 for n in long)
    if apart == 1 and room == list(shape) and long == sorted(long) and not backwards:
        return np.array(data, order="C")
    memory = np.empty([*data.shape[:lead], *(room[n] for n in order), apart], data.dtype)[..., 0]
    back = [lead + order.index(n) for n in range(len(shape))]
    copy = memory.transpose(*range(lead), *back)[(slice(None),) * lead + tuple(map(slice, shape))]
    if backwards:
        copy = copy[(slice(None),) * lead + tuple([slice(None, None, -1 if step < 0 else 1) for step in strides])]
    copy[...] = data
    return copy


class Inputs:
    """The arguments of one call, taken apart.

    Of ragged ones there are several, each for the lanes whose examples look alike: `ragged.RaggedInputs`.
    """

    __slots__ = ("args", "arguments", "automatic", "bare", "fun", "kwargs", "mapped", "sizes")

    def __init__(self, fun: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.fun = fun
        self.args = args
        self.kwargs = kwargs
        self.arguments: list[Argument | None] = []  # None: an array that is mapped
        self.mapped: list[Mapped] = []
        self.sizes: list[int] = []
        self.bare = False  # every argument is an array that is mapped, and given by position
        self.automatic = False  # an axis was mapped that no spec names

    # ---- taking apart ----

    def add(self, value: Any, entry: Any) -> None:
        """Take one argument apart by its entry of ``in_axes``."""
        kind = type(value)
        if entry is None:
            self.arguments.append(_new(Argument, (None, [value], [protect(value)], _SHARED)))
            return
        if kind is np.ndarray and type(entry) is int and 0 <= entry < value.ndim:
            self.mapped.append(_new(Mapped, (value, entry, len(self.arguments), 0)))
            self.sizes.append(value.shape[entry])
            self.arguments.append(None)
            return
        if type(entry) is not int or (kind is not np.ndarray and kind is not LaneArray):
            self._add_tree(value, entry)
            return
        self._map(value, entry, len(self.arguments), 0)
        self.arguments.append(None)

    def _map(self, value: Any, axis: int, number: int, leaf: int) -> None:
        """Map one leaf."""
        if type(value) is LaneArray:
            value = live(value)
            shape = value.data.shape[value.lanes.ndim :]
        else:
            shape = value.shape
        ndim = len(shape)
        if not -ndim <= axis < ndim:
            self._no_axis(value, axis, shape, number, leaf)
        axis %= ndim
        self.mapped.append(Mapped(value, axis, number, leaf))
        self.sizes.append(shape[axis])

    def _add_tree(self, value: Any, entry: Any) -> None:
        """Take an argument apart that is no array, or that has a pytree of axes."""
        number = len(self.arguments)
        leaves, spec = flatten(value)
        argument = Argument(spec, list(leaves), leaves, [-1] * len(leaves))
        self.arguments.append(argument)
        for n, axis in enumerate(self._leaf_axes(value, entry, number)):
            leaf = leaves[n]
            if axis is ragged:
                self._add_ragged(argument, n, number)
                continue
            if axis is AUTO:
                axis = 0 if has_axes(leaf) else None
                self.automatic = self.automatic or axis is not None
            if axis is None:
                leaves[n] = protect(leaf)
                continue
            argument.mapped[n] = len(self.mapped)
            self._map(self._array(leaf, axis, number, n), axis, number, n)

    def _add_ragged(self, argument: Argument, n: int, number: int) -> None:
        """Map a leaf of the examples of a ragged argument (`ragged.Examples`), or share it."""
        leaf = argument.leaves[n]
        if hasattr(leaf, "examples"):
            argument.mapped[n] = len(self.mapped)
            self.mapped.append(leaf)
        else:
            argument.leaves[n] = protect(leaf)

    def _leaf_axes(self, value: Any, entry: Any, number: int) -> list[Any]:
        """One axis (or None, or AUTO) for each leaf: the entry is a prefix of the argument."""
        if type(entry) is not Prefix:
            return [entry] * len(self._leaves(number))
        axes: list[Any] = []
        for axis, subtree in zip(entry.axes, self.parts(value, entry, number), strict=True):
            axes.extend([axis] * len(flatten(subtree)[0]))
        return axes

    def parts(self, value: Any, entry: Prefix, number: int) -> list[Any]:
        """The part of an argument that each leaf of its entry speaks of."""
        try:
            return list(entry.spec.flatten_up_to(value))
        except ValueError:
            name = self.name(number)
            raise ValueError(
                f"vmap: in_axes is no prefix of the argument {name}:\n"
                f"    in_axes for {name}: {entry.tree!r}\n    {name} itself: {describe(value)}\n"
                f"  {mismatch(entry.tree, value, name, 'in_axes')}\n"
                "  Give one int or None for all of it, or a tree of them that follows its containers as far "
                "as you like."
            ) from None

    def _leaves(self, number: int) -> list[Any]:
        argument = self.arguments[number]
        return [self._value(number)] if argument is None else argument.given

    def _value(self, number: int) -> Any:
        count = len(self.args)
        return self.args[number] if number < count else list(self.kwargs.values())[number - count]

    def _array(self, leaf: Any, axis: int, number: int, n: int) -> Any:
        """A leaf as an array that can be mapped."""
        if isinstance(leaf, np.ndarray) and getattr(leaf, "kind", None) != PYTHON:
            return leaf
        if hasattr(type(leaf), "__array__") and not isinstance(leaf, np.generic) and type(leaf) is not LaneArray:
            return np.asarray(leaf)  # an array of another library
        return self._no_axis(leaf, axis, None, number, n)

    def _no_axis(self, leaf: Any, axis: int, shape: tuple[int, ...] | None, number: int, n: int) -> Any:
        name = self.name(number, n)
        if shape:
            raise ValueError(
                f"vmap: in_axes maps axis {axis} of {name}, but {name} has shape {shape}: "
                f"its axes are {-len(shape)} to {len(shape) - 1}."
            )
        found = "an array of shape (), with" if isinstance(leaf, np.ndarray) else f"{an(leaf)}, which has"
        listed = isinstance(self._value(number), (list, tuple)) and not isinstance(leaf, np.ndarray)
        hint = " (lists and tuples are pytrees: np.array makes one array of their numbers)" if listed else ""
        raise ValueError(
            f"vmap: in_axes maps axis {axis} of {name}, but {name} is {found} no axis to map.\n"
            f"  Give it None in in_axes to hand it to every call as it is, or pass an array{hint}."
        )

    # ---- putting together ----

    def build(self, values: list[Any], *, shared: bool = False) -> tuple[list[Any], dict[str, Any]]:
        """The arguments, with these in place of the mapped leaves.

        With ``shared``, what is not mapped is the caller's own, to be written as in the loop.
        """
        if self.bare:
            return values, {}
        made = []
        rest = iter(values)
        for argument in self.arguments:
            if argument is None:
                made.append(next(rest))
                continue
            spec, given, protected, mapped = argument
            leaves = given if shared else protected
            if spec is None:
                made.append(leaves[0])
            else:
                new = [leaf if n < 0 else next(rest) for leaf, n in zip(leaves, mapped, strict=True)]
                made.append(optree.tree_unflatten(spec, new))
        if not self.kwargs:
            return made, {}
        count = len(self.args)
        return made[:count], dict(zip(self.kwargs, made[count:], strict=True))

    def shared(self) -> list[Any]:
        """The leaves that are not mapped, as the caller gave them."""
        found: list[Any] = []
        for argument in self.arguments:
            if argument is None:
                continue
            if argument.spec is None:
                found.extend(_arrays_in(argument.given[0]))
            else:
                found.extend(x for x, n in zip(argument.given, argument.mapped, strict=True) if n < 0)
        return found

    def part(self, start: int, stop: int) -> Inputs:
        """The same arguments with a range of lanes only."""
        made = Inputs(self.fun, self.args, self.kwargs)
        made.arguments = self.arguments
        made.bare = self.bare
        made.mapped = [leaf.part(start, stop) for leaf in self.mapped]
        return made

    def classes(self) -> list[Any]:
        """The lanes of each class of examples that look alike; empty if all do."""
        return []

    def of(self, lane: int) -> Inputs:
        """The arguments of the lanes that look like this one."""
        return self

    def sources(self) -> list[Any]:
        """The arrays that results may be views of."""
        return [leaf.value for leaf in self.mapped]

    def memory(self) -> list[Any]:
        """The arrays that the function may write."""
        return [array for leaf in self.mapped for array in leaf.memory()]

    # ---- names and sizes ----

    def name(self, number: int, leaf: int | None = None) -> str:
        """An argument, or one of its leaves, as the caller would write it."""
        name = parameter_name(self.fun, number, len(self.args), list(self.kwargs))
        argument = self.arguments[number] if number < len(self.arguments) else None
        if leaf is None or argument is None or argument.spec is None:
            return name
        return str(optree.treespec_accessors(argument.spec)[leaf].codify(name))

    def size(self, axis_size: int | None) -> int:
        """The size of the batch, on which all mapped axes must agree."""
        sizes = self.sizes
        if not sizes:
            if axis_size is None:
                why = "no argument has an axis that in_axes maps" if self.arguments else "it has no arguments"
                raise ValueError(
                    f"vmap: nothing is mapped in this call of {label(self.fun)}, so the size of the batch is "
                    "unknown: "
                    f"{why}.\n"
                    "  Map at least one argument over an axis, or give axis_size."
                )
            return axis_size
        size = sizes[0]
        if sizes.count(size) != len(sizes):
            raise ValueError(
                f"vmap: the mapped axes differ in size:\n{self.table()}\n"
                "  Map an argument with None to share it, nest two vmaps for all pairs, pad to a common "
                "length, or use "
                f"a loop inside the function for a sequence.{_AUTOMATIC if self.automatic else ''}"
            )
        if axis_size is not None and size != axis_size:
            raise ValueError(
                f"vmap: axis_size is {axis_size}, but the mapped axes have another size:\n{self.table()}\n"
                "  Leave axis_size out to take the size from the arguments, or check which axis in_axes maps."
            )
        return size

    def shown(self, n: int) -> tuple[str, str]:
        """The name of a mapped leaf, and what of it is mapped."""
        leaf = self.mapped[n]
        return self.name(leaf.argument, leaf.leaf), f"axis {leaf.axis} of {leaf.value.shape}"

    def table(self) -> str:
        """The mapped leaves with their sizes; of many of one size, the first few."""
        rows: list[tuple[str, str, str]] = []
        seen: dict[int, int] = {}
        for n, size in enumerate(self.sizes):
            seen[size] = seen.get(size, 0) + 1
            if seen[size] <= _ROWS:
                rows.append((*self.shown(n), str(size)))
        for size, count in seen.items():
            if count > _ROWS:
                rows.append((f"... {count - _ROWS} more", "", str(size)))
        wide, middle = (max(len(row[n]) for row in rows) for n in (0, 1))
        return "\n".join(f"    {name:<{wide}}  {what:<{middle}}  -> {size}" for name, what, size in rows)


_AUTOMATIC = (
    "\n  Arrays that no spec names are mapped over axis 0 (keyword arguments, and parameters that a dict "
    "does not name): "
    "write in_axes as a dict from parameter names to axes to say otherwise."
)


def take_apart(in_axes: InAxes, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Inputs:
    """The arguments of a call of a mapped function, by its ``in_axes``."""
    inputs = Inputs(in_axes.fun, args, kwargs)
    entry = in_axes.entry
    if type(entry) is int and entry >= 0 and not kwargs and _all_arrays(inputs, entry):
        return inputs
    for value, entry in zip(args, in_axes.positional(len(args)), strict=True):
        inputs.add(value, entry)
    for name, value in kwargs.items():
        inputs.add(value, in_axes.keyword(name))
    return inputs


def _all_arrays(inputs: Inputs, axis: int) -> bool:
    """Take plain arrays apart, all mapped over one axis: the usual call, and so the quick one."""
    mapped: list[Mapped] = []
    sizes = []
    for value in inputs.args:
        if type(value) is not np.ndarray or value.ndim <= axis:
            return False
        mapped.append(_new(Mapped, (value, axis, len(mapped), 0)))
        sizes.append(value.shape[axis])
    inputs.mapped = mapped
    inputs.sizes = sizes
    inputs.arguments = [None] * len(mapped)
    inputs.bare = True
    return True


_SHARED = [-1]  # the one leaf of an argument that is shared whole
_new = tuple.__new__  # half the time of a named tuple's own


def has_axes(x: Any) -> bool:
    """Whether a leaf is an array with an axis: NumPy's, of lanes, or of another library."""
    if type(x) is LaneArray:
        return x.data.ndim > x.lanes.ndim
    return hasattr(type(x), "__array__") and getattr(x, "ndim", 0) > 0


def protect(value: Any, depth: int = 0) -> Any:
    """An unmapped argument with its arrays read-only, so that a write to what the lanes share is noticed.

    Only the plain containers are made again around them; an object stays the caller's own.
    """
    kind = type(value)
    if kind is np.ndarray:
        if not value.flags.writeable:
            return value
        view = value.view()
        view.flags.writeable = False
        return view
    if depth > 8 or not (kind is dict or kind is list or isinstance(value, tuple)):
        return value
    items = list(value.values()) if kind is dict else value
    if set(map(type, items)) <= _PLAIN:
        return value
    new = [protect(item, depth + 1) for item in items]
    if all(mine is other for mine, other in zip(new, items, strict=True)):
        return value
    if kind is dict:
        return dict(zip(value, new, strict=True))
    if kind is list or kind is tuple:
        return kind(new)
    return kind._make(new) if hasattr(kind, "_make") else value


def _arrays_in(value: Any, depth: int = 0) -> list[Any]:
    """The arrays that `protect` finds, or else the value itself."""
    if depth > 8 or not (type(value) in (dict, list) or isinstance(value, tuple)):
        return [value]
    items = value.values() if type(value) is dict else value
    if set(map(type, items)) <= _PLAIN:
        return [value]
    return [leaf for item in items for leaf in _arrays_in(item, depth + 1)]


_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None), LaneArray})
