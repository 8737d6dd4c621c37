"""What each NumPy function becomes in a kernel."""

from . import (
    choosing,
    control,
    eigen,
    elementwise,
    indexing,
    linalg,
    mathematics,
    products,
    python,
    reductions,
    shaping,
)

__all__ = [
    "choosing",
    "control",
    "eigen",
    "elementwise",
    "indexing",
    "linalg",
    "mathematics",
    "products",
    "python",
    "reductions",
    "shaping",
]
