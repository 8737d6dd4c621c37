"""What each NumPy function becomes in a kernel."""

from . import (
    arithmetic,
    choosing,
    comparisons,
    control,
    division,
    eigen,
    elementwise,
    floats,
    indexing,
    linalg,
    mathematics,
    products,
    python,
    recursion,
    reductions,
    shaping,
)

__all__ = [
    "arithmetic",
    "choosing",
    "comparisons",
    "control",
    "division",
    "eigen",
    "elementwise",
    "floats",
    "indexing",
    "linalg",
    "mathematics",
    "products",
    "python",
    "recursion",
    "reductions",
    "shaping",
]
