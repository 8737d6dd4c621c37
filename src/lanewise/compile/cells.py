"""What the traced function holds: cells that follow writes and views, and the scopes in which nodes are noted."""

from __future__ import annotations

from collections.abc import Callable
from types import CellType
from typing import Any

import numpy as np

from ..array import LaneArray
from ..facts import NoLaneForm
from ..lanes import LaneAxis
from ..regions.branches import fill
from .ir import Axis, Node, Value


class Untraceable(NoLaneForm):
    """What a function does can't be recorded; it runs eagerly instead."""


class Cell:
    """An array (or scalar) of the traced function, which may be written and viewed."""

    __slots__ = (
        "args", "argument", "frozen", "kwargs", "node", "others", "parent", "scope", "shadow", "sources", "value",
        "version",
    )  # fmt: skip

    def __init__(self, value: Value, shadow: LaneArray, scope: Scope) -> None:
        self.value = value
        self.shadow = shadow
        self.scope = scope
        self.version = 0
        self.argument = False  # of the traced function, of unknown layout
        self.frozen = False  # a plain array of the user's, which no write would reach
        self.parent: Cell | None = None  # for a view: what it is a view of, and how it is read from it
        self.node: Any = None
        self.args: Any = ()
        self.kwargs: dict[str, Any] = {}
        self.sources: Sources | None = None
        self.others: dict[Cell, int] = {}  # what a loop may have bound it to, and how often that was written

    def root(self) -> Cell:
        """The array whose memory a view shares."""
        cell = self
        while cell.parent is not None:
            cell = cell.parent
        return cell

    def roots(self) -> set[Cell]:
        """The arrays that its memory may be a part of."""
        root = self.root()
        found = {root, *root.others}
        return found if root.sources is None else found.union(*[cell.roots() for cell in root.sources.cells])


class Sources:
    """What an array stands for that is one array in some lanes and another elsewhere."""

    def __init__(self, mask: Value, yes: Cell, no: Cell) -> None:
        self.mask = mask
        self.cells = (yes, no)
        self.versions = self.now()

    def now(self) -> tuple[int, int]:
        """How often the two have been written."""
        yes, no = self.cells
        return yes.root().version, no.root().version


class Listed(list[Any]):
    """A list of the traced function; see `lists`."""

    __hash__ = None

    def put_back(self, items: list[Any]) -> None:
        """Let the list hold other items, as they are."""
        list.__setitem__(self, slice(None), items)

    def truth(self) -> Any:
        """Whether the list holds anything."""
        raise NotImplementedError

    def plainly(self, tree: Any) -> Any:
        """Some arguments with ordinary lists in them."""
        raise NotImplementedError

    def alike(self, other: Listed) -> bool:
        """Whether a choice between two lists is a list."""
        raise NotImplementedError

    def joined(self, other: Listed, meet: Callable[[Any, Any], Any]) -> Listed:
        """The choice between two lists."""
        raise NotImplementedError


class Scope:
    """A list of nodes in the making: the program's own, or that of one of its sub-programs."""

    def __init__(self, axis: LaneAxis | None, parent: Scope | None) -> None:
        self.axis = axis  # the innermost mapped axis at work
        self.parent = parent
        self.nodes: list[Node] = parent.nodes if parent is not None else []
        self.path: Value | None = parent.path if parent is not None else None  # the mask of the lanes at work
        self.written: dict[Cell, Value] = {}  # cells of outer scopes that are written here, as they were
        self.read: list[tuple[Cell, Value, int]] = []  # views that were read again here, as they were
        self.lists: dict[int, tuple[Listed, list[Any]]] = {}  # lists of outer scopes changed here, as they were
        self.bound: dict[int, tuple[CellType, Any]] = {}  # variables of outer scopes bound here, as they were

    def holds(self, scope: Scope | None) -> bool:
        """Whether another scope is this one, or in it."""
        while scope is not None and scope is not self:
            scope = scope.parent
        return scope is self

    def undo(self) -> None:
        """Forget what became of arrays of outer scopes."""
        for cell, value in self.written.items():
            cell.value = value
            cell.version += 1
        for cell, value, version in reversed(self.read):
            cell.value, cell.version = value, version
            if cell.sources is not None:
                cell.sources.versions = (-1, -1)
        for changed, items in self.lists.values():
            changed.put_back(items)
        for variable, held in self.bound.values():
            fill(variable, held)


# ---- operations that only the recorder makes ----


def lane_in(x: Any, axis: int, lanes: Axis) -> Any:
    """One lane of an array along one of its axes."""
    raise NotImplementedError


def lane_out(x: Any, axis: int, lanes: Axis) -> Any:
    """All lanes of a value, along a new axis."""
    raise NotImplementedError


def put_view(x: Any, places: Any, value: Any) -> Any:
    """An array with some elements, given by their places in C order, replaced."""
    x = np.array(x)
    x.reshape(-1)[places] = value
    return x


def put(x: Any, index: Any, value: Any) -> Any:
    """An array after ``x[index] = value``."""
    x = np.array(x)
    x[index] = value
    return x


def written(x: Any, writer: Any, args: Any, kwargs: Any) -> Any:
    """An array after a function has written it, which is given it first."""
    from .tape import call_plain

    x = np.array(x)
    call_plain(writer, (x, *args), kwargs)
    return x


def pack(items: Any, shape: tuple[int, ...]) -> Any:
    """An array made of scalars."""
    return np.array(items).reshape(shape)
