"""What each NumPy function becomes in a kernel."""

from . import control, eigen, elementwise, indexing, linalg, mathematics, products, python, reductions, shaping

__all__ = [
    "control", "eigen", "elementwise", "indexing", "linalg", "mathematics", "products", "python", "reductions",
    "shaping",
]  # fmt: skip
