"""`eval_shape` and `ShapeDtypeStruct`: shapes from zero lanes, with no arithmetic."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np
import pytest
from loops import Layer, numbers

from lanewise import PerformanceWarning, ShapeDtypeStruct, TraceError, eval_shape, lax, vmap

jax.config.update("jax_enable_x64", True)


def struct(*shape: int, dtype: Any = float) -> ShapeDtypeStruct:
    """A struct for the shape."""
    return ShapeDtypeStruct(shape, dtype)


# Any arithmetic on these would exhaust every memory: a terabyte and more for each argument.
N = 10**6
HUGE: list[tuple[Any, tuple[Any, ...], Any]] = [
    (lambda x: x + 1, (struct(N, N),), struct(N, N)),
    (lambda x, y: x @ y, (struct(N, N), struct(N, N)), struct(N, N)),
    (lambda x: x.sum(axis=0), (struct(N, N),), struct(N)),
    (lambda x: np.exp(x).T[::2] * 1j, (struct(N, N, dtype="f4"),), struct(N // 2, N, dtype="c8")),
    (lambda x: np.sort(x)[:, None], (struct(N * N),), struct(N * N, 1)),
    (lambda x: np.linalg.solve(x, x), (struct(N, N),), struct(N, N)),
    (lambda x: (x > 0).any(axis=1), (struct(N, N),), struct(N, dtype=bool)),
    (lambda x: np.concatenate([x, x], axis=1), (struct(N, N),), struct(N, 2 * N)),
    (lambda x: np.reshape(x, (N // 10, -1)), (struct(N, N),), struct(N // 10, 10 * N)),
    (vmap(lambda x: x.sum()), (struct(N, N),), struct(N)),
    (vmap(lambda x, y: x @ y, in_axes=(0, None)), (struct(N, N), struct(N, N)), struct(N, N)),
    (vmap(lambda x, y: x * y, in_axes=1, out_axes=-1), (struct(N, N), struct(N, N)), struct(N, N)),
    (vmap(vmap(lambda x, y: x - y, (None, 0)), (0, None)), (struct(N * 10), struct(N * 10)), struct(N * 10, N * 10)),
    (vmap(lambda x: lax.psum(x, "i"), axis_name="i", out_axes=None), (struct(N, N),), struct(N)),
    (vmap(lambda x: 3.5, axis_size=N), (struct(N, N),), struct(N)),
]


@pytest.mark.parametrize(("f", "args", "expected"), HUGE, ids=range(len(HUGE)))
def test_no_arithmetic(f: Any, args: Any, expected: Any) -> None:
    assert eval_shape(f, *args) == expected


def test_values_are_not_looked_at() -> None:
    assert eval_shape(lambda x: 1 / x + np.sqrt(x), np.array([0.0, -1.0])) == struct(2)


@pytest.mark.parametrize("f", [
    lambda x, y: x * y, lambda x, y: (x.sum(), {"d": x - y[0]}), lambda x, y: x[..., None] > y[..., None] * 2,
    lambda x, y: [x.astype("f4")],
    lambda x, y: x.max(axis=-1, keepdims=True),
])  # fmt: skip
@pytest.mark.parametrize("mapped", [False, True])
def test_as_in_jax(f: Any, mapped: bool) -> None:
    args = (numbers(2, 3), numbers(2, 3).astype("f4"))
    structs = [struct(*x.shape, dtype=x.dtype) for x in args]
    expected = jax.eval_shape(jax.vmap(f) if mapped else f, *args)
    plain = jax.tree.map(lambda s: struct(*s.shape, dtype=s.dtype), expected)
    for given in (args, structs):
        assert eval_shape(vmap(f) if mapped else f, *given) == plain


def test_pytrees_keywords_statics_and_scalars() -> None:
    def f(layer: Any, n: int, *, mode: str, flag: bool, scale: float, other: Any = None) -> Any:
        assert type(n) is int
        assert mode == "wide"
        out = Layer(np.zeros(n) + layer.w * scale, layer.b)
        return out if flag else None, mode, other, np.float32(1)

    layer = Layer(struct(3), np.ones(2, "f4"))
    found, mode, other, one = eval_shape(f, layer, 3, mode="wide", flag=True, scale=2.0)
    assert (found.w, found.b, mode, other, one) == (struct(3), struct(2, dtype="f4"), "wide", None, struct(dtype="f4"))


def test_kinds_of_scalars() -> None:
    assert eval_shape(lambda x, y: x + y, np.float32(1), 2.0) == struct(dtype="f4")
    assert eval_shape(lambda x: x + 1j, 2.0) == struct(dtype=complex)
    assert eval_shape(lambda x: x, np.int8(3)) == struct(dtype="i1")


@pytest.mark.parametrize(("f", "fact"), [
    (lambda x: str(x.sum()), "the text of a value"),
    (lambda x: x[x > 0], "the number of true elements in a mask"),
    (lambda x: x[: int(x.max())], "an integer value"),
])  # fmt: skip
@pytest.mark.parametrize("mapped", [False, True])
def test_a_fact_is_an_error_that_names_the_line(f: Any, fact: str, mapped: bool) -> None:
    line = f.__code__.co_firstlineno
    with pytest.raises(TraceError, match=rf"{fact} is needed at .*test_eval_shape\.py:{line}, but there are no values"):
        eval_shape(vmap(f) if mapped else f, struct(4, 4))


def test_branches_and_loops_are_visited_once() -> None:
    def newton(x: Any) -> Any:
        for _ in range(int(x.max())):
            while abs(x[0]) > 1:
                x = x / 2 if x.sum() > 0 else x * 0.25
        return x

    assert eval_shape(newton, struct(4)) == struct(4)
    assert eval_shape(lambda x: 1 if x > 0 else 2.5, struct()) == struct()


def test_what_has_no_lane_form_is_an_error() -> None:
    import pickle

    with pytest.raises(TraceError, match=r"needs values at .*test_eval_shape\.py:\d+: a value is pickled"):
        eval_shape(lambda x: len(pickle.dumps(x)), struct(3))


def test_errors_in_axes_are_those_of_the_call() -> None:
    with pytest.raises(ValueError, match=r"in_axes maps axis 3 of x, but x has shape \(2, 3\)"):
        eval_shape(vmap(lambda x: x, in_axes=3), struct(2, 3))
    with pytest.raises(ValueError, match="differ in size"):
        eval_shape(vmap(lambda x, y: x), struct(2), struct(3))
    with pytest.raises(ValueError, match="shapes"):
        eval_shape(lambda x, y: x + y, struct(2), struct(3))


def test_inside_of_a_mapped_function() -> None:
    seen = []

    def f(x: Any) -> Any:
        seen.append(eval_shape(lambda a: np.outer(a, a), x))
        return x

    vmap(f)(numbers(2, 3))
    assert seen == [struct(3, 3)]


def test_nothing_is_left_behind() -> None:
    kept: list[Any] = []
    eval_shape(kept.append, struct(3))
    with pytest.raises(RuntimeError, match="after that call has ended"):
        kept[0] + 1


def test_struct() -> None:
    s = struct(3, 4, dtype="f4")
    assert (s.shape, s.dtype, s.ndim, s.size, len(s)) == ((3, 4), np.dtype("f4"), 2, 12, 3)
    assert repr(s) == "ShapeDtypeStruct(shape=(3, 4), dtype=float32)"
    assert s == ShapeDtypeStruct([np.int64(3), 4], np.float32)
    assert hash(s) == hash(struct(3, 4, dtype="f4"))
    assert s != struct(3, 4)
    assert s != (3, 4)
    with pytest.raises(TypeError, match="unsized"):
        len(struct())


def test_chunks_and_strict_maps() -> None:
    assert eval_shape(vmap(lambda x: x * 2, chunk_size=N), struct(10 * N, N)) == struct(10 * N, N)
    assert eval_shape(vmap(np.sum, strict=True), struct(3, 4)) == struct(3)
    assert issubclass(PerformanceWarning, UserWarning)
