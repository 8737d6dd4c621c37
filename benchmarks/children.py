"""Measurements that need a process of their own: each module that has some is run as ``python -m``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PATIENCE = 300  # seconds


def child(module: str, *arguments: str, **environment: str) -> Any:
    """Run a module of this package in a process of its own, and read what it prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", f"{__package__}.{module}", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)} failed:\n{done.stderr}")
    return json.loads(done.stdout)
