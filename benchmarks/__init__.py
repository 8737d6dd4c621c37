"""Benchmarks: lanewise against NumPy by hand, `np.vectorize`, JAX and PyTorch, in one process.

Run them with ``python -m benchmarks`` from the root of the repository; ``--help`` lists the options.

``workload``
    What a workload is, and the plain-Python readings of it (the loop, a sample of the batch).
``workloads/``
    The workloads themselves, a file for each topic.
``contestants``
    Who runs them.
``harness``
    Checking that all agree, then timing them in turn.
``overhead``
    What a call and an operation cost in microseconds, apart from the arithmetic.
``report``, ``plot``
    The tables and the picture.
"""
