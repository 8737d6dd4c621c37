"""One program for batches of every size: what `vmap` makes of a function does not see how many lanes there are.

So a program that reads its mapped arguments along their first axis, and stacks its results along theirs, holds for
any number of lanes, and so does its code, down to the last instruction: sizes are read from the arrays. Only few lanes
have narrower vectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .cells import lane_in, lane_out
from .ir import Axis, Node, Program, Value, leaves

WIDEST = 64  # lanes of a vector, at most


def sees_no_size(fun: Any) -> bool:
    """Whether a function is what `vmap` makes, and nothing in it may ask how many lanes there are."""
    from ..vmap import vmap

    code = getattr(fun, "__code__", None)
    if code is None or (code.co_filename, code.co_name) != (vmap.__code__.co_filename, "batched"):
        return False
    names = dict(zip(code.co_freevars, fun.__closure__ or (), strict=True))
    return all(names[name].cell_contents is None for name in ("axis_name", "axis_size", "chunk_size"))


def mapped_first(fun: Any, args: Any, kwargs: Any, leaves: list[Any]) -> list[int] | None:
    """The leaves that what `vmap` makes of a function maps over, if all of them over their first axes."""
    names = dict(zip(fun.__code__.co_freevars, fun.__closure__ or (), strict=True))
    inputs = names["take"].cell_contents(names["spec"].cell_contents, args, kwargs)
    mapped = {id(leaf.value) for leaf in inputs.mapped}
    return None if any(leaf.axis for leaf in inputs.mapped) else [n for n, x in enumerate(leaves) if id(x) in mapped]


def batch_axis(program: Program) -> tuple[Axis, list[int]] | None:
    """The axis whose size a program does not depend on, and the inputs that have it; None if there is none."""
    axes = program.axes()
    if not axes:
        return None
    axis, results = axes[0], {x for x in program.results if type(x) is Value}
    mapped: set[Value] = set()
    for node in nodes_of(program):
        if any(x is axis for x in leaves((node.args, node.kwargs))):
            reads = node.function is lane_in and node.args[0] in program.inputs
            if not (reads or (node.function is lane_out and node.outputs[0] in results)) or node.args[1] != 0:
                return None
            mapped.update(node.args[:1] if reads else ())
    for node in nodes_of(program):
        is_lane = node.function is lane_in and node.args[2] is axis
        if not is_lane and mapped.intersection(node.operands()):
            return None
    if not mapped or mapped & results:
        return None
    return axis, [n for n, value in enumerate(program.inputs) if value in mapped]


def nodes_of(program: Program) -> Iterator[Node]:
    """Every node, those of sub-programs among them."""
    for node in program.nodes:
        yield node
        for item in leaves((node.args, node.kwargs)):
            if type(item) is Program:
                yield from nodes_of(item)


def other_size(old: list[Any], new: list[Any], mapped: list[int]) -> int | None:
    """The size of a batch whose arguments have these keys, if they differ from known ones in nothing else."""
    sizes = set()
    if len(old) != len(new):
        return None
    for n, (before, now) in enumerate(zip(old, new, strict=True)):
        if n not in mapped:
            if before != now:
                return None
            continue
        if not all(type(key) is tuple and len(key) == 3 and type(key[1]) is tuple for key in (before, now)):
            return None  # no array
        (dtype, shape, strides), (other, sizes_now, strides_now) = before, now
        if (dtype, shape[1:], strides) != (other, sizes_now[1:], strides_now):
            return None
        if min(shape[0], WIDEST).bit_length() != min(sizes_now[0], WIDEST).bit_length():
            return None
        sizes.add(sizes_now[0])
    return sizes.pop() if len(sizes) == 1 else None
