"""The parts of a loop by vectors, where its length is no multiple of theirs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .folds import closure
from .ir import Axis, Node, Value
from .lift import Row

FEW = 40  # nodes whose code may be there again

Piece = tuple[tuple[int, int] | None, int]
"""A part of a loop (None: all of it, the last vector overlapping the one before), and the width of vectors there."""


def pieces(k: Any, axis: Axis, outermost: bool, values: Iterable[Value]) -> list[Piece]:
    """The parts of a kernel's loop that computes some values: what is left of a row takes narrower vectors.

    Vectors that overlap would take fewer instructions, but to write a line of memory again costs more. (Only the
    outermost axis has another size than the traced one in some calls.)
    """
    width, size = k.e.width, axis.size
    rest = size % width
    if outermost or axis not in k.vectors or size < width:
        return [(None, width)]
    if not rest:
        return [(None if type(axis) is Row else (0, size), width)]
    nodes = closure(k, values)
    if rest.bit_count() * len(nodes) > FEW or any(map(is_long, nodes)):
        return [(None, width)]
    found: list[Piece] = [((0, size - rest), width)]
    while rest:
        narrow = 1 << (rest.bit_length() - 1)
        found.append(((size - rest, size - rest + narrow), narrow))
        rest -= narrow
    return found


def is_long(node: Node) -> bool:
    """Whether the code of a node is long: that of a loop or of an algorithm."""
    module = getattr(node.function, "__module__", None) or ""
    return node.function in ("while", "scan", "recurse") or "linalg" in module
