"""Programs: what tracing records, how it reads, and what the passes make of it."""

from __future__ import annotations

import numpy as np
import pytest

import lanewise.numpy as lnp
from lanewise import Program, TraceError, make_program, vmap
from lanewise.compile.ir import Node, Value
from lanewise.compile.passes import common, dead_code, fold_constants, simplify


def functions(program: Program) -> list[str]:
    """The names of a program's operations."""
    return [getattr(node.function, "__name__", str(node.function)) for node in program.nodes]


def test_listing():
    program = make_program(vmap(lambda x, w: (x * w).sum(), in_axes=(0, None)))(np.ones((5, 3)), 2.0)
    assert str(program).splitlines() == [
        "<lambda>(%0: float64[5, 3], %1: float64[]):",
        "  %2: float64[3] {<lambda>=5} = lane_in(%0, 0, <lambda>=5)",
        "  %3: float64[3] {<lambda>=5} = multiply(%2, %1)",
        "  %4: float64[] {<lambda>=5} = sum(%3)",
        "  %5: float64[5] = lane_out(%4, 0, <lambda>=5)",
        "  return %5",
    ]


def test_nested_maps_have_sets_of_axes():
    inner = vmap(lambda x, y: x * y + np.sin(x), in_axes=(None, 0))
    program = make_program(vmap(inner, in_axes=(0, None)))(np.ones(4), np.ones(3))
    axes = {name: len(node.outputs[0].axes) for name, node in zip(functions(program), program.nodes, strict=True)}
    assert axes["multiply"] == axes["add"] == 2
    assert axes["sin"] == 1


def test_views_and_writes_are_values():
    def f(x):
        y = x[1:]
        y[0] = 5.0
        y[::-1][0] += x[0]
        return x.T

    program = make_program(vmap(f))(np.ones((4, 3)))
    assert functions(program).count("put_view") >= 3  # a view of a view is put back twice
    assert len(program.results) == 2  # the result, and what is left in the argument


def test_arrays_of_lane_values():
    program = make_program(vmap(lambda x: lnp.array([x[0], 1.0, x[1]])))(np.ones((4, 3)))
    assert program.results[0].shape == (4, 3)


def test_constants_of_closures_are_read_anew():
    table = np.arange(3.0)
    program = make_program(vmap(lambda x: x * table))(np.ones((4, 3)))
    (node,) = [node for node in program.nodes if node.function is np.asarray]
    assert node.args[0] is table


def test_a_fact_has_no_value():
    with pytest.raises(TraceError, match="text of a value"):
        make_program(lambda x: str(x))(np.float64(1.0))
    with pytest.raises(TraceError, match="can't be traced"):
        make_program(vmap(lambda x: x + np.random.rand()))(np.ones(3))


# ---- passes, on programs made by hand ----


def value(shape=(), dtype=float):
    return Value(shape, np.dtype(dtype), (), 0)


def node(function, *args):
    made = Node(function, args, {}, [value(args[0].shape if isinstance(args[0], Value) else np.shape(args[0]))])
    return made, made.outputs[0]


def test_dead_code():
    x = value()
    a, y = node(np.sin, x)
    b, _ = node(np.cos, x)
    assert dead_code(Program("f", [x], [a, b], [y])).nodes == [a]


def test_common():
    x = value()
    a, y = node(np.sin, x)
    b, z = node(np.sin, x)
    c, w = node(np.add, y, z)
    found = common(Program("f", [x], [a, b, c], [w]))
    assert functions(found) == ["sin", "add"]
    assert found.nodes[1].args == (y, y)


def test_common_keeps_apart_what_differs():
    x = value((3,))
    nodes = [node(np.sum, x)[0], Node(np.sum, (x,), {"axis": 0}, [value()])]
    assert len(common(Program("f", [x], nodes, [n.outputs[0] for n in nodes])).nodes) == 2


def test_fold_constants():
    c, x = node(np.asarray, np.array([1.0, 2.0]))
    a, y = node(np.add, x, 1.0)
    (_, found) = fold_constants(Program("f", [], [c, a], [y])).nodes
    assert found.function is np.asarray
    assert found.args[0].tolist() == [2.0, 3.0]


def test_simplify_reaches_into_loops():
    def f(x):
        a, b = np.sin(x), np.sin(x)
        k = 0
        while k < 100 and a < 3:
            a = a + b
            k += 1
        return a

    program = simplify(make_program(vmap(f))(np.ones(4)))
    assert functions(program).count("sin") == 1


def test_composites_are_recorded_in_parts():
    program = make_program(vmap(lambda x: x.mean() + x.std() + np.linalg.norm(x)))(np.ones((4, 3)))
    assert not {"mean", "std", "norm"} & set(functions(program))
