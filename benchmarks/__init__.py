"""Benchmarks: lanewise against NumPy by hand, `np.vectorize`, JAX, PyTorch, Numba and C, in one process.

Run them with ``python -m benchmarks`` from the root of the repository; ``--help`` lists the options.

``workload``
    What a workload is, and the plain-Python readings of it (the loop, a sample of the batch).
``workloads/``
    The workloads themselves, a file for each topic.
``contestants``
    Who runs them.
``harness``
    Checking that all agree, then timing them in turn.
``goals``
    What was to be reached, and what was.
``first``, ``overhead``, ``memory``, ``copies``, ``sweep``
    First calls; what small calls and operations cost; peak memory; the speed of memory; many sizes.
``limits``, ``limits.c``
    Kernels written by hand.
``report``, ``formats``, ``plot``, ``machine``
    The tables and the picture, and what they were measured on.
"""
