"""The table of operations: what each NumPy function does when its operands have lane axes.

Most functions fall into a few families, a file each. A function without a row runs as NumPy's own Python
code (`composite`) or, where that is C, lane by lane.
"""

from . import (
    applying,
    attributes,
    composite,
    counting,
    creation,
    dates,
    elementwise,
    indexing,
    inplace,
    inserting,
    linalg,
    memory,
    numbers,
    objects,
    polynomial,
    products,
    python,
    reductions,
    shaping,
    sorting,
    strings,
    writing,
)

__all__ = [
    "applying", "attributes", "composite", "counting", "creation", "dates", "elementwise", "indexing", "inplace",
    "inserting", "linalg", "memory", "numbers", "objects", "polynomial", "products", "python", "reductions", "shaping",
    "sorting", "strings", "writing",
]  # fmt: skip
