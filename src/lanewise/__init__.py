"""vmap for native Python and NumPy code."""
