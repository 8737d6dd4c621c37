"""The law: ``vmap`` gives what the loop gives. The oracle, and the ways to batch an operation.

`check` runs a function both ways and compares. A `Row` is an operation on one example with the shapes and
dtypes of its operands; a `Batch` is one way to map it: which operands, along which axes, how deep.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optree
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanewise import PerformanceWarning, do_not_convert, vmap
from lanewise.convert import lane_form
from lanewise.facts import RUN
from lanewise.regions import Mixed

# ---- the oracle ----


def loop(f: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0) -> Callable[..., Any]:
    """The loop that ``vmap`` stands for."""

    def run(*args: Any) -> Any:
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
        size = next(x.shape[axis] for x, axis in zip(args, axes, strict=True) if axis is not None)
        lanes = [f(*[_slice(x, axis, n) for x, axis in zip(args, axes, strict=True)]) for n in range(size)]
        flat = [optree.tree_flatten(lane) for lane in lanes]
        leaves = [np.stack([np.asarray(x) for x in leaf], out_axes) for leaf in zip(*[f[0] for f in flat], strict=True)]
        return optree.tree_unflatten(flat[0][1], leaves)

    return run


def _slice(x: Any, axis: int | None, n: int) -> Any:
    return x if axis is None else x[(slice(None),) * (axis % x.ndim) + (n,)]


def check(
    f: Callable[..., Any],
    *args: Any,
    in_axes: Any = 0,
    out_axes: int = 0,
    strict: bool = True,
    kinds: bool = True,
    scale: float = 1.0,
    empty: int | None = None,
) -> Any:
    """Check that ``vmap(f)`` gives what the loop gives: values, dtypes, shapes, kinds, exceptions and writes.

    Parameters
    ----------
    f : callable
        A function of one example.
    *args : arrays
        Its batched arguments.
    in_axes : int, tuple, or a list of these
        As for ``vmap``; a list has an entry for each of several nested maps, outermost first.
    out_axes : int
        As for ``vmap``, at every level.
    strict : bool
        Whether running lane by lane fails the test.
    kinds : bool
        Whether to compare what ``isinstance`` says of the results inside of ``f``.
    scale : float
        Tolerance for sums with cancellation, in units of the largest element: 0 allows a few units in the last
        place of each element.
    empty : int, optional
        Which level has no lanes: only shapes and dtypes are compared, to those of the lanes in ``args``.
    """
    levels = in_axes if type(in_axes) is list else [in_axes]
    seen: dict[str, set[Any]] = {"loop": set(), "vmap": set()}
    slow, fast = _watched(f, seen["loop"]), _watched(f, seen["vmap"])
    for axes in reversed(levels):
        slow = loop(slow, axes, out_axes)
        fast = vmap(fast, in_axes=axes, out_axes=out_axes, strict=strict)
    theirs, ours = [_twin(x) for x in args], [_twin(x) for x in args]
    if empty is not None:
        ours = [_emptied(x, n, levels, empty) for n, x in enumerate(ours)]
    expected, error = _outcome(slow, theirs)
    found, failure = _outcome(fast, ours)
    if error is not None and empty is not None:
        return None
    if type(error) is not type(failure):
        raise AssertionError(f"the loop gives {error!r}, vmap {failure!r}") from failure
    if error is None:
        compare(found, expected, ours, scale, None if empty is None else (levels, empty, out_axes))
        if kinds and empty is None:
            assert seen["vmap"] == seen["loop"], f"inside, the loop holds {seen['loop']}, vmap {seen['vmap']}"
    if empty is None:
        for n, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            np.testing.assert_array_equal(mine, other, f"what is written into argument {n}")
    return found


def _watched(f: Callable[..., Any], seen: set[Any]) -> Callable[..., Any]:
    @do_not_convert  # what it notes down is no business of the lanes
    def watched(*args: Any) -> Any:
        result = (f if RUN.get() is None else lane_form(f))(*args)
        leaves = [
            (n, option)
            for n, leaf in enumerate(optree.tree_leaves(result))
            for option in (leaf.options if type(leaf) is Mixed else [leaf])
        ]
        for n, leaf in leaves:
            kind = leaf.__class__
            seen.add((n, kind, leaf.shape, leaf.dtype) if hasattr(leaf, "dtype") else (n, kind))
        return result

    return watched


def _twin(x: Any) -> Any:
    """A copy with the same strides and flags."""
    if not isinstance(x, np.ndarray):
        return x
    base = x
    while isinstance(base.base, np.ndarray):
        base = base.base
    memory = base.copy("K")
    offset = x.__array_interface__["data"][0] - base.__array_interface__["data"][0]
    twin = np.ndarray(x.shape, x.dtype, memory, offset, x.strides) if memory.strides == base.strides else x.copy()
    twin.flags.writeable = x.flags.writeable
    return twin


def _outcome(f: Callable[..., Any], args: list[Any]) -> tuple[Any, Exception | None]:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        warnings.simplefilter("ignore", PerformanceWarning)  # with strict=True it is raised all the same
        try:
            return f(*args), None
        except Exception as error:
            return None, error


def _emptied(x: Any, number: int, levels: list[Any], empty: int) -> Any:
    """An argument with no lanes at one level."""
    places = list(range(x.ndim)) if isinstance(x, np.ndarray) else []
    for level, axes in enumerate(levels):
        axis = axes[number] if isinstance(axes, tuple) else axes
        if axis is None:
            continue
        place = places.pop(axis)
        if level == empty:
            return x[(slice(None),) * place + (slice(0),)]
    return x


def compare(found: Any, expected: Any, args: list[Any], scale: float, cut: Any = None) -> None:
    """Check that two results are the same, and that the first is fresh."""
    leaves, spec = optree.tree_flatten(found)
    others, other_spec = optree.tree_flatten(expected)
    assert spec == other_spec
    for leaf, other in zip(leaves, others, strict=True):
        assert type(leaf) is np.ndarray
        assert leaf.dtype == other.dtype
        assert leaf.flags.writeable
        assert not any(isinstance(x, np.ndarray) and np.may_share_memory(leaf, x) for x in args)
        if cut is not None:
            levels, level, out_axis = cut
            assert leaf.shape == _without_lanes(other.shape, len(levels), level, out_axis)
        else:
            same(leaf, other, scale)
    assert not any(np.may_share_memory(x, y) for n, x in enumerate(leaves) for y in leaves[:n])


def _without_lanes(shape: tuple[int, ...], levels: int, level: int, out_axis: int) -> tuple[int, ...]:
    """The shape of a result with no lanes at one level."""
    places: list[int] = []
    for n in reversed(range(levels)):
        at = out_axis if out_axis >= 0 else len(shape) - n + out_axis
        places = [p + (p >= at) for p in places] + [at]
    places.reverse()
    return tuple(0 if n == places[level] else size for n, size in enumerate(shape))


def same(found: Any, expected: Any, scale: float = 1.0) -> None:
    """Check that arrays are equal: exactly, or for inexact numbers to rounding."""
    assert found.shape == expected.shape
    if expected.dtype.kind not in "fc" or not expected.size:
        np.testing.assert_array_equal(found, expected)
        return
    eps = float(np.finfo(expected.dtype).eps)
    finite = np.abs(expected[np.isfinite(expected)])
    largest = min(float(finite.max()), float(np.finfo(expected.dtype).max)) if finite.size else 0.0
    with np.errstate(all="ignore"):
        for a, b in (
            [(found.real, expected.real), (found.imag, expected.imag)]
            if expected.dtype.kind == "c"
            else [(found, expected)]
        ):
            np.testing.assert_allclose(a, b, rtol=(256 if scale else 8) * eps, atol=256 * eps * scale * largest)


# ---- operands ----

DTYPES = {
    "bool": "?",
    "int": "bBhHiIlL",
    "float": "efd",
    "real": "?bBhHiIlLefd",
    "num": "bBhHiIlLefdFD",
    "any": "?bBhHiIlLefdFD",
    "inexact": "fdFD",
    "blas": "fdFD",
}
WORDS = np.array(["", "a", "Ab", "bA", "c1", " d", "1", "20"])
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0])


@dataclass(frozen=True)
class Batch:
    """One way to map an operation.

    Parameters
    ----------
    seed : int
        Of the values.
    maps : tuple of int
        For each nested map, outermost first, a bit mask of the operands that it maps.
    axis : int
        Where the batch axes are: 0, 1 or -1, as far as the operand has so many.
    size : int
        The number of lanes; 0 checks shapes and dtypes alone.
    dtype : int
        Picks one of a family of dtypes.
    special : bool
        Whether NaN and infinities are among the values.
    layout : str
        "C", "F", "strided" or "readonly".
    out : int
        ``out_axes``.
    twins : bool
        Whether every lane occurs twice, so that lanes that split off have company.
    """

    seed: int = 0
    maps: tuple[int, ...] = (7,)
    axis: int = 0
    size: int = 3
    dtype: int = -1
    special: bool = False
    layout: str = "C"
    out: int = 0
    twins: bool = False


@dataclass(frozen=True)
class Row:
    """One operation of the table, as a function of one example.

    Parameters
    ----------
    name : str
        What the test is called.
    f : callable
        The operation.
    specs : tuple of str
        Operands, as ``dtype:shape`` or ``dtype:shape|domain``; the dtype may name a family of them.
    scale, strict, kinds : float, bool, bool
        See `check`.
    special : bool
        Whether NaN and infinities are fit for it.
    facts : bool
        Whether the shape of the result depends on values, so that an empty batch has none.
    reads, writes : bool
        Whether it indexes, or writes into, an array made of the first operand. Where that is a plain array,
        Python asks no lane value about it, so lane by lane is right.
    alone : bool
        Whether it may run lane by lane where lanes share an operand.
    """

    name: str
    f: Callable[..., Any]
    specs: tuple[str, ...]
    scale: float = 1.0
    strict: bool = True
    kinds: bool = True
    special: bool = True
    facts: bool = False
    reads: bool = False
    writes: bool = False
    alone: bool = False

    def operands(self, batch: Batch) -> tuple[list[Any], list[list[int | None]], list[int]]:
        """Arguments for a batch, their axes at each level, and at each level a mask of those that it maps."""
        rng = np.random.default_rng(batch.seed)
        count = len(self.specs)
        masks = [mask % 2**count or 2**count - 1 for mask in batch.maps]
        args = []
        axes: list[list[int | None]] = [[] for _ in masks]
        for n, spec in enumerate(self.specs):
            mapped = [bool(mask >> n & 1) for mask in masks]
            lead = [max(batch.size, 1) + level for level, is_mapped in enumerate(mapped) if is_mapped]
            x = values(spec, tuple(lead), batch, rng, self.special)
            for level in range(len(lead) if batch.twins else 0):
                x = np.concatenate([x, x], axis=level)
            for level in reversed(range(len(masks))):  # the innermost axis goes to its place first
                if not mapped[level]:
                    axes[level].insert(n, None)
                    continue
                lead.pop()
                at = min(batch.axis, x.ndim - 1 - len(lead))
                place = at % (x.ndim - len(lead)) + len(lead)
                x = np.moveaxis(x, len(lead), place)
                axes[level].insert(n, at)
            args.append(laid_out(x, batch.layout) if np.ndim(x) else x[()])
        return args, axes, masks

    def check(self, batch: Batch) -> None:
        """Check the law for one batch."""
        if self.facts and batch.size == 0:
            return
        args, axes, masks = self.operands(batch)
        varies = [mask & 1 for mask in masks]
        lane_by_lane = not self.strict or (self.writes and not all(varies)) or (self.reads and not any(varies))
        lane_by_lane = lane_by_lane or (self.alone and any(mask + 1 != 2 ** len(self.specs) for mask in masks))
        if lane_by_lane and batch.size == 0:
            return  # there is no lane to show what comes of it
        check(
            self.f, *args, in_axes=[tuple(level) for level in axes], out_axes=batch.out,
            strict=not lane_by_lane, kinds=self.kinds, scale=self.scale,
            empty=None if batch.size else batch.seed % len(masks),
        )  # fmt: skip


def values(spec: str, lead: tuple[int, ...], batch: Batch, rng: Any, special: bool) -> Any:
    """Values for an operand, with leading batch axes."""
    text, _, domain = spec.partition("|")
    family, _, sizes = text.partition(":")
    dtype = np.dtype(DTYPES[family][batch.dtype % len(DTYPES[family])] if family in DTYPES else family)
    shape = tuple(int(size) for size in sizes.split(",") if size)
    if domain == "spd":
        root = rng.normal(size=lead + shape)
        return (root @ root.swapaxes(-1, -2) + np.eye(shape[-1])).astype(dtype)
    if domain == "index":  # a shared pattern now and then, so that some lanes agree
        return rng.integers(-3, 3, lead + shape).astype(dtype)
    if ".." in domain:
        low, high = domain.split("..")
        return rng.integers(int(low), int(high), lead + shape).astype(dtype)
    if dtype.kind in "US":
        return rng.choice(WORDS, lead + shape).astype(dtype)
    if dtype.kind == "b":
        x = rng.integers(0, 2, lead + shape).astype(bool)
    elif dtype.kind in "mM":
        x = rng.integers(-9, 10, lead + shape).astype(dtype)
        if batch.special and special and x.size:
            x[rng.integers(0, 4, x.shape) == 0] = "NaT"
    elif dtype.kind in "iu":
        x = rng.integers(-6 if dtype.kind == "i" else 0, 7, lead + shape).astype(dtype)
    else:
        x = rng.normal(size=lead + shape)
        if dtype.kind == "c":
            x = x + 1j * rng.normal(size=lead + shape)
        if domain == "pos":
            x = np.abs(x) + 0.1
        elif domain == "unit":
            x = np.tanh(x)
        if batch.special and special and x.size and dtype.kind == "f":
            some = rng.integers(0, 4, x.shape) == 0
            x[some] = rng.choice(SPECIAL, int(some.sum()))
        x = x.astype(dtype)
    return np.sort(x, axis=-1) if domain == "sorted" else x


def laid_out(x: Any, layout: str) -> Any:
    """The same values in another layout."""
    if layout == "F":
        return x.copy("F")
    if layout == "strided":
        wide = np.zeros((*x.shape, 2), x.dtype)
        wide[..., 0] = x
        return wide[..., 0]
    x = x.copy()
    x.flags.writeable = layout != "readonly"
    return x


# ---- the tests of a table ----

FIXED = [
    Batch(),
    Batch(maps=(1,), seed=1),
    Batch(maps=(2,), seed=2),
    Batch(maps=(4,), seed=3),
    Batch(axis=1, out=-1, layout="strided", seed=4),
    Batch(axis=-1, layout="F", out=-1, seed=5),
    Batch(size=1, layout="readonly", seed=6),
    Batch(maps=(7, 7), seed=7),
    Batch(maps=(1, 2), seed=8),
    Batch(maps=(2, 1), seed=9, axis=-1),
    Batch(maps=(3, 1), seed=10),
    Batch(maps=(2, 7), seed=11, axis=1),
    Batch(maps=(7, 2), seed=12),
    Batch(special=True, seed=13),
    Batch(size=0, seed=14),
    Batch(size=0, seed=15, maps=(1, 2)),
    Batch(size=0, seed=16, maps=(3, 7)),
]

BATCHES = st.builds(
    Batch,
    seed=st.integers(0, 10_000),
    maps=st.tuples(st.integers(1, 7)) | st.tuples(st.integers(1, 7), st.integers(1, 7)),
    axis=st.sampled_from([0, 1, -1]),
    size=st.sampled_from([0, 1, 2, 3, 5]),
    dtype=st.integers(0, 13),
    special=st.booleans(),
    layout=st.sampled_from(["C", "F", "strided", "readonly"]),
    out=st.sampled_from([0, -1]),
)


def law(rows: list[Row], examples: int = 200) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Two tests that a table keeps the law: every row in every kind of batch, and rows and batches at random."""
    assert len({row.name for row in rows}) == len(rows), "two rows of one name"

    @pytest.mark.parametrize("row", rows, ids=[row.name for row in rows])
    def test(row: Row) -> None:
        for batch in FIXED:
            try:
                row.check(batch)
            except AssertionError as error:
                error.add_note(f"{row.name}: {batch}")
                raise

    @settings(max_examples=examples, deadline=None)
    @given(row=st.sampled_from(rows), batch=BATCHES)
    def test_at_random(row: Row, batch: Batch) -> None:
        row.check(batch)

    return test, test_at_random
