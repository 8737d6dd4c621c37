"""Arrays of different shapes as one batch: padded, with a mask of what is real."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def pad(arrays: Sequence[ArrayLike], fill: Any = 0) -> tuple[NDArray[Any], NDArray[np.bool]]:
    """Join arrays of different shapes to one batch, each filled up to the largest size along every axis.

    Parameters
    ----------
    arrays : sequence of array_like
        The examples, all with the same number of axes.
    fill : scalar
        What stands behind the end of the shorter ones: 0 for sums, ``-np.inf`` for maxima, ``np.nan`` for means with
        `numpy.nanmean`.

    Returns
    -------
    batch : ndarray
        Of shape ``(len(arrays), *largest)``. Its dtype is NumPy's promotion of those of the arrays, and of ``fill``
        as ``np.where(mask, array, fill)`` promotes it: a Python scalar changes the kind at most.
    mask : ndarray of bool
        Of the shape of the batch: True where an element is real. (Of the whole shape, so that ``where=mask`` and
        ``np.where(mask, batch, ...)`` take it as it is, for arrays of any number of axes.)

    Raises
    ------
    ValueError
        If there are no arrays, or they differ in their number of axes.

    See Also
    --------
    vmap : with ``in_axes=lanewise.ragged`` it takes the arrays as they are.

    Examples
    --------
    >>> import numpy as np
    >>> import lanewise
    >>> batch, mask = lanewise.pad([[1.0, 2.0, 3.0], [4.0]])
    >>> batch
    array([[1., 2., 3.],
           [4., 0., 0.]])
    >>> mask
    array([[ True,  True,  True],
           [ True, False, False]])
    >>> lanewise.vmap(lambda x, real: np.mean(x, where=real))(batch, mask)
    array([2., 4.])
    """
    found = [np.asarray(array) for array in arrays]
    if not found:
        raise ValueError(
            "pad: there are no arrays, so the shape and the type of the batch are unknown.\n"
            "  Give at least one array, or make an empty batch with np.empty((0, ...))."
        )
    ndims = sorted({array.ndim for array in found})
    if len(ndims) > 1:
        shown = "\n".join(
            f"    arrays[{n}] has {ndim}, its shape is {found[n].shape}"
            for n, ndim in ((next(n for n, array in enumerate(found) if array.ndim == ndim), ndim) for ndim in ndims)
        )
        raise ValueError(
            f"pad: the arrays differ in their number of axes:\n{shown}\n"
            "  Give arrays of one number of axes: x[np.newaxis] adds one, np.ravel joins them."
        )
    shape = (len(found), *(max(sizes) for sizes in zip(*(array.shape for array in found), strict=True)))
    filling = fill if type(fill) in (bool, int, float, complex) else np.asarray(fill)
    if np.ndim(filling):
        raise ValueError(f"pad: fill must be a scalar, not an array of shape {np.shape(filling)}.")
    batch = np.full(shape, fill, np.result_type(np.result_type(*found), filling))
    mask = np.zeros(shape, bool)
    for n, array in enumerate(found):
        where: tuple[Any, ...] = (n, *map(slice, array.shape))
        batch[where] = array
        mask[where] = True
    return batch, mask
