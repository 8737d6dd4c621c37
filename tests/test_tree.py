"""`lanewise.tree`: JAX's names, against `jax.tree`."""

from __future__ import annotations

import collections
import dataclasses
import operator
from typing import Any

import jax
import numpy as np
import pytest
from loops import numbers, same

from lanewise import tree, vmap

Pair = collections.namedtuple("Pair", "first second")

TREES: list[Any] = [
    1, None, (), [], {}, (1, [2, {"b": 3, "a": (4,)}]), Pair(1, (2, None)), {"z": 1, "a": [None, 2]},
    collections.OrderedDict(b=1, a=2), collections.defaultdict(int, b=1, a=2),
]  # fmt: skip


@pytest.mark.parametrize("x", TREES, ids=map(repr, TREES))
def test_as_in_jax(x: Any) -> None:
    assert tree.leaves(x) == jax.tree.leaves(x)
    assert tree.map(lambda n: n * 2, x) == jax.tree.map(lambda n: n * 2, x)
    assert tree.map(operator.add, x, x) == jax.tree.map(operator.add, x, x)
    assert tree.all(x) == jax.tree.all(x)
    assert tree.reduce(operator.add, x, 10) == jax.tree.reduce(operator.add, x, 10)
    leaves, treedef = tree.flatten(x)
    assert tree.structure(x) == treedef
    assert tree.unflatten(treedef, leaves) == x
    assert treedef.num_leaves == jax.tree.structure(x).num_leaves
    assert [leaf for _, leaf in tree.leaves_with_path(x)] == [leaf for _, leaf in jax.tree.leaves_with_path(x)]


def test_is_leaf() -> None:
    x = (1, [2, 3], {"k": [4]})

    def is_list(node: Any) -> bool:
        return isinstance(node, list)

    assert tree.leaves(x, is_leaf=is_list) == jax.tree.leaves(x, is_leaf=is_list) == [1, [2, 3], [4]]
    assert tree.map(lambda n: 0, x, is_leaf=is_list) == (0, 0, {"k": 0})
    assert tree.structure(x, is_leaf=is_list).num_leaves == 3
    assert tree.all(([], [1]), is_leaf=is_list) is False
    assert tree.reduce(operator.add, ([1], [2]), [], is_leaf=is_list) == [1, 2]
    paths = [path.codify("x") for path, _ in tree.leaves_with_path(x, is_leaf=is_list)]
    assert paths == ["x[0]", "x[1]", "x[2]['k']"]


def test_paths() -> None:
    x = {"w": Pair(1, [2]), "b": (3,)}
    pairs, treedef = tree.flatten_with_path(x)
    assert [path.codify("x") for path, _ in pairs] == ["x['b'][0]", "x['w'].first", "x['w'].second[0]"]
    assert [path(x) for path, _ in pairs] == [3, 1, 2]
    assert tree.unflatten(treedef, [leaf for _, leaf in pairs]) == x
    found = tree.map_with_path(lambda path, a, b: (path.codify("p"), a + b), x, x)
    assert found == {"b": (("p['b'][0]", 6),), "w": Pair(("p['w'].first", 2), [("p['w'].second[0]", 4)])}
    with pytest.raises(ValueError, match="key"):
        tree.map_with_path(lambda path, a, b: a, x, {"w": 1})


def test_reduce_without_a_start() -> None:
    assert tree.reduce(operator.mul, [2, (3, 4)]) == 24
    assert tree.reduce(operator.add, [1], initializer=5) == 6
    with pytest.raises(TypeError, match="empty"):
        tree.reduce(operator.add, [])


def test_transpose() -> None:
    outer, inner = tree.structure({"a": 0, "b": 0}), tree.structure((0, 0, 0))
    assert tree.transpose(outer, inner, {"a": (1, 2, 3), "b": (4, 5, 6)}) == (
        {"a": 1, "b": 4}, {"a": 2, "b": 5}, {"a": 3, "b": 6},
    )  # fmt: skip


def test_mismatched_trees() -> None:
    with pytest.raises(ValueError, match="tuple"):
        tree.map(operator.add, (1, 2), [1, 2])
    with pytest.raises(ValueError):
        tree.unflatten(tree.structure((1, 2)), [1])


# ---- classes ----


def test_dataclasses_are_known_when_met() -> None:
    @dataclasses.dataclass(frozen=True)
    class Point:
        x: Any
        y: Any = dataclasses.field(default=0.0, kw_only=True)
        norm: Any = dataclasses.field(init=False, default=7)

    point = Point(1.0, y=[2.0, None])
    assert tree.leaves({"p": point}) == [1.0, 2.0, 7]
    assert tree.map(lambda n: n + 1, point).y == [3.0, None]
    assert tree.leaves_with_path(point)[1][0].codify("p") == "p.y[0]"
    assert tree.leaves([Point]) == [Point]


def test_register_dataclass() -> None:
    @tree.register_dataclass
    @dataclasses.dataclass
    class All:
        a: Any
        b: Any

    @dataclasses.dataclass
    class Some:
        a: Any
        name: str

    assert tree.register_dataclass(Some, ["a"], ["name"]) is Some
    assert tree.leaves(All(1, 2)) == [1, 2]
    assert tree.leaves(Some(1, "n")) == [1]
    assert tree.map(lambda n: n + 1, Some(1, "n")) == Some(2, "n")
    assert tree.structure(Some(1, "n")) != tree.structure(Some(1, "m"))
    same(vmap(lambda s: (s.a * 2, len(s.name)))(Some(numbers(3), "name")), (2 * numbers(3), np.full(3, 4)))
    with pytest.raises(ValueError, match="already registered"):
        tree.register_dataclass(Some)


def test_a_registration_overrides_what_was_done_on_meeting() -> None:
    @dataclasses.dataclass
    class Late:
        a: Any
        name: Any

    assert tree.leaves(Late(1, 2)) == [1, 2]
    tree.register_dataclass(Late, meta_fields=["name"])
    assert tree.leaves(Late(1, 2)) == [1]


def test_register_pytree_node() -> None:
    class Box:
        def __init__(self, content: Any) -> None:
            self.content = content

    tree.register_pytree_node(Box, lambda box: ((box.content,), "box"), lambda _, children: Box(*children))
    assert tree.leaves([Box({"a": 1})]) == [1]
    same(vmap(lambda box: Box(box.content + 1))(Box(numbers(3))).content, numbers(3) + 1)


def test_dataclasses_through_vmap() -> None:
    @dataclasses.dataclass
    class State:
        position: Any
        velocity: Any

    def step(state: State, dt: Any) -> State:
        return State(state.position + dt * state.velocity, -state.velocity)

    found = vmap(step, (0, None))(State(numbers(3, 2), numbers(3, 2)), 0.5)
    assert type(found) is State
    same((found.position, found.velocity), (1.5 * numbers(3, 2), -numbers(3, 2)))
