"""What each NumPy function becomes in a kernel."""

from . import elementwise, indexing, linalg, products, python, reductions, shaping

__all__ = ["elementwise", "indexing", "linalg", "products", "python", "reductions", "shaping"]
