"""Lists of the traced function: what lanes do to them apart is a choice for each item.

A list as long in every lane is a list of items; to write one under a mask is to choose it. A list that lanes make
longer or shorter apart is a *buffer*: an array for each part of its items, and a length; lanes that need more room
than there is go the ordinary way. Which lists are buffers is found out by tracing: the function is traced again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..array import ARRAY, PYTHON, LaneArray
from ..convert import lane_form
from ..convert.calls import FORMS, OWN
from ..convert.logic import SEQUENCES
from ..regions import VARYING, Mixed
from .cells import Listed, Scope, Untraceable
from .ir import Value
from .mixed import alike, is_number, meet, put_together, take_apart, ways
from .trace import Recorder

ROOM = 4  # items of a buffer, for each call that a function may make of itself
SORTED = 12  # the longest list that is sorted by choices
SELECTED = 64  # the most items among which a number of each lane chooses


class NeedsBuffer(Untraceable):
    """A list is made longer or shorter where not all lanes are."""

    def __init__(self, place: Any) -> None:
        super().__init__("a list grows or shrinks where not all lanes are")
        self.place = place


class TracedList(Listed):
    """A list that converted code has made.

    Parameters
    ----------
    place : object
        Where in the code it is made; None if it can't be made as a buffer.
    frozen : bool
        Whether it stands for one list at first and another later, so that nobody may change it.
    """

    __slots__ = ("buffer", "frozen", "lent", "path", "place", "r", "scope")

    def __init__(self, r: Recorder, items: Iterable[Any] = (), place: Any = None, *, frozen: bool = False) -> None:
        super().__init__(items)
        self.r = r
        self.scope, self.path = r.scope, r.scope.path
        self.place = place
        self.frozen = frozen
        self.lent = False  # a choice between this and another list has its items
        self.buffer: Buffer | None = None
        if place is not None and place in r.buffered:
            given = list(self)
            super().clear()
            self.buffer = Buffer(r)
            for item in given:
                self.buffer.append(item)

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return list

    def plainly(self, tree: Any) -> Any:
        return plainly(tree)

    def alike(self, other: Listed) -> bool:
        assert type(other) is TracedList
        return self.buffer is other.buffer is None and len(self) == len(other)

    def joined(self, other: Listed, meet: Callable[[Any, Any], Any]) -> Listed:
        assert type(other) is TracedList
        self.lent = other.lent = True
        items = [meet(x, y) for x, y in zip(self.whole(), other.whole(), strict=True)]
        return TracedList(self.r, items, frozen=True)

    def fixed(self) -> bool:
        """Whether it is known where the list was made, or it may differ in length between lanes already."""
        return self.place is not None or self.buffer is not None

    # ---- writing ----

    def note(self) -> None:
        """Let the scopes at work know that the list is changed."""
        if self.frozen or self.lent:
            raise Untraceable("a list is changed that may be one of several")
        scope: Scope | None = self.r.scope
        while scope is not None and scope is not self.scope:
            if scope.axis is not None:
                raise Untraceable("a list that the lanes share is changed")
            scope.lists.setdefault(id(self), (self, list(self)))
            scope = scope.parent

    def resized(self, change: Callable[[], Any]) -> Any:
        """Make the list longer or shorter, which all lanes at work have to do."""
        r = self.r
        if r.scope.path is not self.path or r.scope is not self.scope:
            raise NeedsBuffer(self.place)
        self.note()
        return change()

    def __setitem__(self, index: Any, value: Any) -> None:
        r = self.r
        if self.buffer is not None:
            self.buffer.set(index, value)
        elif type(index) is slice:
            items = list(value)
            if len(items) != len(self[index]):
                self.resized(lambda: list.__setitem__(self, index, items))
            else:
                for place, item in zip(range(*index.indices(len(self))), items, strict=True):
                    self[place] = item
        elif type(index) is LaneArray:
            self.note()
            where = places(r, index, len(self))
            for place in range(len(self)):
                here = r.truth(where == place)
                mask = here if r.scope.path is None else r.node_value(np.logical_and, r.scope.path, here)
                list.__setitem__(self, place, meet(r, mask, value, list.__getitem__(self, place)))
        else:
            old = list.__getitem__(self, index)
            self.note()
            list.__setitem__(self, index, value if r.scope.path is None else meet(r, r.scope.path, value, old))

    def append(self, value: Any) -> None:
        if self.buffer is not None:
            self.buffer.append(value)
        else:
            self.resized(lambda: list.append(self, value))

    def extend(self, values: Iterable[Any]) -> None:
        if type(values) is TracedList and values.buffer is not None:
            lane_form(_extend)(self, values)
            return
        for value in list(values):
            self.append(value)

    def insert(self, index: Any, value: Any) -> None:
        if self.buffer is not None:
            self.buffer.insert(index, value)
        else:
            self.resized(lambda: list.insert(self, index, value))

    def pop(self, index: Any = -1) -> Any:
        if self.buffer is not None:
            return self.buffer.pop(index)
        return self.resized(lambda: list.pop(self, index))

    def __iadd__(self, values: Iterable[Any]) -> Any:  # type: ignore[misc]
        self.extend(values)
        return self

    def clear(self) -> None:
        self.changed_whole(lambda: list.clear(self))

    def reverse(self) -> None:
        self.changed_whole(lambda: list.reverse(self))

    def sort(self, **options: Any) -> None:
        for place, item in enumerate(in_order(self.r, self.whole(), **options)):
            self[place] = item

    def remove(self, value: Any) -> None:
        self.changed_whole(lambda: list.remove(self, value))

    def __delitem__(self, index: Any) -> None:
        self.changed_whole(lambda: list.__delitem__(self, index))

    def __imul__(self, count: Any) -> TracedList:
        self.changed_whole(lambda: list.__imul__(self, count))
        return self

    def changed_whole(self, change: Callable[[], Any]) -> None:
        if self.buffer is not None:
            raise Untraceable("a list that differs in length between lanes is changed as a whole")
        self.resized(change)

    # ---- reading ----

    def __getitem__(self, index: Any) -> Any:
        if self.buffer is not None:
            return self.buffer.get(index)
        if type(index) is LaneArray:
            return pick(self.r, list(self), index)
        found = list.__getitem__(self, index)
        return TracedList(self.r, found) if type(index) is slice else found

    def length(self) -> Any:
        """``len()``."""
        return len(self) if self.buffer is None else self.buffer.length()

    def truth(self) -> Any:
        """Whether the list holds anything."""
        return self.length() > 0

    def whole(self) -> list[Any]:
        """The items of a list that is as long in every lane."""
        if self.buffer is not None:
            raise Untraceable("a list that differs in length between lanes is read as a whole")
        return list.copy(self)

    def __iter__(self) -> Any:
        if self.buffer is not None:
            raise Untraceable("a list that differs in length between lanes is read as a whole")
        return list.__iter__(self)

    def __len__(self) -> int:
        if self.buffer is not None:
            raise Untraceable("the length of a list differs between lanes")
        return list.__len__(self)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __eq__(self, other: Any) -> Any:
        return self.whole() == other

    def __ne__(self, other: Any) -> Any:
        return self.whole() != other

    def __contains__(self, item: Any) -> bool:
        return item in self.whole()

    def copy(self) -> TracedList:
        return TracedList(self.r, self.whole())

    def __add__(self, other: Any) -> Any:
        if self.buffer is None and not (type(other) is TracedList and other.buffer is not None):
            return TracedList(self.r, [*self.whole(), *other])
        found = self.uneven()
        for items in (self, other):
            found.extend(items)
        return found

    def __mul__(self, count: Any) -> Any:
        if type(count) is not LaneArray:
            return TracedList(self.r, self.whole() * count)
        found, items = self.uneven(), self.whole()
        assert found.buffer is not None
        size: Any = count
        found.buffer.fill(items, size * len(items))
        return found

    __rmul__ = __mul__

    def uneven(self) -> TracedList:
        """A new list, without items, that may differ in length between lanes."""
        found = TracedList(self.r)
        found.buffer = Buffer(self.r)
        return found

    def index(self, value: Any, *bounds: Any) -> Any:
        r, items = self.r, self.whole()
        if bounds:
            raise Untraceable("an index between bounds")
        return first_equal(r, items, value)

    def count(self, value: Any) -> Any:
        found = sum([item is value or item == value for item in self.whole()])
        if type(found) is not LaneArray:
            return found
        return self.r.new(self.r.cast(self.r.as_value(found), (None, np.dtype(np.int64), None, PYTHON)))


def _extend(items: Any, values: Any) -> None:
    """Rewritten as the user's code is."""
    for value in values:
        items.append(value)


OWN.add(_extend.__code__)
SEQUENCES.add(TracedList)
VARYING.add(TracedList)


# ---- one of several items ----


def places(r: Recorder, index: LaneArray, size: Any) -> Any:
    """An index of each lane from the start; lanes that are out of range need the ordinary way."""
    if index.data.dtype.kind not in "iu" or index.data.ndim != index.lanes.ndim:
        raise TypeError("list indices must be integers or slices")
    whole = r.form(int, FORMS[int])(index)
    where = r.choose(whole < 0, lambda: whole + size, lambda: whole)
    r.fail_where(r.truth(where < 0))
    r.fail_where(r.truth(where >= size))
    return where


def pick(r: Recorder, items: Any, index: LaneArray) -> Any:
    """An item of a sequence by a number of each lane."""
    if len(items) == 0:
        raise IndexError("index out of range")
    where = places(r, index, len(items))
    if len(items) > SELECTED:
        raise Untraceable("an item of a long list is chosen by a number of each lane")
    found = items[len(items) - 1]
    for place in range(len(items) - 1):
        found = meet(r, r.truth(where == place), items[place], found)
    return found


def first_equal(r: Recorder, items: list[Any], value: Any) -> Any:
    """``list.index``."""
    if not items:
        raise ValueError("value is not in list")
    item, *rest = items
    test = r.truths(True if item is value else item == value)
    if type(test) is not LaneArray:
        return 0 if test else first_equal(r, rest, value) + 1
    mask = r.truth(test)
    return ways(r, [mask, r.node_value(np.logical_not, mask)], [lambda: 0, lambda: first_equal(r, rest, value) + 1])


def less(a: Any, b: Any) -> Any:
    """``a < b``; of tuples what decides is the first of their items that differ."""
    if not (type(a) is type(b) is tuple and a and b):
        return a < b
    rest = less(a[1:], b[1:])
    return (a[0] < b[0]) | ((True if a[0] is b[0] else a[0] == b[0]) & rest)


def in_order(r: Recorder, items: list[Any], key: Any = None, reverse: bool = False) -> list[Any]:
    """``sorted()``: neighbours change places where the second is less, turn by turn."""
    if len(items) > SORTED:
        raise Untraceable("a long list is sorted")
    rows = [(item if key is None else key(item), item) for item in items]
    for row in rows:
        for part in row[0] if type(row[0]) is tuple else row[:1]:
            if type(part) is LaneArray and part.data.dtype.kind == "f":
                r.fail_where(r.truth(part != part))  # where a nan ends up depends on how Python sorts
    if reverse:
        rows.reverse()
    for turn in range(len(rows)):
        for at in range(turn % 2, len(rows) - 1, 2):
            a, b = rows[at], rows[at + 1]
            test = r.truths(less(b[0], a[0]))
            if type(test) is LaneArray:
                mask = r.truth(test)
                rows[at], rows[at + 1] = meet(r, mask, b, a), meet(r, mask, a, b)
            elif test:
                rows[at], rows[at + 1] = b, a
    return [item for _, item in (reversed(rows) if reverse else rows)]


# ---- lists that differ in length between lanes ----


class Buffer:
    """The items of a list that differs in length between lanes: an array for each of their parts."""

    def __init__(self, r: Recorder) -> None:
        self.r = r
        self.scope = r.scope
        self.size = self.array(np.zeros((), np.int64))
        self.room = min(ROOM * r.deepest, SELECTED)
        r.cut = True
        self.parts: list[Any] = []
        self.structure: Any = None
        self.like: Any = None

    def array(self, data: Any) -> LaneArray:
        """An array of the scope in which the list was made."""
        r = self.r
        outer, r.scope = r.scope, self.scope
        try:
            return r.fresh(data)
        finally:
            r.scope = outer

    def length(self) -> Any:
        """How long the list is in each lane."""
        value = self.r.value(self.r.cell_of(self.size))
        return self.r.new(self.r.cast(value, ((), value.dtype, value.axes, PYTHON)))

    def taken_apart(self, value: Any) -> list[Any]:
        """The parts of an item, which has to be like the others."""
        r = self.r
        leaves: list[Any] = []
        structure = take_apart(r.settled(value) if type(value) is Mixed else value, leaves)
        if not all(map(is_number, leaves)):
            raise Untraceable("a list that differs in length between lanes holds what is no number")
        if self.structure is None:
            self.structure, self.like = structure, leaves
            for leaf in leaves:
                found = r.as_value(leaf)
                self.parts.append(self.array(np.zeros((self.room, *found.shape), found.dtype)))
        if structure != self.structure or not all(map(alike, self.like, leaves)):
            raise Untraceable("a list that differs in length between lanes holds items of several types")
        return leaves

    def set(self, index: Any, value: Any) -> None:
        """``items[index] = value``."""
        self.write(self.place(index), self.taken_apart(value))

    def write(self, where: Any, leaves: list[Any]) -> None:
        for part, leaf in zip(self.parts, leaves, strict=True):
            self.r.store(self.r.cell_of(part), where, leaf)

    def resize(self, size: Any) -> None:
        self.r.store(self.r.cell_of(self.size), Ellipsis, size)

    def place(self, index: Any) -> Any:
        """An index from the start, in range."""
        if type(index) is slice:
            raise Untraceable("a part of a list that differs in length between lanes")
        if type(index) is not LaneArray:
            index = self.r.new(self.r.as_value(int(index)))
        where = places(self.r, index, self.length())
        return self.r.choose(where < 0, lambda: 0, lambda: self.r.choose(where >= self.room, lambda: 0, lambda: where))

    def get(self, index: Any) -> Any:
        """``items[index]``."""
        return self.read(self.place(index))

    def read(self, where: Any) -> Any:
        r = self.r
        if self.structure is None:
            raise IndexError("list index out of range")
        found = []
        for part, like in zip(self.parts, self.like, strict=True):
            item = part[where]
            value = r.value(r.cell_of(item))
            kind = r.as_value(like).kind
            new = Value(value.shape, value.dtype, value.axes, kind)
            r.add_node("kind" if kind != ARRAY else "copy", (value,), {}, [new])
            found.append(r.frozen(new))
        return put_together(self.structure, iter(found))

    def append(self, value: Any) -> None:
        """``items.append(value)``."""
        size = self.length()
        full = size >= self.room
        self.r.fail_where(self.r.truth(full))
        self.write(self.r.choose(full, lambda: 0, lambda: size), self.taken_apart(value))
        self.resize(size + 1)

    def fill(self, items: list[Any], size: Any) -> None:
        """Hold these items over and over, so many in all."""
        r = self.r
        r.fail_where(r.truth(size > self.room))
        for place in range(self.room if items else 0):
            self.write(place, self.taken_apart(items[place % len(items)]))
        self.resize(r.form(max, max)(size, 0))

    def pop(self, index: Any = -1) -> Any:
        """``items.pop(index)``."""
        where = self.place(index)
        found = self.read(where)
        if index != -1:
            for part in self.parts:
                self.shift(part, where, lambda part: np.concatenate([part[1:], part[-1:]]))
        self.resize(self.length() - 1)
        return found

    def insert(self, index: Any, value: Any) -> None:
        """``items.insert(index, value)``."""
        r, size = self.r, self.length()
        r.fail_where(r.truth(size >= self.room))
        given: Any = index if type(index) is LaneArray else r.new(r.as_value(int(index)))
        low = r.choose(r.truths(given < 0), lambda: given + size, lambda: given)
        where = r.form(min, min)(r.form(max, max)(low, 0), size)
        leaves = self.taken_apart(value)
        for part in self.parts:
            self.shift(part, where, lambda part: np.concatenate([part[:1], part[:-1]]))
        self.write(where, leaves)
        self.resize(size + 1)

    def shift(self, part: Any, where: Any, moved: Callable[[Any], Any]) -> None:
        """Move the items from a place on."""
        numbers = np.arange(self.room).reshape(self.room, *[1] * (len(self.r.cell_of(part).value.shape) - 1))
        self.r.store(self.r.cell_of(part), Ellipsis, np.where(numbers < where, part, moved(part)))


def holds(value: Any, kinds: tuple[type, ...]) -> bool:
    """Whether something of these types is among some arguments."""
    kind = type(value)
    if kind is tuple or kind is list:
        return any(holds(item, kinds) for item in value)
    if kind is dict:
        return any(holds(item, kinds) for item in value.values())
    return kind in kinds


def plainly(value: Any) -> Any:
    """A result with ordinary lists in it."""
    kind = type(value)
    if kind is TracedList:
        return [plainly(item) for item in value.whole()]
    if kind is list:
        return [plainly(item) for item in value]
    if kind is tuple:
        return tuple([plainly(item) for item in value])
    if kind is dict:
        return {key: plainly(item) for key, item in value.items()}
    return value
