"""Warnings that point at the user's line, not into this package."""

from __future__ import annotations

import os
import sys
import warnings

from ._errors import EvaldWarning

_HERE = os.path.dirname(os.path.abspath(__file__))


def warn(message: str) -> None:
    """An EvaldWarning at the nearest frame outside this package."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_HERE):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, EvaldWarning, stacklevel=level)
