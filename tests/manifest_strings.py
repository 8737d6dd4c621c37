"""The table of `numpy.strings`."""

from __future__ import annotations

import numpy as np
from manifest import Section, callables

STRINGS = Section(
    "numpy.strings", "np.strings.", callables(np.strings),
    batched={
        "f(words, words)": "add equal greater greater_equal less less_equal not_equal",
        "f(words)": "capitalize isalnum isalpha isdecimal isdigit islower isnumeric isspace istitle isupper lower "
        "lstrip rstrip str_len strip swapcase title upper",
        "f(words, 'a')": "count endswith find partition rfind rpartition startswith",
        "f(words, '')": "index rindex",
        "f(words, 5)": "center ljust rjust zfill",
        "f(words, 2)": "multiply slice",
        "f(words, 'a', 'bb')": "replace",
        "f(words, {97: 98})": "translate",
        "f(raw)": "decode",
        "f(words)[0:]": "encode expandtabs",
        "f(words + '%s', 1)": "mod",
    },
    some_versions="slice", numeric=False,
)  # fmt: skip

SECTIONS = [STRINGS]
