"""``out_axes`` in all its forms, against the loop and against JAX."""

from __future__ import annotations

import collections
from typing import Any

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loops import Layer, loop, numbers, same

from lanewise import vmap

jax.config.update("jax_enable_x64", True)

Pair = collections.namedtuple("Pair", "first second")


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from([2, 3]), max_size=2), st.integers(-5, 4), st.booleans())
def test_every_axis(shape: list[int], axis: int, varies: bool) -> None:
    x = numbers(4, *shape)

    def f(x: Any, y: Any) -> Any:
        return x * 2 if varies else y * 2

    mapped = vmap(f, (0, None), axis)
    if not shape:
        same(mapped(x, 3.0), loop(f, (0, None))(x, 3.0))  # a scalar has one place for the batch axis
    elif -len(shape) - 1 <= axis <= len(shape):
        same(mapped(x, x[0]), loop(f, (0, None), axis)(x, x[0]))
        same(mapped(x, x[0]), jax.vmap(f, (0, None), axis)(x, x[0]))
    else:
        with pytest.raises(ValueError, match=f"out_axes={axis} is out of range for the result of f, which has shape"):
            mapped(x, x[0])
        with pytest.raises(ValueError):
            jax.vmap(f, (0, None), axis)(x, x[0])


RESULTS: list[tuple[Any, Any]] = [
    (0, lambda x: (x, x.sum())),
    (1, lambda x: [x, x + 1]),
    ((0, 1), lambda x: (x, x)),
    ([-1, 0], lambda x: [x, {"a": (x, x.sum())}]),
    ((1, {"a": 0, "b": -1}), lambda x: (x, {"a": x, "b": (x, [x])})),
    (Pair(1, 0), lambda x: Pair(x, (x, x))),
    (Layer(1, 0), lambda x: Layer([x, x], x.sum())),
    ({"l": Layer(1, (0, 1))}, lambda x: {"l": Layer([x, x], (x, x))}),
    ((0, None), lambda x: (x, np.arange(3))),
    ((0, (None, 1)), lambda x: (x, (4.0, x))),
    (None, lambda x: (1, 2.0, np.ones(2))),
    (0, lambda x: (1, 2.0, np.ones(2), np.float32(3), True, 1j)),
    (1, lambda x: (np.ones(2), 7)),
    (0, lambda x: ()),
    ((), lambda x: ()),
]


@pytest.mark.parametrize(("out_axes", "f"), RESULTS, ids=[repr(axes) for axes, _ in RESULTS])
def test_pytree_prefixes(out_axes: Any, f: Any) -> None:
    x = numbers(3, 2)
    found = vmap(f, out_axes=out_axes, strict=True)(x)
    scalars_first = 0 if out_axes == 1 else out_axes
    if out_axes == 1 and isinstance(f(x[0])[-1], int):
        same(found, (np.ones((2, 3)), np.full(3, 7)))
    else:
        same(found, loop(f, 0, out_axes if out_axes == 1 else scalars_first)(x))


def test_what_does_not_vary_is_broadcast_to_fresh_arrays() -> None:
    constant = np.arange(2.0)
    a, b = vmap(lambda x: (constant, constant), axis_size=3)(numbers(3))
    same(a, np.stack([constant] * 3))
    a[0, 0] = 9.0
    assert (constant[0], b[0, 0], a[1, 0]) == (0.0, 0.0, 0.0)


def test_a_shared_result_is_fresh_too() -> None:
    y = numbers(2)
    found = vmap(lambda x, y: y, (0, None), None)(numbers(3), y)
    found[0] = 7.0
    same(y, numbers(2))


def test_none_keeps_the_type_of_what_does_not_vary() -> None:
    def f(x: Any) -> Any:
        return 1, 2.5, "s", None, len, {"k": np.float32(2)}, np.ones(2)

    one, half, text, nothing, function, tree, array = vmap(f, out_axes=None)(numbers(3))
    assert (one, half, text, nothing, function) == (1, 2.5, "s", None, len)
    assert type(tree["k"]) is np.float32
    same(array, np.ones(2))


def test_objects_are_arrays_over_the_batch() -> None:
    marker = object()
    text, nothing, other = vmap(lambda x: ("ab", None, marker))(numbers(3))
    assert text.tolist() == ["ab"] * 3
    assert (nothing.dtype, nothing.tolist()) == (np.dtype(object), [None] * 3)
    assert (other.dtype, other.tolist()) == (np.dtype(object), [marker] * 3)


def test_a_sum_over_the_lanes_does_not_vary() -> None:
    from lanewise import lax

    def f(x: Any) -> Any:
        return lax.psum(x, "i"), x / lax.psum(x, "i")

    total, share = vmap(f, axis_name="i", out_axes=(None, 0))(numbers(3))
    same(total, np.float64(6.0))
    same(share, numbers(3) / 6)


@pytest.mark.parametrize(("out_axes", "f", "name"), [
    (None, lambda x: x, "the result"),
    ((0, None), lambda x: (x, x), r"result\[1\]"),
    ({"a": 0, "b": None}, lambda x: {"a": x, "b": [1, x]}, r"result\['b'\]\[1\]"),
    (Layer(0, None), lambda x: Layer(x, x), r"result\.b"),
    (Pair(None, 0), lambda x: Pair(x, x), r"result\.first"),
])  # fmt: skip
def test_none_is_refused_for_what_varies(out_axes: Any, f: Any, name: str) -> None:
    with pytest.raises(ValueError, match=rf"out_axes is None for {name} of <lambda>, but it differs between lanes"):
        vmap(f, out_axes=out_axes)(numbers(3))


@pytest.mark.parametrize(("out_axes", "f", "where"), [
    ((0, 0), lambda x: x, "At result, out_axes has a tuple where the value is a ndarray."),
    ((0, 0), lambda x: [x, x], "At result, out_axes has a tuple where the value is a list."),
    ((0, 0, 0), lambda x: (x, x), "At result, out_axes has [0], [1], [2] where the value has [0], [1]."),
    ((0, {"k": 0}), lambda x: (x, {"j": x}), "At result[1], out_axes has ['k'] where the value has ['j']."),
    ({"l": Layer(0, (0, 0))}, lambda x: {"l": Layer(x, x)}, "At result['l'].b, out_axes has a tuple"),
    ((), lambda x: (x,), "At result, out_axes has nothing where the value has [0]."),
])  # fmt: skip
def test_a_spec_that_is_no_prefix(out_axes: Any, f: Any, where: str) -> None:
    with pytest.raises(ValueError, match="out_axes is no prefix of the result of <lambda>") as caught:
        vmap(f, out_axes=out_axes)(numbers(3, 2))
    assert where in str(caught.value)
    assert "float64[2]" in str(caught.value)


@settings(deadline=None, max_examples=80)
@given(st.integers(-4, 3), st.integers(-4, 3), st.integers(-3, 2), st.integers(-2, 1), st.booleans())
def test_nested_twice(outer: int, inner: int, first: int, second: int, jit_like: bool) -> None:
    x, y = numbers(2, 3, 4), numbers(2)

    def f(x: Any, y: Any) -> Any:
        return x * y[0] if jit_like else x + 1

    def twice(vmap_: Any) -> Any:
        return vmap_(vmap_(f, (second, None), inner), (first, None), outer)

    try:
        expected = twice(jax.vmap)(x, y)
    except ValueError:
        with pytest.raises(ValueError, match="out of range"):
            twice(vmap)(x, y)
    else:
        same(twice(vmap)(x, y), expected)
        same(twice(vmap)(x, y), twice(loop)(x, y))


def test_results_of_one_lane_value_twice_are_two_arrays() -> None:
    a, b = vmap(lambda x: (x, x))(numbers(3))
    assert not np.shares_memory(a, b)


def test_objects_on_which_groups_of_lanes_agree_are_shared_too() -> None:
    def f(x: Any) -> Any:
        if x > 2:
            return "same", None
        return "same", None

    text, nothing = vmap(f, out_axes=None)(numbers(4))
    assert (type(text), text, nothing) == (str, "same", None)
    with pytest.raises(ValueError, match="out_axes is None for the result of <lambda>, but it differs between lanes"):
        vmap(lambda x: "a" if x > 2 else "b", out_axes=None)(numbers(4))


DICTS: list[Any] = [
    lambda k, y: {k * 0: y}, lambda k, y: {"pq"[k % 2]: y, "pq"[1 - k % 2]: y + 1}, lambda k, y: [{(k * 0, "a"): y}],
    lambda k, y: {k % 2: y, 1 - k % 2: 2 * y}, lambda k, y: ({k.item() * 0: y}, y),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(DICTS)))
def test_keys_on_which_lanes_agree(number: int) -> None:
    k, y = np.arange(4), np.arange(4.0)
    same(vmap(DICTS[number])(k, y), loop(DICTS[number])(k, y))


def test_keys_that_differ_between_lanes() -> None:
    for function in (lambda k, y: {k % 2: y, "p": y}, lambda k, y: {"pq"[k % 2]: y, "p": y}):
        with pytest.raises(ValueError, match="differ in structure"):
            vmap(function)(np.arange(4), np.arange(4.0))
