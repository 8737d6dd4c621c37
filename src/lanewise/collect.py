"""Results: the outcomes of the groups put together in lane order, and the batch axis put in its place."""

from __future__ import annotations

from collections.abc import Callable
from types import CoroutineType, GeneratorType, ModuleType
from typing import Any, NamedTuple, cast

import numpy as np
import optree

from . import facts
from .array import ARRAY, MIXED, PYTHON, SCALAR, Data, LaneArray, live, one_lane
from .axes import label, result_axes
from .facts import RUN, NoLaneForm, Run
from .lanes import LaneAxis, Lanes
from .tree import NAMESPACE, flatten_results

_ROWS = 8  # how many shapes an error shows
_WEAK = {bool: False, int: 0, float: 0.0, complex: 0j}
LEAF: Any = optree.tree_structure(cast(Any, 0), none_is_leaf=True, namespace=NAMESPACE)
_WEAK_KIND = {"b": bool, "i": int, "f": float, "c": complex}


class Piece(NamedTuple):
    """One leaf of one group's result."""

    data: Data
    axes: tuple[LaneAxis, ...]  # axes at the start of the run, or the group's refinements of them
    weak: type | None  # the type of a Python scalar, which is weak in promotion
    value: Any = None  # a leaf that no lane differs in, as the function returned it

    @property
    def shape(self) -> tuple[int, ...]:
        """The example's shape."""
        return self.data.shape[len(self.axes) :]


class Outcome(NamedTuple):
    """What came of one group: a result, or an exception."""

    axes: tuple[LaneAxis, ...]  # the group, as refinements of the axes at the start of the run
    pieces: list[Piece]
    spec: Any
    tree: Any = None
    error: Exception | None = None
    written: tuple[Any, ...] = ()  # the mapped arguments as the function left them, if it writes
    kinds: Any = None  # of groups put together: for each leaf, the dtypes that they gave, and which are weak


def outcome(run: Run, result: Any) -> Outcome:
    """Take apart the result of the group at work."""
    rooted = {axis: run.on_roots(axis) for axis in run.refinements} if run.refinements else {}
    if type(result) is LaneArray:  # no need to ask optree
        return Outcome(tuple(rooted.values()), [piece_of(result, rooted)], LEAF, result)
    if has_lane_keys(result):
        result = with_plain_keys(result)
    leaves, spec = flatten_results(result)
    pieces = [piece_of(leaf, rooted) for leaf in leaves]
    return Outcome(tuple(rooted.values()), pieces, spec, result)


def has_lane_keys(tree: Any) -> bool:
    """Whether dicts in a result have lane values for keys."""
    kind = type(tree)
    if kind is dict:
        return any(map(has_lane_keys, tree.values())) or any(_is_varied(key) for key in tree)
    return (kind is tuple or kind is list) and any(map(has_lane_keys, tree))


def _is_varied(key: Any) -> bool:
    kind = type(key)
    return kind is LaneArray or kind in MIXED or (kind is tuple and any(map(_is_varied, key)))


def with_plain_keys(tree: Any) -> Any:
    """A result whose dicts have the keys on which the lanes agreed when they were hashed."""
    kind = type(tree)
    if kind is dict:
        return {_plain_key(key): with_plain_keys(item) for key, item in tree.items()}
    return kind(map(with_plain_keys, tree)) if kind is tuple or kind is list else tree


def _plain_key(key: Any) -> Any:
    if type(key) in MIXED:
        key = key.settled()
    if type(key) is LaneArray:
        return one_lane(live(key))
    return tuple(map(_plain_key, key)) if type(key) is tuple else key


def piece_of(leaf: Any, rooted: dict[LaneAxis, LaneAxis]) -> Piece:
    """One leaf of a result."""
    kind = type(leaf)
    if kind is np.ndarray and leaf.dtype == object:
        from .ops.common import as_lanes

        leaf = as_lanes(leaf)
        kind = type(leaf)
        run = RUN.get()
        if kind is np.ndarray and run is not None and run.objects:
            raise NoLaneForm("an array of objects is returned, which may be a part of one that held lane values")
    if kind is LaneArray:
        leaf = live(leaf)
        axes = leaf.lanes.axes
        if rooted:
            axes = tuple([rooted.get(axis, axis) for axis in axes])
        weak = _WEAK_KIND[leaf.data.dtype.kind] if leaf.kind == PYTHON else None
        return Piece(leaf.data, axes, weak, leaf)
    data = plain_data(leaf)
    if data.dtype == object and kind is not np.ndarray and not _is_constant(leaf):
        raise NoLaneForm(f"a result is an object of type {kind.__name__}, which may hold values of single lanes")
    return Piece(data, (), kind if kind in _WEAK else None, leaf)


def _is_constant(leaf: Any) -> bool:
    """Whether an object can't hold a value of one lane."""
    return type(leaf) in (type(None), object, type, np.ufunc) or type(getattr(leaf, "__self__", None)) is ModuleType


def plain_data(leaf: Any) -> Data:
    """A leaf that is no lane value, as an array; what is no number or text is an object."""
    if type(leaf) is LaneArray:
        return live(leaf).data  # raises: the call that it belongs to has ended
    if isinstance(leaf, (np.ndarray, np.generic, bool, int, float, complex, str, bytes)):
        return np.asarray(leaf)
    if hasattr(leaf, "__array__"):
        return np.asarray(leaf)
    if isinstance(leaf, _UNFINISHED):
        leaf.close()
        raise TypeError(
            f"vmap: the function returns a {type(leaf).__name__}, whose values are not there yet.\n"
            "  Return them in a list, a tuple or an array; run a coroutine to its end with asyncio.run."
        )
    data = np.empty((), object)
    data[()] = leaf
    return data


_UNFINISHED = (GeneratorType, CoroutineType)


# ---- several groups ----


def merge(run: Run, outcomes: list[Outcome], fun: Callable[..., Any]) -> Outcome:
    """Put the outcomes of several groups together.

    With outer lanes, what came of an outer lane is a fact about it: which exception its first failing
    inner lane raises, or the shapes and dtypes of its results. Outer lanes that disagree split here.
    """
    kept, grid_axes, _ = settle(run, outcomes)
    return together(run, kept, grid_axes, fun)


def settle(
    run: Run, outcomes: list[Outcome], *, by_lane: bool = False
) -> tuple[list[Outcome], tuple[LaneAxis, ...], Data]:
    """Make the outer lanes agree on what comes of them; raise what they raise.

    They agree on the shapes and dtypes that occur, or, with ``by_lane``, on those of each inner lane.

    Returns
    -------
    list of Outcome, tuple of LaneAxis, array
        The groups that have lanes for the outer lanes at work, the axes that they refine, and for each group and
        inner lane, whether that lane is in it (with ``by_lane`` only).
    """
    grid_axes = replaced(run, outcomes)
    if len(outcomes) == 1 and not outcomes[0].axes and outcomes[0].error is None:
        return outcomes, grid_axes, np.ones((1, run.axis.size), bool)
    grid = np.zeros([axis.size for axis in grid_axes], np.intp)
    for n, found in enumerate(outcomes):
        grid[cells(found.axes, grid_axes)[0]] = n
    if not grid.size:  # no lanes: what each way gives counts
        return outcomes, grid_axes, np.ones((len(outcomes), run.axis.size), bool)
    classes: dict[Any, int] = {}
    class_of = np.array([classes.setdefault(_class(found, by_lane), len(classes)) for found in outcomes])
    failed = [found.error is not None for found in outcomes]
    chosen = _agree_on_classes(grid, class_of, failed, grid_axes[:-1], by_lane)
    if isinstance(chosen, int):
        error = outcomes[chosen].error
        assert error is not None
        raise error
    kept = np.flatnonzero(np.isin(class_of, chosen)).tolist()
    has = np.empty((0, run.axis.size), bool)
    if by_lane:
        has = np.array([(grid == n).any(axis=tuple(range(grid.ndim - 1))) for n in kept])
        has &= class_of[kept][:, None] == chosen
    return [outcomes[n] for n in kept], grid_axes, has


def together(run: Run, kept: list[Outcome], grid_axes: tuple[LaneAxis, ...], fun: Callable[..., Any]) -> Outcome:
    """Put the results of several groups together, whose structures and shapes must be the same."""
    first = kept[0]
    alone = len(kept) == 1 and not first.axes
    if not alone:
        _check_stackable(kept, run, fun)
    counts = not alone or run.chunk is not None  # else nothing is promoted
    kinds = [{kind_in(found.pieces[n], counts) for found in kept} for n in range(len(first.pieces))]
    if alone:
        return first._replace(kinds=kinds)
    pieces = [join([found.pieces[n] for found in kept], kept, grid_axes) for n in range(len(first.pieces))]
    return Outcome((), pieces, first.spec, first.tree, kinds=kinds)


def replaced(run: Run, outcomes: list[Outcome]) -> tuple[LaneAxis, ...]:
    """The axes at the start of the run that any of these groups refines, and the run's own."""
    axes = {axis for found in outcomes for part in found.axes for axis in part.parents} | {run.axis}
    return tuple(sorted(axes, key=lambda axis: axis.level))


def cells(parts: tuple[LaneAxis, ...], axes: tuple[LaneAxis, ...]) -> tuple[tuple[Any, ...], list[LaneAxis]]:
    """Where a group's lanes lie in a grid over ``axes``.

    Returns
    -------
    tuple of arrays, list of LaneAxis
        An index of the grid, and the axes (refinements, or the grid's own) that its dimensions stand for.
    """
    if len(parts) == len(axes) == 1 and parts[0].parents == axes:  # the one common case
        return parts[0].index, [parts[0]]
    replaced = {axis for part in parts for axis in part.parents}
    now = [part for part in parts if any(axis in axes for axis in part.parents)]
    now += [axis for axis in axes if axis not in replaced]
    now.sort(key=lambda axis: axis.level)
    index = []
    for axis in axes:
        for place, part in enumerate(now):
            if part is axis or axis in part.parents:
                found = np.arange(axis.size) if part is axis else part.index[part.parents.index(axis)]
                shape = [1] * len(now)
                shape[place] = -1
                index.append(found.reshape(shape))
                break
    return tuple(index), now


def _class(found: Outcome, by_lane: bool) -> Any:
    """What an outcome shows of itself to the outer lanes."""
    if found.error is not None:
        return "error", id(found.error)
    pieces = [(piece.shape, piece.data.dtype, piece.weak, by_lane and kind_of(piece)) for piece in found.pieces]
    return found.spec, tuple(pieces)


def kind_of(piece: Piece) -> int:
    """What a leaf is in the loop; text and other objects go as Python's scalars."""
    value = piece.value
    if type(value) is LaneArray:
        return value.kind
    if isinstance(value, np.ndarray):
        return ARRAY
    return SCALAR if isinstance(value, np.generic) else PYTHON


def _agree_on_classes(
    grid: Data, class_of: Data, failed: list[bool], outer: tuple[LaneAxis, ...], by_lane: bool
) -> Any:
    """The classes of the lanes that go on, or the number of the outcome whose exception they raise.

    The classes are in no order, or with ``by_lane`` one for each inner lane.
    """
    bad = np.array(failed)[grid]
    fails = bad.any(axis=-1)
    first = np.take_along_axis(grid, bad.argmax(axis=-1)[..., None], axis=-1)[..., 0]
    of_cell = class_of[grid]
    count = int(class_of.max()) + 1
    present = of_cell
    if not by_lane:
        present = np.stack([(of_cell == n).any(axis=-1) for n in range(count)], axis=-1)
    present = np.ascontiguousarray(present.reshape(-1, present.shape[-1]))
    rows = present.view(f"V{present.itemsize * present.shape[1]}")[:, 0]  # to compare rows as bytes is fast
    _, place, combo = np.unique(rows, return_index=True, return_inverse=True)
    combos = present[place]
    codes = np.where(fails, first, len(failed) + combo.reshape(fails.shape))
    if outer:
        code = int(facts.agree(Lanes.of(outer), codes, "what an inner vmap gives"))
    else:
        code = int(codes[()])
    if code < len(failed):
        return code
    return combos[code - len(failed)] if by_lane else np.flatnonzero(combos[code - len(failed)])


def _check_stackable(outcomes: list[Outcome], run: Run, fun: Callable[..., Any]) -> None:
    """All lanes must return one structure and one shape for each leaf."""
    first = outcomes[0]
    if any(found.spec != first.spec for found in outcomes):
        rows = _by_lane(run, [(found.spec, found) for found in outcomes])
        raise ValueError(
            f"vmap: the results of {label(fun)} differ in structure between lanes, so they can't be stacked:\n{rows}\n"
            "  Return one structure, or say out_axes=lanewise.ragged for a list with what each lane returns."
        )
    for n in range(len(first.pieces)):
        if any(found.pieces[n].shape != first.pieces[n].shape for found in outcomes):
            rows = _by_lane(run, [(found.pieces[n].shape, found) for found in outcomes])
            raise ValueError(
                f"vmap: the results of {label(fun)} differ in shape between lanes, so they can't be stacked"
                f"{f' (result {n})' if len(first.pieces) > 1 else ''}:\n{rows}\n{ONE_SHAPE}"
            )


ONE_SHAPE = (
    "  Say out_axes=lanewise.ragged for a list with the result of each lane; or return arrays of one shape: pad to a "
    "common length, use np.where or a mask instead of selecting, or reduce inside the function."
)
"""The ways out where results differ in shape."""


def _by_lane(run: Run, found: list[tuple[Any, Outcome]]) -> str:
    """What differs, each with the lanes that have it, the lowest lanes first."""
    lanes: dict[Any, set[int]] = {}
    for what, group in found:
        lanes.setdefault(what, set()).update(_lanes(group, run))
    rows = sorted([(sorted(members), what) for what, members in lanes.items()], key=lambda row: row[0])
    more = [f"    ... {len(rows) - _ROWS} more"] if len(rows) > _ROWS else []
    return "\n".join([f"    {what}  {_which(members)}" for members, what in rows[:_ROWS]] + more)


def _lanes(found: Outcome, run: Run) -> list[int]:
    """The lanes of an outcome."""
    for part in found.axes:
        if run.axis in part.parents:
            return list(map(int, np.unique(part.index[part.parents.index(run.axis)])))
    return list(range(run.axis.size))


def _which(lanes: list[int]) -> str:
    """Some lanes, in words."""
    shown = ", ".join(map(str, lanes[:5])) + (f", ... ({len(lanes)} in all)" if len(lanes) > 5 else "")
    return f"lane {shown}" if len(lanes) == 1 else f"lanes {shown}"


class InPromotion(NamedTuple):
    """What a result counts for where several are put together."""

    dtype: np.dtype[Any]
    weak: type | None  # the type of a Python scalar, which is weak
    low: complex = 0  # the least of such numbers
    high: complex = 0  # and the greatest


def kind_in(piece: Piece, counts: bool = True) -> InPromotion:
    """What a piece counts for; without ``counts`` the numbers in it are not looked at."""
    data = piece.data
    if piece.weak is None or data.dtype.kind not in "if" or not counts:
        return InPromotion(data.dtype, piece.weak)
    if data.dtype.kind == "f":
        data = data[np.isfinite(data)]
    return InPromotion(piece.data.dtype, piece.weak, *((data.min().item(), data.max().item()) if data.size else ()))


def promote(pieces: list[Piece]) -> Any:
    """NumPy's promotion over the return paths taken, Python scalars weak."""
    return promote_kinds({kind_in(piece) for piece in pieces})


def promote_kinds(kinds: set[InPromotion]) -> Any:
    """The same, from what each of them counts for.

    A number that the others' dtype can't hold is not weak: as in the loop's own stack, it has the default dtype.
    """
    strong = {kind.dtype for kind in kinds if kind.weak is None}
    weak = {kind.weak for kind in kinds if kind.weak is not None}
    if not strong:
        return np.result_type(*{kind.dtype for kind in kinds})
    if len(strong) == 1 and not weak:
        return next(iter(strong))
    if any(dtype.kind == "O" for dtype in strong):
        return np.dtype(object)
    found = np.result_type(*strong, *[_WEAK[kind] for kind in weak])
    large = {kind.dtype for kind in kinds if kind.weak is not None and not holds(found, kind.low, kind.high)}
    return np.result_type(found, *large)


def holds(dtype: np.dtype[Any], low: Any, high: Any) -> bool:
    """Whether numbers between two bounds fit into a dtype."""
    if dtype.kind not in "iufc":
        return True
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return bool(limits.min <= low and high <= limits.max)
    most = float(np.finfo(dtype).max)
    return bool(-most <= low and high <= most)


def join(pieces: list[Piece], outcomes: list[Outcome], grid_axes: tuple[LaneAxis, ...]) -> Piece:
    """One leaf of several groups, on the axes at the start of the run."""
    axes = set(grid_axes)
    for piece, found in zip(pieces, outcomes, strict=True):
        axes.update(axis for axis in piece.axes if axis not in found.axes)
    order = tuple(sorted(axes, key=lambda axis: axis.level))
    shape = pieces[0].shape
    out = np.empty([*(axis.size for axis in order), *shape], promote(pieces))
    for piece, found in zip(pieces, outcomes, strict=True):
        index, now = cells(found.axes, order)
        head = [axis.size if axis in piece.axes else 1 for axis in now]
        out[index] = piece.data.reshape(head + list(shape))
    weak = {piece.weak for piece in pieces}
    return Piece(out, order, weak.pop() if len(weak) == 1 else None)


# ---- the batch axis, and fresh results ----


class Results:
    """The result of a call, from the outcome of all its lanes."""

    def __init__(self, run: Run, out_axes: Any, fun: Callable[..., Any], sources: list[Any]) -> None:
        self.run = run
        self.out_axes = out_axes
        self.fun = fun
        self.sources = sources
        self.used: set[int] = set()
        self.name = "result"  # what the result is a part of, for messages

    def build(self, found: Outcome) -> Any:
        """Each leaf with its batch axis in place, in the structure that the function returned."""
        pieces = found.pieces
        if len(pieces) == 1 and found.tree is pieces[0].value:  # a bare leaf
            entries = result_axes(self.out_axes, found.tree, 1, self.fun)
            return self.place(pieces[0], entries[0], found, 0)
        entries = result_axes(self.out_axes, found.tree, len(pieces), self.fun)
        leaves = [self.place(pieces[n], axis, found, n) for n, axis in enumerate(entries)]
        return optree.tree_unflatten(found.spec, leaves)

    def place(self, piece: Piece, out_axis: Any, found: Outcome, number: int) -> Any:
        """One leaf with its batch axis in place."""
        axis = self.run.axis
        ndim = len(piece.shape)
        varies = axis in piece.axes
        if out_axis is None:
            if varies and piece.data.dtype.kind in "OSU" and len(piece.axes) == 1 and axis.size:
                first, *others = piece.data.reshape(axis.size, -1).tolist()  # lanes that split can agree all the same
                if all(other == first for other in others):
                    return piece.data[0].copy() if piece.shape else first[0]
            if varies:
                raise ValueError(
                    f"vmap: out_axes is None for {self.leaf_name(found, number)} of {label(self.fun)}, but it differs "
                    "between lanes.\n  Give it an axis in out_axes, or reduce it over the lanes with a collective."
                )
            return self.shared(piece)
        if ndim and not -ndim - 1 <= out_axis <= ndim:
            raise ValueError(
                f"vmap: out_axes={out_axis} is out of range for {self.leaf_name(found, number)} of {label(self.fun)}, "
                f"which has shape {piece.shape} for one example: the batch axis can go to {-ndim - 1} to {ndim}."
            )
        at = out_axis % (ndim + 1) if ndim else 0
        lead = len(piece.axes) - varies
        data = piece.data
        if not varies:
            shape = piece.shape
            data = data.reshape(data.shape[:lead] + shape[:at] + (1,) + shape[at:])
            wide = (*data.shape[: lead + at], axis.size, *data.shape[lead + at + 1 :])
            data = np.array(np.broadcast_to(data, wide))
        elif at:
            data = np.moveaxis(data, lead, lead + at)
        return self.finish(data, tuple([a for a in piece.axes if a is not axis]))

    def shared(self, piece: Piece) -> Any:
        """A leaf that does not vary, without a batch axis."""
        if piece.axes:
            return self.finish(piece.data, piece.axes)
        if type(piece.value) is LaneArray:
            return self.finish(piece.data, ())[()] if piece.value.kind != ARRAY else self.finish(piece.data, ())
        return piece.data.copy() if type(piece.value) is np.ndarray else piece.value

    def finish(self, data: Data, axes: tuple[LaneAxis, ...]) -> Any:
        """A fresh, writable array, which shares its memory with nothing that is seen elsewhere."""
        if axes:
            if data.base is not None or not _is_fresh(data) or id(data) in self.used:
                data = np.array(data, order="C")
            self.used.add(id(data))
            return LaneArray(data, Lanes.of(axes), ARRAY)
        owner = data
        while type(owner.base) is np.ndarray:
            owner = owner.base
        if (
            not _is_fresh(data)
            or id(owner) in self.used
            or owner.base is not None
            or any(np.may_share_memory(owner, source) for source in self.sources if type(source) is np.ndarray)
        ):
            data = owner = np.array(data, order="C")
        self.used.add(id(owner))
        return data

    def leaf_name(self, found: Outcome, number: int) -> str:
        """The name of a leaf of the result."""
        if len(found.pieces) == 1 and self.name == "result":
            return "the result"
        return str(optree.treespec_accessors(found.spec)[number].codify(self.name))


def _is_fresh(data: Data) -> bool:
    """Whether an array may be written and lies in memory as what `numpy.stack` makes, which tells views from copies."""
    return data.flags.writeable and data.flags.c_contiguous
