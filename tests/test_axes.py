"""``in_axes`` in all its forms, against the loop and against JAX."""

from __future__ import annotations

import collections
import functools
import inspect
import tracemalloc
from typing import Any

import jax
import numpy as np
import optree
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from loops import Layer, loop, numbers, same

import lanewise
from lanewise import tree, vmap

jax.config.update("jax_enable_x64", True)

Pair = collections.namedtuple("Pair", "first second")


class Box:
    """A class that is registered with optree by hand."""

    def __init__(self, content: Any) -> None:
        self.content = content


tree.register_pytree_node(Box, lambda box: ((box.content,), None), lambda _, children: Box(*children))


# ---- against the oracles ----


@st.composite
def calls(draw: Any) -> Any:
    """Arrays of random ranks, and axes that mostly fit."""
    count = draw(st.integers(1, 3))
    shapes = draw(st.lists(st.lists(st.sampled_from([2, 3]), max_size=3), min_size=count, max_size=count))
    axes = draw(st.tuples(*[st.one_of(st.none(), st.integers(-3, 2)) for _ in shapes]))
    out = draw(st.one_of(st.none(), st.integers(-4, 3)))
    return [numbers(*shape) for shape in shapes], axes, out


@settings(deadline=None, max_examples=150)
@given(calls())
def test_axes_as_in_jax(call: Any) -> None:
    args, in_axes, out_axes = call

    def f(*xs: Any) -> Any:
        return xs

    expected = outcome(jax.vmap(f, in_axes, out_axes), args)
    found = outcome(vmap(f, in_axes, out_axes, strict=True), args)
    if any(np.ndim(x) == (axis is not None) for x, axis in zip(args, in_axes, strict=True)) and not (
        out_axes in (0, -1, None) or isinstance(found, Exception)
    ):
        return  # a scalar result has one place for the batch axis; JAX counts strictly
    assert isinstance(found, Exception) == isinstance(expected, Exception), (found, expected)
    if not isinstance(expected, Exception):
        same(found, expected)


def outcome(f: Any, args: Any) -> Any:
    """The result, or the exception."""
    try:
        return f(*args)
    except (ValueError, TypeError, IndexError) as error:
        return error


TREES: list[tuple[Any, Any]] = [
    (0, numbers(3, 2)),
    (-1, numbers(2, 3)),
    (0, {"a": numbers(3), "b": numbers(3, 2)}),
    ({"a": 0, "b": None}, {"a": numbers(3), "b": numbers(2)}),
    ({"a": 1, "b": {"c": -1, "d": None}}, {"a": numbers(2, 3), "b": {"c": [numbers(2, 3)], "d": 2.0}}),
    ([0, 1], [numbers(3), numbers(2, 3)]),
    ((0, (None, 1)), (numbers(3), (numbers(2), numbers(2, 3)))),
    (Pair(0, None), Pair(numbers(3), numbers(2))),
    (Pair(0, Pair(1, None)), Pair(numbers(3), Pair((numbers(2, 3), numbers(4, 3)), 1.0))),
    (Layer(0, None), Layer(numbers(3, 2), numbers(2))),
    ({"l": Layer(1, [0])}, {"l": Layer(numbers(2, 3), [numbers(3)])}),
    (Box(0), Box({"x": numbers(3)})),
    (Box({"x": 0, "y": None}), Box({"x": numbers(3), "y": 1})),
    (collections.OrderedDict(a=0, b=None), collections.OrderedDict(a=numbers(3), b=2)),
    (0, {"a": numbers(3), "nothing": None, "empty": ()}),
]


@pytest.mark.parametrize(
    ("entry", "arg"), TREES, ids=[f"{type(entry).__name__}{n}" for n, (entry, _) in enumerate(TREES)]
)
@pytest.mark.parametrize("alone", [True, False])
def test_pytree_prefixes(entry: Any, arg: Any, alone: bool) -> None:
    def f(x: Any, *more: Any) -> Any:
        assert type(x) is type(arg) or isinstance(arg, np.ndarray)
        return [leaf * 2.0 for leaf in tree.leaves(x)], *more

    args, axes = ((arg,), (entry,)) if alone else ((arg, numbers(3)), [entry, 0])
    same(vmap(f, in_axes=axes, strict=True)(*args), loop(f, axes)(*args))


@settings(deadline=None, max_examples=100)
@given(st.recursive(st.sampled_from([0, 1, -1, -2, None]), lambda inner: st.one_of(
    st.lists(inner, min_size=1, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, min_size=1),
    st.builds(Pair, inner, inner), st.builds(Layer, inner, inner)), max_leaves=6))  # fmt: skip
def test_any_nest_of_containers(entry: Any) -> None:
    def grow(axis: Any) -> Any:
        """A subtree for a leaf of the spec; its arrays have the mapped axis where the spec says."""
        if axis is None:
            return {"shared": numbers(2)}
        return [numbers(3, 3), (np.arange(9).reshape(3, 3),)]

    arg = optree.tree_map(grow, entry, is_leaf=lambda x: x is None, none_is_leaf=True, namespace="lanewise")
    axes = (entry, 0)
    same(vmap(lambda x, _: x, axes)(arg, numbers(3)), loop(lambda x, _: x, axes)(arg, numbers(3)))


# ---- what is not mapped ----


@pytest.mark.parametrize("thing", [
    np.sin, "text", object(), None, {1: "a"}, [1, [2]], lambda x: x, int, 1 + 2j, b"bytes", range(3), {1, 2}, ...,
    slice(2), Exception("no"), np.random.default_rng(0), Layer("w", None), np.array(["a"]), np.dtype(float), inspect,
])  # fmt: skip
def test_anything_is_shared(thing: Any) -> None:
    seen = []

    def f(x: Any, y: Any) -> Any:
        seen.append(y)
        return x + 1

    same(vmap(f, in_axes=(0, None))(numbers(3), thing), numbers(3) + 1)
    if isinstance(thing, np.ndarray):
        assert not seen[0].flags.writeable
        assert np.shares_memory(seen[0], thing)
    else:
        assert seen[0] is thing


def test_a_list_that_holds_itself_is_shared() -> None:
    endless: list[Any] = [numbers(2)]
    endless.append(endless)
    same(vmap(lambda x, y: x * y[0], in_axes=(0, None))(numbers(3), endless), numbers(3)[:, None] * numbers(2))


def test_shared_arrays_in_containers_are_seen_when_they_are_written() -> None:
    shared = {"total": np.zeros(1), "deep": [(np.zeros(2),)]}

    def f(x: Any, state: Any) -> Any:
        state["total"] += x
        state["deep"][0][0][1] = x
        return state["total"][0] + 0.0

    with pytest.warns(lanewise.PerformanceWarning, match="lane by lane"):
        found = vmap(f, in_axes=(0, None))(numbers(3), shared)
    same(found, np.array([1.0, 3.0, 6.0]))
    same(shared, {"total": np.array([6.0]), "deep": [(np.array([0.0, 3.0]),)]})


def test_a_shared_object_is_the_callers_own() -> None:
    model = Layer(numbers(2), 1.0)
    model.cache = "kept"  # type: ignore[attr-defined]
    assert vmap(lambda x, m: m.cache, in_axes=(0, None), out_axes=None)(numbers(3), model) == "kept"


# ---- keyword arguments, and axes by name ----


def test_keywords_map_over_axis_0_where_they_are_arrays() -> None:
    def f(x: Any, *, y: Any, scale: Any, name: Any, params: Any) -> Any:
        assert name == "n"
        return x + y * scale + params["w"] * params["k"]

    given_ = {"y": numbers(3, 2), "scale": 2.0, "name": "n", "params": {"w": numbers(3, 2), "k": 3}}
    found = vmap(f, in_axes=1)(numbers(2, 3), **given_)
    same(found, numbers(2, 3).T + 2 * numbers(3, 2) + 3 * numbers(3, 2))


def test_keywords_as_in_jax() -> None:
    x, y = numbers(2, 3), numbers(3, 2)
    expected = jax.vmap(lambda x, y: x * y, in_axes=1)(x, y=y)
    same(vmap(lambda x, y: x * y, in_axes=1)(x, y=y), expected)
    same(vmap(lambda x, y: x * y)(x=y, y=y), y * y)


def test_keywords_of_another_library_are_mapped() -> None:
    same(vmap(lambda x: x + 1)(x=jax.numpy.ones(3)), np.full(3, 2.0))


@pytest.mark.parametrize(("in_axes", "call"), [
    ({"a": 1}, lambda f: f(numbers(2, 3), b=numbers(3))),
    ({"a": -1, "b": None}, lambda f: f(numbers(2, 3), numbers(2))),
    ({"b": None}, lambda f: f(numbers(3, 2), b=numbers(2))),
    ({"b": None}, lambda f: f(b=numbers(2), a=numbers(3, 2))),
    ({"b": {"u": 0, "v": None}}, lambda f: f(numbers(3), {"u": numbers(3), "v": 5})),
    ({}, lambda f: f(numbers(3), 2.0)),
    ({"args": None}, lambda f: f(numbers(3), 1, numbers(2), numbers(4))),
    ({"args": (0, None)}, lambda f: f(numbers(3), 1, numbers(3, 2), numbers(4))),
    ({"args": ({"z": 1}, 0)}, lambda f: f(numbers(3), 1, {"z": numbers(2, 3)}, numbers(3))),
    ({"only": 1}, lambda f: f(numbers(3), only=numbers(2, 3))),
    ({"kw": None}, lambda f: f(numbers(3), k=numbers(2))),
    ({"kw": {"k": 1}}, lambda f: f(numbers(3), k=numbers(2, 3), l=numbers(3))),
    ({"k": 1}, lambda f: f(numbers(3), k=numbers(2, 3), l=numbers(3))),
])  # fmt: skip
def test_axes_by_parameter_name(in_axes: Any, call: Any) -> None:
    def f(a: Any, b: Any = 10, *args: Any, only: Any = 7, **kw: Any) -> Any:
        return {"a": a, "b": b, "args": args, "only": only, "kw": kw}

    arguments = inspect.signature(f).bind(*call(lambda *a, **k: (a, k))[0], **call(lambda *a, **k: (a, k))[1])
    arguments.apply_defaults()
    given_ = arguments.arguments
    axes = {name: in_axes.get(name, "auto") for name in given_}

    def entry(name: str, value: Any) -> Any:
        axis = axes[name]
        if name == "kw":
            nested = axis if isinstance(axis, dict) else {}
            return {k: in_axes.get(k, nested.get(k, axis if axis is None else "auto")) for k in value}
        return axis

    def resolve(axis: Any, value: Any) -> Any:
        if axis == "auto":
            return optree.tree_map(lambda x: 0 if np.ndim(x) else None, value)
        if isinstance(axis, dict):
            return {k: resolve(a, value[k]) for k, a in axis.items()}
        return axis

    spec = tuple(resolve(entry(name, value), value) for name, value in given_.items())
    expected = loop(lambda *xs: dict(zip(given_, xs, strict=True)), spec)(*given_.values())
    same(call(vmap(f, in_axes=in_axes)), expected)


def test_a_dict_for_one_argument_goes_in_a_tuple() -> None:
    same(vmap(lambda p: p["w"] * p["k"], in_axes=({"w": 0, "k": None},))({"w": numbers(3), "k": 2}), 2 * numbers(3))


def test_axes_may_be_numpy_integers_and_named_tuples() -> None:
    same(vmap(lambda x: x, in_axes=np.int64(1))(numbers(2, 3)), numbers(2, 3).T)
    same(vmap(lambda x, y: x + y, in_axes=Pair(np.int8(0), None))(numbers(3), 1), numbers(3) + 1)


def test_a_list_of_axes_is_read_once() -> None:
    axes: list[Any] = [0, None]
    f = vmap(lambda x, y: x + y, in_axes=axes)
    axes[1] = 0
    same(f(numbers(3), 1), numbers(3) + 1)


# ---- the size, chunks ----


def test_axis_size_is_given_or_checked() -> None:
    same(vmap(lambda: 3, axis_size=4)(), np.full(4, 3))
    same(vmap(lambda x: x + 1, in_axes=None, axis_size=2)(numbers(3)), np.stack([numbers(3) + 1] * 2))
    same(vmap(lambda x: x, axis_size=np.int64(3))(numbers(3)), numbers(3))
    assert vmap(lambda x: x, in_axes=None, axis_size=0)(1.0).shape == (0,)


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 8, 100, np.int64(3)])
@pytest.mark.parametrize("out_axes", [0, 1, -1, (0, -1, {"k": 1})])
def test_chunks_give_what_the_whole_gives(chunk: int, out_axes: Any) -> None:
    def f(x: Any, y: Any) -> Any:
        return x * y, x - y, {"k": x.sum()}

    x, y = numbers(7, 3), numbers(3)
    whole = vmap(f, (0, None), out_axes)(x, y)
    same(vmap(f, (0, None), out_axes, chunk_size=chunk, strict=True)(x, y), whole)
    same(vmap(f, (1, None), out_axes, chunk_size=chunk)(x.T.copy(), y), whole)


def test_chunks_of_inner_lanes() -> None:
    x = numbers(4, 5, 2)
    same(vmap(vmap(lambda x: x.sum(), chunk_size=2), strict=True)(x), x.sum(-1))
    same(vmap(vmap(lambda x: x * 2, out_axes=1, chunk_size=3), chunk_size=3)(x), np.swapaxes(2 * x, 1, 2))


def test_chunks_with_splits_writes_and_empty_batches() -> None:
    def f(x: Any) -> Any:
        if x[0] > 5:
            x[1] = -1
            return x[0] * 2
        return x[0]

    x, y = numbers(6, 2), numbers(6, 2)
    same(vmap(f, chunk_size=4)(x), vmap(f)(y))
    same(x, y)
    assert vmap(lambda x: x * 2, chunk_size=2)(np.zeros((0, 3), "f4")).shape == (0, 3)


def test_shared_results_of_chunks_must_agree() -> None:
    f = vmap(lambda x, y: ("name", y.sum(), np.nan), (0, None), (None, None, None), chunk_size=2)
    name, total, nan = f(numbers(5), numbers(2))
    assert (name, total) == ("name", 3.0)
    assert np.isnan(nan)


def test_shared_results_of_chunks_that_differ() -> None:
    def small(x: Any) -> Any:
        return "small" if x < 3 else "large"

    with pytest.raises(
        ValueError, match="out_axes is None for the result of small, but it differs between lanes 0 and 2"
    ):
        vmap(small, out_axes=None, chunk_size=2)(numbers(4))


def test_chunks_whose_results_differ_in_form() -> None:
    def shapes(x: Any) -> Any:
        return np.zeros(2) if x < 3 else np.zeros(3)

    def trees(x: Any) -> Any:
        return (x,) if x < 3 else [x]

    x = numbers(4)
    with pytest.raises(ValueError, match=r"results of shapes differ in shape(.|\n)*\(2,\)  lane 0\n +\(3,\)  lane 2"):
        vmap(shapes, chunk_size=2)(x)
    with pytest.raises(ValueError, match="results of trees differ in structure"):
        vmap(trees, chunk_size=2)(x)
    same(vmap(lambda x: x.astype(np.float32) if x < 3 else x, chunk_size=2)(x), x)


def test_an_exception_in_a_chunk_names_the_lane_of_the_batch() -> None:
    def f(x: Any) -> Any:
        if x == 5:
            raise KeyError("five")
        return x

    with pytest.raises(KeyError, match="five") as caught:
        vmap(f, chunk_size=2)(numbers(6))
    assert "lane 4 of 6" in caught.value.__notes__[0]


def test_chunks_bound_the_memory() -> None:
    def f(x: Any) -> Any:
        return np.outer(x, x).sum()  # 80 kB for each example

    x = np.ones((1000, 100))

    def peak(chunk: int | None) -> int:
        tracemalloc.start()
        vmap(f, chunk_size=chunk, strict=True)(x)
        bytes_ = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return bytes_

    assert peak(None) > 70e6
    assert peak(10) < 4e6


# ---- forms of the decorator ----


def test_decorator_forms() -> None:
    @vmap
    def bare(x: Any) -> Any:
        return x + 1

    @vmap(in_axes=1, out_axes=1)
    def with_arguments(x: Any) -> Any:
        return x + 1

    @vmap()
    def empty(x: Any) -> Any:
        return x + 1

    x = numbers(2, 3)
    for f in (bare, with_arguments, empty):
        same(f(x), x + 1)


def test_metadata() -> None:
    def f(x: int, *, k: float = 2.0) -> str:
        """Say something."""

    f.tag = "kept"  # type: ignore[attr-defined]
    mapped = vmap(f)
    assert (mapped.__name__, mapped.__doc__, mapped.__module__) == ("f", "Say something.", __name__)
    assert mapped.__qualname__ == f.__qualname__
    assert mapped.__wrapped__ is f
    assert inspect.signature(mapped) == inspect.signature(f)
    assert mapped.tag == "kept"
    assert vmap(np.dot).__name__ == "dot"


def test_methods_callables_and_partials() -> None:
    class Model:
        def __init__(self, w: Any) -> None:
            self.w = w

        def apply(self, x: Any) -> Any:
            return x * self.w

        @functools.partial(vmap, in_axes=(None, 0))
        def mapped(self, x: Any) -> Any:
            return x * self.w

        @vmap(in_axes={"self": None})
        def named(self, x: Any) -> Any:
            return x * self.w

        def __call__(self, x: Any) -> Any:
            return x * self.w

        @classmethod
        def double(cls, x: Any) -> Any:
            return 2.0 * x

        @staticmethod
        def triple(x: Any) -> Any:
            return 3.0 * x

    model, x = Model(2.0), numbers(3)
    for f in (vmap(model.apply), model.mapped, model.named, vmap(model), vmap(Model.double)):
        same(f(x), 2 * x)
    same(vmap(Model.triple)(x), 3 * x)
    same(vmap(functools.partial(model.apply))(x), 2 * x)
    same(vmap(functools.partial(lambda a, b, c: a * b + c, 2.0, c=1.0))(x), 2 * x + 1)
    same(vmap(functools.partial(np.dot, x))(numbers(2, 3)), numbers(2, 3) @ x)
    same(vmap(np.linalg.norm)(numbers(2, 3)), np.linalg.norm(numbers(2, 3), axis=1))
    assert not hasattr(vmap(model), "w")
    assert inspect.signature(vmap(model)) == inspect.signature(model)


def test_arguments_stay_as_they_were() -> None:
    x, y = numbers(3, 2), [numbers(3)]
    before = x.copy(), x.flags.writeable
    found = vmap(lambda x, y: (x, y[0]))(x, y)
    assert (x == before[0]).all()
    assert x.flags.writeable == before[1]
    assert not any(np.shares_memory(a, b) for a, b in zip(found, (x, y[0]), strict=True))
    assert all(a.flags.writeable for a in found)


@pytest.mark.parametrize("layout", ["F", "negative", "strided", "broadcast", "readonly"])
def test_layouts(layout: str) -> None:
    x = numbers(4, 6)
    x = {
        "F": np.asfortranarray(x), "negative": x[::-1, ::-1], "strided": x[::2, 1::2],
        "broadcast": np.broadcast_to(x[:1], (5, 6)), "readonly": x,
    }[layout]  # fmt: skip
    x.flags.writeable = layout not in ("readonly", "broadcast")
    for axis in (0, 1, -1):
        same(vmap(lambda x: (x * 2, x.sum()), axis, strict=True)(x), loop(lambda x: (x * 2, x.sum()), axis)(x))
