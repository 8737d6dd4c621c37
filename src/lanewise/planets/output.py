"""Files: positions as ``.npz`` or ``.csv``, and writing that leaves a whole file or none."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from .dates import J2000

__all__ = ["check_writable", "replacing", "write_positions", "write_text"]


def check_writable(path: Path) -> None:
    """Raise an `OSError` that says why, if a file can't be written at a path (before the work, not after)."""
    folder = path.parent
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a directory")
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no directory {folder}")
    if not os.access(folder, os.W_OK):
        raise PermissionError(f"the directory {folder} can't be written to")


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to write that takes its place at the end, and only if all went well."""
    target = path.resolve()  # a link keeps being a link
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as file:
            yield file
        part.replace(target)
    except OSError as error:
        error.filename, error.filename2 = str(path), None  # say what the user asked for
        raise
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file, in UTF-8."""
    with replacing(path) as file:
        file.write(text.encode())


def write_positions(
    path: Path, names: tuple[str, ...], dates: NDArray[np.float64], positions: NDArray[np.float64]
) -> None:
    """Write positions to a file.

    Parameters
    ----------
    path : Path
        A name that ends in ``.npz`` (arrays ``positions``, ``planets``, ``dates`` and ``julian_dates``) or in
        ``.csv`` (a line for each planet and date: ``planet,date,x_au,y_au,z_au``).
    names : tuple of str
        The planets.
    dates : ndarray of float64, shape (days,)
        Julian dates at midnight.
    positions : ndarray of float64, shape (planets, days, 3)
        In au.

    Raises
    ------
    ValueError
        If the name ends in anything else.
    """
    days = np.datetime64("2000-01-01") + np.floor(dates - (J2000 - 0.5)).astype("timedelta64[D]")
    match path.suffix.lower():
        case ".npz":
            with replacing(path) as file:
                np.savez_compressed(
                    file, positions=positions, planets=np.array(names), dates=days, julian_dates=dates
                )
        case ".csv":
            with replacing(path) as file:
                file.write(b"planet,date,x_au,y_au,z_au\n")
                labels = days.astype(str).tolist()
                for name, track in zip(names, positions.tolist(), strict=True):
                    file.writelines(
                        b"%s,%s,%.9f,%.9f,%.9f\n" % (name.encode(), day.encode(), *position)
                        for day, position in zip(labels, track, strict=True)
                    )
        case suffix:
            raise ValueError(f"{path.name} ends in {suffix!r}, not in .npz or .csv")
