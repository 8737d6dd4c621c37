"""`custom_vmap` and `sequential_vmap`, against JAX's."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from loops import loop, numbers, same

from lanewise import TraceError, custom_vmap, lax, sequential_vmap, vmap

jax.config.update("jax_enable_x64", True)


def product(decorate: Any, np_: Any, calls: list[Any]) -> Any:
    """A dot product with a rule for each way to be mapped."""

    @decorate
    def dot(x: Any, y: Any) -> Any:
        return np_.dot(x, y)

    @dot.def_vmap
    def rule(axis_size: int, in_batched: list[bool], x: Any, y: Any) -> Any:
        calls.append((axis_size, list(in_batched)))
        if all(in_batched):
            return (x * y).sum(-1), True
        if in_batched[0]:
            return np_.dot(x, y), True
        return np_.dot(y, x), True

    return dot


@pytest.mark.parametrize(("axes", "shapes"), [
    ([(0, 0)], [(4, 3), (4, 3)]),
    ([(0, None)], [(4, 3), (3,)]),
    ([(None, 1)], [(3,), (3, 4)]),
    ([(0, None), (None, 0)], [(2, 3), (4, 3)]),
    ([(0, 0), (0, None)], [(2, 4, 3), (2, 3)]),
    ([(1, 1), (0, 0)], [(4, 2, 3), (4, 2, 3)]),
])  # fmt: skip
def test_rules_as_in_jax(axes: Any, shapes: Any) -> None:
    args = [numbers(*shape) for shape in shapes]
    ours, theirs = [], []
    found: Any = product(custom_vmap, np, ours)
    expected: Any = product(jax.custom_batching.custom_vmap, jax.numpy, theirs)
    plain: Any = np.dot
    for entry in reversed(axes):
        found, expected, plain = vmap(found, entry, strict=True), jax.vmap(expected, entry), loop(plain, entry)
    same(found(*args), plain(*args))
    same(found(*args), expected(*args))
    assert ours[0] == theirs[0]


def test_not_mapped_it_is_the_function() -> None:
    calls: list[Any] = []
    dot = product(custom_vmap, np, calls)
    assert dot(numbers(3), numbers(3)) == 14.0
    same(vmap(lambda x: x * dot(np.ones(3), np.ones(3)))(numbers(2)), 3 * numbers(2))
    assert not calls
    assert dot.__name__ == "dot"


def test_pytrees_and_results_that_are_not_batched() -> None:
    @custom_vmap
    def f(x: Any, y: Any) -> Any:
        return {"a": x["u"] + y, "b": y}

    @f.def_vmap
    def rule(axis_size: int, in_batched: Any, x: Any, y: Any) -> Any:
        assert in_batched == [{"u": True, "v": [False]}, False]
        assert axis_size == 3
        return {"a": x["u"] + y, "b": y * 10}, {"a": True, "b": False}

    found = vmap(f, ({"u": 0, "v": None}, None), {"a": 0, "b": None})({"u": numbers(3), "v": [1]}, 2.0)
    same(found, {"a": numbers(3) + 2, "b": 20.0})


def test_keywords_and_defaults_come_by_position() -> None:
    @custom_vmap
    def f(x: Any, y: Any = 5.0) -> Any:
        return x * y

    @f.def_vmap
    def rule(axis_size: int, in_batched: Any, x: Any, y: Any) -> Any:
        return x * y + 100, True

    same(vmap(f)(x=numbers(3)), numbers(3) * 5 + 100)
    same(vmap(lambda x: f(y=x, x=2.0))(numbers(3)), numbers(3) * 2 + 100)


def test_methods() -> None:
    class Model:
        w = 3.0

        @custom_vmap
        def apply(self, x: Any) -> Any:
            return x * self.w

        @apply.def_vmap
        def _rule(axis_size: int, in_batched: Any, self: Any, x: Any) -> Any:
            return x * self.w + 1, True

    assert Model().apply(2.0) == 6.0
    same(vmap(Model().apply)(numbers(3)), numbers(3) * 3 + 1)


def test_a_rule_may_split_and_use_collectives_of_outer_lanes() -> None:
    @custom_vmap
    def f(x: Any) -> Any:
        return x

    @f.def_vmap
    def rule(axis_size: int, in_batched: Any, x: Any) -> Any:
        total = lax.psum(x.sum(), "i")
        return (x + total if x[0] > 2 else x - total), True

    x = numbers(3, 2)
    same(vmap(vmap(f), axis_name="i")(x), np.where(x[:, :1] > 2, x + x.sum(), x - x.sum()))


def test_empty_batches() -> None:
    calls: list[Any] = []
    assert vmap(product(custom_vmap, np, calls))(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0,)
    assert calls == [(0, [True, True])]


@pytest.mark.parametrize(("answer", "text"), [
    (lambda x: x, "the rule of f must return a pair, the result and which of its leaves are batched, not"),
    (lambda x: ((x, x), (True, True, True)), "out_batched of the rule of f is no prefix of its result"),
    (lambda x: (x.sum(), True), "a result of shape () is batched, but its axis 0"),
    (lambda x: (x[:1], True), "then have the size of the batch, 3"),
])  # fmt: skip
def test_wrong_rules(answer: Any, text: str) -> None:
    @custom_vmap
    def f(x: Any) -> Any:
        return x

    f.def_vmap(lambda axis_size, in_batched, x: answer(x))
    with pytest.raises(TypeError) as caught:
        vmap(f)(numbers(3))
    assert text in str(caught.value)


def test_no_rule_yet() -> None:
    @custom_vmap
    def f(x: Any) -> Any:
        return x

    with pytest.raises(TypeError, match=r"f is mapped, but it has no rule yet: define one with @f\.def_vmap"):
        vmap(f)(numbers(3))


def test_arguments_without_a_position() -> None:
    @custom_vmap
    def f(*, x: Any) -> Any:
        return x

    f.def_vmap(lambda axis_size, in_batched, x: (x, True))
    with pytest.raises(TypeError, match="f is called with arguments that have no position"):
        vmap(lambda x: f(x=x))(numbers(3))


# ---- one lane after another ----


def test_sequential() -> None:
    seen = []

    @sequential_vmap
    def f(x: Any, y: Any) -> Any:
        seen.append(type(x))
        return {"t": float(f"{x:.1f}"), "s": x + y}

    x, y = np.array([1.26, 3.14]), numbers(2)
    same(vmap(f, (0, None), strict=True)(x, y), {"t": np.array([1.3, 3.1]), "s": x[:, None] + y})
    assert seen == [np.float64] * 2
    same(vmap(f, strict=True)(x, y), {"t": np.array([1.3, 3.1]), "s": x + y})
    assert f(1.26, 0.0) == {"t": 1.3, "s": 1.26}


@pytest.mark.parametrize("axes", [[(0, None), (None, 0)], [(0, 0), (0, 0)], [(1, None), (0, None)]])
def test_sequential_nested(axes: Any) -> None:
    def f(x: Any, y: Any) -> Any:
        return x.sum() * y.sum(), y

    x, y = numbers(3, 3, 3), numbers(3, 3, 3)
    plain, ours, theirs = f, sequential_vmap(f), jax.custom_batching.sequential_vmap(f)
    for entry in reversed(axes):
        plain, ours, theirs = loop(plain, entry), vmap(ours, entry, strict=True), jax.vmap(theirs, entry)
    same(ours(x, y), plain(x, y))
    same(ours(x, y), theirs(x, y))


def test_sequential_on_no_lanes() -> None:
    f = vmap(sequential_vmap(lambda x: (x * 2, x.sum() > 1)))
    doubled, large = f(np.zeros((0, 3), "f4"))
    assert (doubled.shape, doubled.dtype, large.shape, large.dtype) == ((0, 3), np.float32, (0,), np.bool)
    with pytest.raises(TraceError, match="the text of a value"):
        vmap(sequential_vmap(lambda x: float(str(x))))(np.zeros(0))
