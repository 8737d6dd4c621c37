"""What each NumPy function becomes in a kernel."""

from . import control, elementwise, indexing, linalg, mathematics, products, python, reductions, shaping

__all__ = ["control", "elementwise", "indexing", "linalg", "mathematics", "products", "python", "reductions", "shaping"]
