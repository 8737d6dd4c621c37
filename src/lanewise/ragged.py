"""Lanes of different shapes: lists of examples as arguments.

Examples of one structure, shape and type are a *class*: they are stacked, and run together, as a group of lanes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import optree

from .array import ARRAY, PYTHON, SCALAR, Data, LaneArray, apply, live
from .axes import InAxes, an, has_ragged, label
from .axes import ragged as ragged
from .facts import Run, TraceError
from .inputs import Argument, Inputs, Mapped, check_numpy, copy_alike, take_apart
from .lanes import LaneAxis, Lanes, gather
from .tree import flatten


class Examples:
    """A leaf of a ragged argument: the arrays or scalars of all examples of a class."""

    def __init__(self, examples: list[Any], lanes: Data, kind: int) -> None:
        self.examples = examples
        self.lanes = lanes  # the lane of each, in order
        self.kind = kind

    def base(self, lanes: Lanes) -> tuple[Any, Lanes, int]:
        """The data, lanes and kind of the leaf: the examples stacked over the axis of ``lanes``."""
        first = self.examples[0]
        if type(first) is LaneArray:
            whole = live(apply(np.stack, self.examples))
            whole.data.setflags(write=False)
            return whole.data, whole.lanes.union(lanes), self.kind
        if self.kind == ARRAY:
            check_numpy(first)
            alike = np.broadcast_to(first.view(np.ndarray), (len(self.examples), *first.shape))
            data = copy_alike(alike, 1, first.strides)
            for n, x in enumerate(self.examples):
                data[n] = x
        else:
            data = np.array(self.examples, np.asarray(first).dtype)
        data.setflags(write=False)
        return data, lanes, self.kind

    def example(self, lane: int) -> Any:
        """What the loop hands to the function: the caller's own."""
        return self.examples[int(np.searchsorted(self.lanes, lane))]

    def part(self, start: int, stop: int) -> Examples:
        """A range of the lanes."""
        low, high = np.searchsorted(self.lanes, (start, stop)).tolist()
        return Examples(self.examples[low:high], self.lanes[low:high] - start, self.kind)

    def memory(self) -> list[Any]:
        """The caller's arrays that a write goes to."""
        return self.examples if self.kind == ARRAY else []

    def writeable(self) -> bool:
        """Whether the caller's arrays can be written."""
        return type(self.examples[0]) is LaneArray or bool(self.examples[0].flags.writeable)

    def commit(self, lanes: Any, rows: Any) -> None:
        """Write what some lanes left in their examples to the caller's arrays."""
        for place, row in zip(np.searchsorted(self.lanes, lanes).tolist(), rows, strict=True):
            self.examples[place][...] = row


class RaggedInputs(Inputs):
    """The arguments of a call with ragged ones: one `Inputs` for each class of examples."""

    __slots__ = ("alike", "members", "number", "stacked", "whole")

    def __init__(self, whole: Inputs, size: int, members: list[Data], alike: list[Inputs]) -> None:
        super().__init__(whole.fun, whole.args, whole.kwargs)
        self.whole = whole
        self.members = members  # the lanes of each class
        self.alike = alike  # its arguments
        self.number = np.empty(size, np.intp)  # the class of each lane
        for n, lanes in enumerate(members):
            self.number[lanes] = n
        self.stacked: dict[int, tuple[LaneAxis, list[Any]]] = {}  # of a class: an axis of its own, the data on it

    def size(self, axis_size: int | None) -> int:
        """The size of the batch, on which all mapped axes and lists must agree."""
        return self.whole.size(axis_size)

    def classes(self) -> list[Any]:
        """The lanes of each class of examples that look alike; empty if all do."""
        return self.members if len(self.members) > 1 else []

    def of(self, lane: int) -> Inputs:
        """The arguments of the lanes that look like this one."""
        if not self.alike:
            raise TraceError(
                f"vmap: there are no examples in the lists that {label(self.fun)} is mapped over, so nothing shows "
                "what it returns.\n  out_axes=lanewise.ragged gives an empty list for them."
            )
        return self.alike[int(self.number[lane])]

    def part(self, start: int, stop: int) -> Inputs:
        """The same arguments with a range of lanes only."""
        numbers = np.unique(self.number[start:stop]).tolist()
        members = [lanes[(lanes >= start) & (lanes < stop)] - start for lanes in (self.members[n] for n in numbers)]
        return RaggedInputs(self.whole, stop - start, members, [self.alike[n].part(start, stop) for n in numbers])

    def shared(self) -> list[Any]:
        """The leaves that are not mapped, as the caller gave them."""
        return list({id(leaf): leaf for inputs in self.alike for leaf in inputs.shared()}.values())

    def sources(self) -> list[Any]:
        """The arrays that results may be views of."""
        return [leaf.value for leaf in self.alike[0].mapped if isinstance(leaf, Mapped)]

    def memory(self) -> list[Any]:
        """The arrays that the function may write."""
        leaves = [leaf for inputs in self.alike for leaf in inputs.mapped if isinstance(leaf, Examples)]
        return self.sources() + [array for leaf in leaves for array in leaf.memory()]

    def on(self, run: Run) -> tuple[Inputs, list[Any]]:
        """The arguments of the group at work, and the data, lanes and kinds of their mapped leaves."""
        group = next(part for part in run.refinements if run.axis in part.parents)
        lanes = group.index[group.parents.index(run.axis)]
        number = int(self.number[lanes[0]])
        inputs = self.alike[number]
        if number not in self.stacked:
            own = LaneAxis(len(self.members[number]), run.axis.level, run.axis.label)
            axes = [own if isinstance(leaf, Examples) else run.axis for leaf in inputs.mapped]
            self.stacked[number] = own, [leaf.base(axis.lanes) for leaf, axis in zip(inputs.mapped, axes, strict=True)]
        own, bases = self.stacked[number]
        parents = tuple([own if parent is run.axis else parent for parent in group.parents])
        places = np.searchsorted(self.members[number], lanes)
        index = tuple([places if parent is own else i for parent, i in zip(parents, group.index, strict=True)])
        follow = own.refinement(group.size, group.level, parents, index)
        return inputs, [(*_follow(data, lanes, follow, group), kind) for data, lanes, kind in bases]


def _follow(data: Data, lanes: Lanes, follow: LaneAxis, group: LaneAxis) -> tuple[Data, Lanes]:
    """Bring what is stacked over the axis of a class to the group at work: ``follow`` says how."""
    own = next((axis for axis in follow.parents if axis.owner is None and axis in lanes.axes), None)
    if own is None:
        return data, lanes
    if len(follow.parents) == 1 and follow.size == own.size:
        follow = own  # the whole class is at work
    else:
        data, lanes = gather(data, lanes, follow)
        data.flags.writeable = False
    return data, Lanes.of(tuple([group if axis is follow else axis for axis in lanes.axes]))


# ---- taking apart ----


class Batch:
    """A list with one example for each lane, in its place in a ragged argument."""

    def __init__(self, given: list[Any]) -> None:
        self.given = given
        self.keys: list[Any] = []  # for each example, what those of one class have in common
        self.trees: dict[int, tuple[list[Any], Any]] = {}  # the leaves and structure of those that are no arrays
        for lane, x in enumerate(given):
            if type(x) is np.ndarray:
                self.keys.append(_array_key(x))
                continue
            leaves, spec = flatten(x)
            leaves = [np.asarray(leaf) if _is_foreign(leaf) else leaf for leaf in leaves]
            self.keys.append((spec, tuple([_leaf_key(leaf) for leaf in leaves])))
            self.trees[lane] = leaves, spec

    def alike(self, lanes: list[int]) -> Any:
        """The examples of a class as one, which has the leaves of all of them in its leaves."""
        index = np.array(lanes)
        if lanes[0] not in self.trees:
            return Examples([self.given[lane] for lane in lanes], index, ARRAY)
        leaves, spec = self.trees[lanes[0]]
        kinds = [kind for kind, *_ in self.keys[lanes[0]][1]]
        made = [
            leaf if kind is None else Examples([self.trees[lane][0][n] for lane in lanes], index, kind)
            for n, (leaf, kind) in enumerate(zip(leaves, kinds, strict=True))
        ]
        return optree.tree_unflatten(spec, made)


class Whole(Inputs):
    """The arguments as the caller gave them: for sizes and messages."""

    __slots__ = ("batches", "templates")

    def __init__(self, fun: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        super().__init__(fun, args, kwargs)
        self.batches: list[Batch] = []
        self.templates: list[Any] = []  # the arguments, each list a `Batch`

    def add(self, value: Any, entry: Any) -> None:
        """Take one argument apart by its entry of ``in_axes``."""
        if entry is ragged:
            value = _with_batches(value)
        elif has_ragged(entry):
            parts = self.parts(value, entry, len(self.arguments))
            parts = [_with_batches(x) if axis is ragged else x for axis, x in zip(entry.axes, parts, strict=True)]
            value = optree.tree_unflatten(entry.spec, parts)
        self.templates.append(value)
        super().add(value, entry)

    def _add_ragged(self, argument: Argument, n: int, number: int) -> None:
        leaf = argument.leaves[n]
        if not isinstance(leaf, Batch):
            name = self.name(number, n)
            raise TypeError(
                f"vmap: in_axes is lanewise.ragged for {name}, which must be a list with one example for each lane, "
                f"but {name} is {an(leaf)}.\n"
                "  Give an array its axis in in_axes, None to what all lanes share; list(...) makes a list of a tuple."
            )
        self.batches.append(leaf)
        self.mapped.append(Mapped(leaf, 0, number, n))
        self.sizes.append(len(leaf.given))

    def shown(self, n: int) -> tuple[str, str]:
        """The name of a mapped leaf, and what of it is mapped."""
        leaf = self.mapped[n]
        if isinstance(leaf.value, Batch):
            return self.name(leaf.argument, leaf.leaf), f"a list of {len(leaf.value.given)}"
        return super().shown(n)


def take_apart_ragged(in_axes: InAxes, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Inputs:
    """The arguments of a call of a mapped function, some of them ragged."""
    whole = Whole(in_axes.fun, args, kwargs)
    entries = [*in_axes.positional(len(args)), *map(in_axes.keyword, kwargs)]
    for value, entry in zip([*args, *kwargs.values()], entries, strict=True):
        whole.add(value, entry)
    if not whole.batches:
        return take_apart(in_axes, args, kwargs)
    size = whole.size(None)
    classes: dict[Any, list[int]] = {}
    for lane, keys in enumerate(zip(*[batch.keys for batch in whole.batches], strict=True)):
        known = classes.get(keys)
        if known is None:
            classes[keys] = [lane]
        else:
            known.append(lane)
    alike = []
    for lanes in classes.values():
        inputs = Inputs(in_axes.fun, args, kwargs)
        for template, entry in zip(whole.templates, entries, strict=True):
            inputs.add(_filled(template, lanes) if has_ragged(entry) else template, entry)
        alike.append(inputs)
    return RaggedInputs(whole, size, [np.array(lanes) for lanes in classes.values()], alike)


def _with_batches(tree: Any) -> Any:
    """An argument with each of its outermost lists as a `Batch`."""
    leaves, spec = flatten(tree, _is_list)
    return optree.tree_unflatten(spec, [Batch(list(x)) if _is_list(x) else x for x in leaves])


def _is_list(x: Any) -> bool:
    return isinstance(x, list) or (type(x) is np.ndarray and x.dtype == object and x.ndim == 1)


def _filled(template: Any, lanes: list[int]) -> Any:
    """An argument with the examples of a class in the place of each `Batch`."""
    leaves, spec = flatten(template)
    return optree.tree_unflatten(spec, [x.alike(lanes) if isinstance(x, Batch) else x for x in leaves])


def _is_foreign(x: Any) -> bool:
    """Whether a leaf is an array of another library."""
    return type(x) is not LaneArray and hasattr(type(x), "__array__") and not isinstance(x, (np.ndarray, np.generic))


def _array_key(x: Any) -> tuple[Any, ...]:
    flags = x.flags
    return ARRAY, x.shape, x.dtype, flags.writeable, None if flags.c_contiguous else x.strides


def _leaf_key(x: Any) -> tuple[Any, ...]:
    """The kind of a leaf, and what else is the same in a class; the kind is None for what is not stacked."""
    kind = type(x)
    if kind is LaneArray:
        x = live(x)
        return x.kind, x.data.shape[x.lanes.ndim :], x.data.dtype, kind
    if isinstance(x, np.ndarray):
        return *_array_key(x), kind
    if isinstance(x, np.generic):
        return SCALAR, x.dtype
    if kind in (bool, float, complex) or (kind is int and -(2**63) <= x < 2**63):
        return PYTHON, kind
    return None, kind, x if kind in (int, str, bytes) else id(x)
