"""The table of operations: what each NumPy function does when its operands have lane axes."""
