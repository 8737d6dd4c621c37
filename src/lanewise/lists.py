"""Results in lists: ``out_axes=lanewise.ragged``, for what differs in shape between lanes.

An entry `ragged` of ``out_axes`` stands for the list of what the lanes return in its place. Inside of another map,
an entry of that list is a value of the outer lanes, which must agree on its shape: they split if they don't.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import optree

from .array import ARRAY, PYTHON, Data, LaneArray
from .axes import leaf_name, ragged, result_parts
from .collect import Outcome, Piece, Results, join, kind_of, settle, together
from .facts import NoLaneForm, Run
from .lanes import LaneAxis, Lanes
from .tree import flatten_results


def stack_parts(run: Run, outcomes: list[Outcome], results: Results) -> tuple[Any, list[Any]]:
    """The outcomes of all groups as one result, each part of it by its own entry of ``out_axes``.

    Returns
    -------
    pytree, list
        The result, and for each leaf (a list is one) the dtypes that it was made of.
    """
    out_axes, fun = results.out_axes, results.fun
    kept, grid_axes, has = settle(run, outcomes, by_lane=True)
    if out_axes is ragged:
        return Lists(run, kept, has).build(), [set()]
    columns = zip(*[_parts(found, results) for found in kept], strict=True)
    made: list[Any] = []
    kinds: list[Any] = []
    for n, (axis, column) in enumerate(zip(out_axes.axes, columns, strict=True)):
        if axis is ragged:
            made.append(Lists(run, list(column), has).build())
            kinds.append(set())
            continue
        results.out_axes, results.name = axis, leaf_name(out_axes.spec, n)
        found = together(run, list(column), grid_axes, fun)
        made.append(results.build(found))
        kinds.extend(found.kinds)
    return optree.tree_unflatten(out_axes.spec, made), kinds


def _parts(found: Outcome, results: Results) -> list[Outcome]:
    """The result of a group in parts, one for each entry of ``out_axes``."""
    parts = []
    start = 0
    for tree in result_parts(results.out_axes, found.tree, results.fun):
        leaves, spec = flatten_results(tree)
        parts.append(Outcome(found.axes, found.pieces[start : start + len(leaves)], spec, tree))
        start += len(leaves)
    return parts


class Listed(list[Any]):
    """A list of results that is one leaf of a pytree."""


def mark_lists(out_axes: Any, result: Any) -> Any:
    """A result with the lists that `ragged` gives as leaves."""
    if out_axes is ragged:
        return Listed(result)
    parts = out_axes.spec.flatten_up_to(result)
    marked = [Listed(part) if axis is ragged else part for axis, part in zip(out_axes.axes, parts, strict=True)]
    return optree.tree_unflatten(out_axes.spec, marked)


class Lists:
    """One part of the results, as a list with an entry for each lane."""

    def __init__(self, run: Run, parts: list[Outcome], has: Data) -> None:
        self.run = run
        self.parts = parts  # one for each group
        self.has = has  # for each group and lane, whether the lane is in the group for the outer lanes at work

    def build(self) -> list[Any]:
        """The list."""
        axis = self.run.axis
        axes = {a for found in self.parts for a in (*found.axes, *(a for piece in found.pieces for a in piece.axes))}
        if all(a is axis or a.parents == (axis,) for a in axes):
            return self.plain()
        return [self.entry(lane) for lane in range(axis.size)]

    def plain(self) -> list[Any]:
        """The list where no outer lanes play a part."""
        made: list[Any] = [None] * self.run.axis.size
        for found in self.parts:
            lanes = found.axes[0].index[0].tolist() if found.axes else range(len(made))
            columns = [_rows(piece, len(lanes)) for piece in found.pieces]
            if found.spec.is_leaf():
                for lane, value in zip(lanes, columns[0], strict=True):
                    made[lane] = value
            else:
                for n, lane in enumerate(lanes):
                    made[lane] = optree.tree_unflatten(found.spec, [column[n] for column in columns])
        return made

    def entry(self, lane: int) -> Any:
        """What one lane returns, for all outer lanes at work."""
        chosen = np.flatnonzero(self.has[:, lane]).tolist()
        parts = [_at(self.parts[n], self.run.axis, lane) for n in chosen]
        outer = tuple(sorted({a for part in parts for p in part.axes for a in p.parents}, key=lambda axis: axis.level))
        leaves = []
        for n, first in enumerate(self.parts[chosen[0]].pieces):
            piece = join([part.pieces[n] for part in parts], parts, outer) if outer else parts[0].pieces[n]
            leaves.append(_value(piece, first))
        return optree.tree_unflatten(parts[0].spec, leaves)


def _at(found: Outcome, axis: LaneAxis, lane: int) -> Outcome:
    """The result of a group for one lane of an axis, which goes."""
    part = next((part for part in found.axes if axis in part.parents), axis)
    if part is axis:
        index: Any = lane
        left: tuple[LaneAxis, ...] = ()
    else:
        where = part.parents.index(axis)
        index = np.flatnonzero(part.index[where] == lane)
        others = [n for n in range(len(part.parents)) if n != where]
        if others:
            parents = tuple([part.parents[n] for n in others])
            level = max(parent.level for parent in parents)
            left = (axis.refinement(len(index), level, parents, tuple([part.index[n][index] for n in others])),)
        else:
            index, left = int(index[0]), ()
    pieces = []
    for piece in found.pieces:
        data, axes = piece.data, piece.axes
        if part in axes:
            place = axes.index(part)
            data = data.take(index, axis=place)
            axes = axes[:place] + left + axes[place + 1 :]
            order = sorted(range(len(axes)), key=lambda n: axes[n].level)
            data = data.transpose(*order, *range(len(axes), data.ndim))
            axes = tuple([axes[n] for n in order])
        pieces.append(Piece(data, axes, piece.weak, piece.value))
    return Outcome(tuple([p for p in found.axes if p is not part]) + left, pieces, found.spec, found.tree)


def _value(piece: Piece, first: Piece) -> Any:
    """A leaf of an entry: a fresh value, of the kind that ``first`` has."""
    kind = kind_of(first)
    if not first.axes and not piece.axes:
        return _rows(first, 1)[0]
    if not piece.axes:
        return _examples(piece.data[None], kind)[0]
    if piece.data.dtype.hasobject:
        raise NoLaneForm("objects in a list of results differ between the lanes of an outer vmap")
    return LaneArray(np.array(piece.data), Lanes.of(piece.axes), kind)


def _rows(piece: Piece, count: int) -> list[Any]:
    """The examples in a leaf, each as the loop has it."""
    kind = kind_of(piece)
    if piece.axes:
        return _examples(piece.data, kind)
    if kind == PYTHON and type(piece.value) is not LaneArray:
        return [piece.value] * count  # any object
    return _examples(np.broadcast_to(piece.data, (count, *piece.data.shape)), kind)


def _examples(data: Data, kind: int) -> list[Any]:
    """The rows of an array, as arrays that share no memory, or as scalars."""
    if kind == ARRAY:
        return [data[n, ...].copy() for n in range(len(data))]
    return data.tolist() if kind == PYTHON else list(data)
