"""The tables of `numpy.strings` and `numpy.char`."""

from __future__ import annotations

import numpy as np
from manifest import Section, callables

BATCHED = {
    "f(words, words[::-1])": "add equal greater greater_equal less less_equal not_equal",
    "f(words)": "capitalize isalnum isalpha isdecimal isdigit islower isnumeric isspace istitle isupper lower "
    "lstrip rstrip str_len strip swapcase title upper",
    "f(words, '1')": "count endswith find rfind startswith",
    "f(words, '')": "index rindex",
    "f(words, {46: 44})": "translate",
}
SPLITS = {  # a result is as wide as the longest text in it
    "f(words, 2 * i)": "center ljust multiply rjust zfill",
    "f(words, '0', np.array('xyz'))": "replace",
    "f(lnp.strings.multiply(raw, i), 'ascii')": "decode",
    "f(lnp.strings.multiply(words, i), 'ascii')": "encode",
    "f(lnp.strings.multiply(words, i), 4)": "expandtabs",
    "f(lnp.strings.add(words, '%d'), i * 9)": "mod",
    "f(lnp.strings.add(lnp.strings.multiply(words, i), 'yxy'), 'x')": "partition rpartition",
}

OLDER = "center ljust multiply rjust zfill partition rpartition"  # NumPy 2.0 asks C for each element

STRINGS = Section(
    "numpy.strings", "lnp.strings.", callables(np.strings), {**BATCHED, "f(words, 2)": "slice"}, SPLITS,
    some_versions="slice partition rpartition", varies=OLDER, numeric=False,
    needs_lanes="center decode encode expandtabs ljust mod multiply replace rjust zfill",
)  # fmt: skip

CHAR = Section(
    "numpy.char", "lnp.char.", lambda: set(np.char.__all__),
    {**BATCHED, "f(words, words, '<', True)": "compare_chararrays"},
    {**SPLITS, "f('-', lnp.strings.multiply(words, i))": "join"},
    {"a list for each text": {"len(f(words))": "rsplit split splitlines"},
     "an array of a class of its own": {"len(f(words))": "array asarray"}},
    {"a class": "chararray"}, varies=OLDER, numeric=False,
)  # fmt: skip

SECTIONS = [STRINGS, CHAR]
