"""Maps in maps: to any depth, over closures, and on batches of no lanes and of one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from loops import loop, numbers, same

from lanewise import ShapeDtypeStruct, TraceError, eval_shape, vmap
from lanewise import lax as lw_lax


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 6])
def test_any_depth(depth: int) -> None:
    x = numbers(*([2] * depth), 3)
    f: Any = lambda x: (x.sum() * x, x[0])  # noqa: E731
    g = f
    for level in range(depth):
        out = level % 2
        f, g = vmap(f, out_axes=(out, 0), strict=True), loop(g, 0, (out, 0))
    same(f(x), g(x))


def test_all_pairs() -> None:
    def distance(a: Any, b: Any) -> Any:
        return np.sqrt(((a - b) ** 2).sum())

    def pairs(v: Any) -> Any:
        return v(v(distance, (None, 0)), (0, None))

    x, y = numbers(3, 2), numbers(4, 2) * 2
    same(pairs(vmap)(x, y), pairs(loop)(x, y))


def test_closures_over_outer_lanes() -> None:
    def outer(v: Any) -> Any:
        def at(a: Any, ys: Any) -> Any:
            b = a * 2

            def inner(y: Any) -> Any:
                return y * b + a, b

            return v(inner)(ys), b.sum()

        return v(at, (0, None))

    same(outer(vmap)(numbers(3), numbers(4, 2)), outer(loop)(numbers(3), numbers(4, 2)))


def test_a_map_inside_of_a_mapped_function_over_its_own_values() -> None:
    def f(v: Any) -> Any:
        def row(x: Any) -> Any:
            squares = v(lambda e: e * e)(x)
            return v(lambda a, b: a + b, (0, None))(squares, x.max()), v(np.dot, (1, None))(np.outer(x, x), x)

        return v(row)

    same(f(vmap)(numbers(3, 4)), f(loop)(numbers(3, 4)))


def test_different_functions_and_axes_at_each_level() -> None:
    def f(v: Any) -> Any:
        inner = v(lambda a, b: a @ b, (1, None), 0)
        middle = v(lambda a, b: inner(a, b) + b.sum(), (2, 0), -1)
        return v(lambda a, b: {"m": middle(a, b), "s": b.sum()}, (-1, None), {"m": 1, "s": 0})

    a, b = numbers(2, 3, 4, 5), numbers(4, 2)
    same(f(vmap)(a, b), f(loop)(a, b))


def test_an_inner_size_that_only_the_outer_call_knows() -> None:
    same(vmap(lambda x: vmap(lambda: x * 2, axis_size=3)())(numbers(2)), np.repeat(2 * numbers(2)[:, None], 3, 1))


def test_facts_of_inner_and_outer_lanes() -> None:
    def f(v: Any) -> Any:
        def outer(a: Any, row: Any) -> Any:
            def inner(y: Any) -> Any:
                if y > a:
                    return y - a
                return y * 10

            total = v(inner)(row).sum()
            return total if a > 2 else -total

        return v(outer)

    x = np.random.default_rng(0).normal(size=(5, 6)) + 2
    same(f(vmap)(numbers(5), x), f(loop)(numbers(5), x))


def test_what_no_inner_lane_varies_over_is_computed_once() -> None:
    calls = []

    def f(a: Any, y: Any) -> Any:
        calls.append(1)
        return np.exp(a) + y

    same(vmap(vmap(f, (None, 0)), (0, None))(numbers(3), numbers(4)), np.exp(numbers(3))[:, None] + numbers(4))
    assert len(calls) == 1


# ---- batches of no lanes, and of one ----

FUNCTIONS: list[Any] = [
    lambda x: x, lambda x: x.sum(), lambda x: (x * 2, {"m": x.max()}), lambda x: x > 1, lambda x: np.float32(2.0),
    lambda x: np.outer(x, x), lambda x: 3, lambda x: x[None], lambda x: x.astype("f4") + 1, lambda x: np.sort(x)[::-1],
    lambda x: vmap(lambda y: y * 2)(x), lambda x: "text", lambda x: x.tolist() and 1.5,
]  # fmt: skip


@pytest.mark.parametrize("f", FUNCTIONS)
@pytest.mark.parametrize("axes", [(0, 0), (1, 1), (-1, 0)])
def test_an_empty_batch_has_the_shape_and_dtype_of_any_other(f: Any, axes: Any) -> None:
    in_axis, out_axis = axes
    full = vmap(f, in_axis, out_axis)(numbers(3, 3))
    empty = vmap(f, in_axis, out_axis)(np.empty((0, 3) if in_axis == 0 else (3, 0)))
    for one, none in zip(np.atleast_1d(list(_leaves(full))), np.atleast_1d(list(_leaves(empty))), strict=True):
        assert none == one


def _leaves(tree: Any) -> Any:
    from lanewise import tree as pytree

    for leaf in pytree.leaves(tree):
        yield repr((tuple(n for n in leaf.shape if n != 0 and n != 3), leaf.ndim, leaf.dtype))


def test_empty_batches_nested() -> None:
    f = vmap(vmap(lambda x, y: x * y.sum(), (0, None)), (0, None))
    for shape in ((0, 4), (4, 0), (0, 0)):
        found = f(np.ones(shape, "f4"), numbers(2).astype("f4"))
        assert (found.shape, found.dtype) == (shape, np.float32)


def test_an_empty_batch_has_no_facts() -> None:
    with pytest.raises(TraceError, match=r"the text of a value is needed at .*test_nesting.py:\d+"):
        vmap(lambda x: len(f"{x}"))(np.zeros(0))
    assert vmap(lambda x: 1 if x > 0 else 2.5)(np.zeros(0)).dtype == float


@pytest.mark.parametrize("f", FUNCTIONS)
def test_a_batch_of_one(f: Any) -> None:
    x = numbers(1, 3)
    if isinstance(f(x[0]), str):
        assert vmap(f)(x).tolist() == ["text"]
    else:
        same(vmap(f)(x), loop(f)(x))


def test_examples_with_an_axis_of_no_length() -> None:
    for f in (lambda x: x.sum(), lambda x: x * 2, lambda x: np.concatenate([x, x]), lambda x: x.prod()):
        same(vmap(f)(np.zeros((3, 0))), loop(f)(np.zeros((3, 0))))
    same(vmap(lambda x: x @ x.T)(np.zeros((2, 3, 0))), np.zeros((2, 3, 3)))
    with pytest.raises(ValueError, match="zero-size array"):
        vmap(lambda x: x.max())(np.zeros((3, 0)))


def test_shapes_and_collectives_of_nested_maps() -> None:
    f = vmap(vmap(lambda x: x - lw_lax.pmean(x, "j") + lw_lax.psum(x, "i"), axis_name="j"), axis_name="i")
    x = numbers(3, 4)
    same(f(x), x - x.mean(1, keepdims=True) + x.sum(0))
    assert eval_shape(f, ShapeDtypeStruct((3, 4), float)) == ShapeDtypeStruct((3, 4), float)
