"""The workloads, in the order of the table."""

from ..workload import Workload
from . import algebra, control, dynamics, elementwise, matrices, networks, rows
from .algebra import LESSON

WORKLOADS: tuple[Workload, ...] = (
    *algebra.WORKLOADS,
    *matrices.WORKLOADS,
    *networks.WORKLOADS,
    *rows.WORKLOADS,
    *elementwise.WORKLOADS,
    *control.WORKLOADS,
    *dynamics.WORKLOADS,
)
"""Every workload."""


def find(name: str) -> Workload:
    """The workload of a name.

    Raises
    ------
    KeyError
        If there is none.
    """
    for workload in WORKLOADS:
        if workload.name == name:
            return workload
    raise KeyError(f"no workload is called {name!r}; there are {', '.join(w.name for w in WORKLOADS)}")


__all__ = ["LESSON", "WORKLOADS", "find"]
