"""Object files whose constants lie behind the code, in its own section.

LLVM's linker puts each section somewhere in memory, and code refers to constants by distances of 32 bits. In a process
with gigabytes of arrays the two may be further apart, and the linker then ends the process. So the constants are copied
behind the code here, and the distances filled in: there is one section to be placed.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

_X86_64, _PROGBITS, _RELA = 62, 1, 4
_WRITE, _ALLOC, _EXEC = 1, 2, 4
_PC32 = 2  # the kind of a relocation: the distance from a place to a symbol
_HEADER, _SYMBOL, _ENTRY = struct.Struct("<IIQQQQIIQQ"), struct.Struct("<IBBHQQ"), struct.Struct("<QQq")


class Section(NamedTuple):
    """The header of a section."""

    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry: int


def one_piece(code: bytes) -> bytes:
    """An object file with its constants behind its code; as it is, if anything about it is unusual."""
    if code[:6] != b"\x7fELF\x02\x01" or struct.unpack_from("<H", code, 18)[0] != _X86_64:
        return code
    table = struct.unpack_from("<Q", code, 40)[0]
    count = struct.unpack_from("<H", code, 60)[0]
    sections = [Section(*_HEADER.unpack_from(code, table + n * _HEADER.size)) for n in range(count)]
    codes = [n for n, section in enumerate(sections) if section.flags & _EXEC and section.size]
    relocated = {section.info for section in sections if section.type == _RELA}
    if len(codes) != 1 or codes[0] not in relocated:
        return code
    (main,) = codes
    text = bytearray(code[sections[main].offset :][: sections[main].size])
    places = {main: 0}
    for n, section in enumerate(sections):
        if section.type == _PROGBITS and section.flags & (_WRITE | _ALLOC | _EXEC) == _ALLOC and section.size:
            text += bytes(-len(text) % section.align)
            places[n] = len(text)
            text += code[section.offset :][: section.size]
    made = bytearray(code)
    for n, section in enumerate(sections):
        if section.type == _RELA and section.info in places:
            left = _resolved(code, sections, section, places, text)
            if left is None or (left and section.info != main):
                return code
            made[section.offset : section.offset + len(left)] = left
            sections[n] = section._replace(size=len(left))
    made += bytes(-len(made) % 64)
    align = max(sections[n].align for n in places)
    sections[main] = sections[main]._replace(offset=len(made), size=len(text), align=align)
    made += text
    for n, section in enumerate(sections):
        _HEADER.pack_into(made, table + n * _HEADER.size, *section)
    return bytes(made)


def _resolved(
    code: bytes, sections: list[Section], relocations: Section, places: dict[int, int], text: bytearray
) -> bytes | None:  # fmt: skip
    """Fill in distances to what is in the section now; returns what relocations are left, None if one is unusual."""
    symbols, own, left = sections[relocations.link], places[relocations.info], b""
    for at in range(relocations.offset, relocations.offset + relocations.size, _ENTRY.size):
        offset, info, addend = _ENTRY.unpack_from(code, at)
        _, _, _, home, value, _ = _SYMBOL.unpack_from(code, symbols.offset + (info >> 32) * _SYMBOL.size)
        if home not in places:
            left += code[at : at + _ENTRY.size]
        elif info & 0xFFFFFFFF != _PC32:
            if home != relocations.info:
                return None
            left += code[at : at + _ENTRY.size]
        else:
            place = own + offset
            struct.pack_into("<i", text, place, places[home] + value + addend - place)
    return left
