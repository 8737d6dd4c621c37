"""What the numbers were measured on."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("lanewise", "numpy", "scipy", "jax", "torch", "numba", "llvmlite")


@dataclass(frozen=True)
class Machine:
    """The machine, the versions and the day."""

    cpu: str
    cores: int
    load: float  # processes that were running when the measurements began
    system: str
    versions: dict[str, str]
    date: str

    def sentence(self) -> str:
        """All of it as one sentence of Markdown."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        text = f"Measured on {self.date} on {self.cores} cores of {self.cpu} ({self.system}); {versions}."
        if self.busy:
            text += f" Other work was running at the time (load {self.load:.1f}), so these are rough."
        return text

    @property
    def busy(self) -> bool:
        """Whether other processes took part of the machine."""
        return self.load > 0.5


def describe() -> Machine:
    """The machine that this runs on."""
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0,
        system=f"{platform.system()} {platform.machine()}",
        versions={"Python": platform.python_version(), **_versions()},
        date=datetime.date.today().isoformat(),
    )


def _cpu() -> str:
    fields = {}
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().split("\n\n")[0].splitlines():
            key, _, value = line.partition(":")
            fields[key.strip()] = value.strip()
    name = fields.get("model name") or platform.processor() or platform.machine()
    if "model" in fields and name.endswith("Processor"):  # a virtual machine that says no more
        name += f", family {fields.get('cpu family', '?')} model {fields['model']}"
    return " ".join(name.replace("(R)", "").replace("(TM)", "").split())


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    commit = _commit()
    if commit and "lanewise" in found:
        found["lanewise"] += f" ({commit})"
    return found


def _commit() -> str:
    try:
        command = ["git", "rev-parse", "--short", "HEAD"]
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=10)
    except OSError:
        return ""
    return done.stdout.strip()
