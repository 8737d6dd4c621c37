"""Kernels over the same lanes, run one after the other for some lanes at a time.

What passes from one to the next is then in memory for those lanes only: on the stack, and in the cache. A chain is a
kernel itself, which calls the others; of what passes they are given array objects that it makes up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .emit import Emitter, Ref
from .kernel import Code
from .lift import Row
from .native import machine, offsets
from .plan import KernelStep, Stored
from .view import View

TILES = (384, 192, 96, 48, 24, 12, 6, 3)  # lanes at a time: multiples of what products and vectors take
ROOM = 1 << 18  # bytes for what passes


def chained(steps: list[Any], results: Iterable[Stored]) -> list[Any]:
    """The steps, kernels that can be put in chains where something passes from one to the next."""
    found: list[Any] = []
    links: list[KernelStep] = []
    outside = set(results)

    def end(later: list[Any]) -> None:
        read = outside.union(*[step.reads() for step in later])
        chain = chain_of(links, read) if len(links) > 1 else None
        found.extend(links if chain is None else [chain])
        links.clear()

    for n, step in enumerate(steps):
        if links and joins(links, step):
            links.append(step)
        elif links and links_ignore(links, step):
            found.append(step)
        else:
            end(steps[n:])
            if type(step) is KernelStep and step.axis is not None and type(step.axis) is not Row:
                links.append(step)
            else:
                found.append(step)
    end([])
    return found


def links_ignore(links: list[KernelStep], step: Any) -> bool:
    """Whether a step may go before a chain."""
    return not any(step.reads().intersection(link.outputs) for link in links)


def joins(links: list[KernelStep], step: Any) -> bool:
    """Whether a kernel runs over the lanes of a chain, and needs of each lane only what the chain makes of it."""
    axis = links[0].axis
    if type(step) is not KernelStep or step.axis is not axis:
        return False
    made = {stored for link in links for stored in link.outputs}
    return all(stored not in made or view.leads(axis) for stored, view in seen(step))


def chain_of(links: list[KernelStep], read: set[Stored]) -> KernelStep | None:
    """Some kernels as one; None if nothing passes between them, or too much."""
    axis = links[0].axis
    made = {stored: n for n, link in enumerate(links) for stored in link.outputs}
    passing = [
        stored for stored in made
        if stored not in read and all(view.leads(axis) for link in links for x, view in seen(link) if x is stored)
    ]  # fmt: skip
    if not passing:
        return None
    last = {stored: n for n, link in enumerate(links) for stored, _ in seen(link)}
    room = Room()
    places = {stored: room.place(each_of(stored), made[stored], last[stored]) for stored in passing}
    widest = max(link.width for link in links)
    tile = next((lanes for lanes in TILES if lanes * room.size <= ROOM and lanes >= widest), None)
    if tile is None:
        return None
    stored = list(dict.fromkeys([x for link in links for x in link.stored if x not in places]))
    slots = {x: n for n, x in enumerate(stored)}
    views = [view.at(slots[x]) for link in links for x, view in seen(link) if x not in places]
    code = Driver(links, slots, places, tile).code(room.size)
    outputs = [x for link in links for x in link.outputs if x not in places]
    return KernelStep(stored, views, outputs, axis, tile, code, sum(link.each for link in links))


def seen(step: KernelStep) -> Iterator[tuple[Stored, View]]:
    """The arrays of a kernel, and what it sees of them."""
    return ((step.stored[view.slot], view) for view in step.views)


def each_of(stored: Stored) -> int:
    """Bytes of an array for each lane."""
    first = stored.strides[0]
    assert first is not None
    return first


class Room:
    """Memory for what passes, of one lane: what is not needed any more makes room for others."""

    def __init__(self) -> None:
        self.taken: list[tuple[int, int, int, int]] = []  # first and last byte, first and last kernel
        self.size = 0

    def place(self, size: int, first: int, last: int) -> int:
        """Where so many bytes are free, from the one kernel to the other."""
        start = 0
        for begin, end, born, dies in sorted(self.taken):
            if born <= last and first <= dies and begin < start + size and start < end:
                start = end
        self.taken.append((start, start + size, first, last))
        self.size = max(self.size, start + size)
        return start


class Driver:
    """The code that calls the kernels of a chain."""

    def __init__(self, links: list[KernelStep], slots: dict[Stored, int], places: dict[Stored, int], tile: int) -> None:
        self.e = Emitter(1, machine().features)
        self.links, self.slots, self.places, self.tile = links, slots, places, tile

    def code(self, room: int) -> Code:
        """The code of the chain."""
        e = self.e
        objects, low, high = (Ref(name, kind, 1, e.root) for name, kind in OBJECTS)
        memory = e.alloca("i8", room * self.tile)
        heads = {stored: self.head(stored) for stored in self.places}
        tables = [self.table(link, objects, heads) for link in self.links]
        loop = e.enter(low, high, self.tile)
        flags = loop.carry(e.index(0))
        assert loop.counter is not None
        last = e.integer("sub", high, e.index(self.tile))  # the last tile overlaps the one before
        start = e.intrinsic("smax", e.intrinsic("smin", loop.counter, last), e.index(0))
        stop = e.intrinsic("smin", e.integer("add", start, e.index(self.tile)), high)
        for stored, place in self.places.items():
            base = e.address(memory, e.index(place * self.tile))
            shift = e.integer("mul", start, e.index(-each_of(stored)))
            e.store(e.address(base, shift), e.address(heads[stored], e.index(offsets().data)))
        found = flags.ref
        for n, table in enumerate(tables):
            text = f"call i64 @link{n}(ptr {table.name}, i64 {start.name}, i64 {stop.name})"
            found = e.op("or", found, e.add(text, "i64", 1, [start, stop], here=True))
        flags.next = found
        loop.close()
        e.do(f"ret i64 {flags.ref.name}")
        declared = {line for link in self.links for line in link.code.declared} | set(e.declared.values())
        helpers: list[str] = []
        for n, link in enumerate(self.links):
            helpers += link.code.link(f"link{n}")
        return Code(sorted(declared), helpers, [*e.allocas, *e.root.lines])

    def head(self, stored: Stored) -> Ref:
        """What kernels read of an array object: where its data are, and its shape if they ask for that."""
        e, at = self.e, offsets()
        head = e.alloca("i8", max(at.data, at.shape) + 8)
        if any(view.sized for link in self.links for x, view in seen(link) if x is stored):
            memory = e.alloca("i64", len(stored.shape))
            for n, number in enumerate(stored.shape):
                e.store(e.index(number), e.address(memory, e.index(8 * n)))
            e.store(memory, e.address(head, e.index(at.shape)))
        return head

    def table(self, link: KernelStep, objects: Ref, heads: dict[Stored, Ref]) -> Ref:
        """The objects of a kernel."""
        e = self.e
        memory, used = e.alloca("ptr", len(link.stored)), {view.slot for view in link.views}
        for n, stored in enumerate(link.stored):
            if n not in used:
                continue
            known = heads.get(stored)
            if known is None:
                known = e.load(e.address(objects, e.index(8 * self.slots[stored])), "ptr")
            e.store(known, e.address(memory, e.index(8 * n)))
        return memory


OBJECTS = (("%objects", "ptr"), ("%lo", "i64"), ("%hi", "i64"))
