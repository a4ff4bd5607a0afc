"""The JSON API, by which a council's own case system works on cases (docs/api.md)."""

from __future__ import annotations

from worklist.api.pages import PAGES
from worklist.api.problems import problem

__all__ = ["PAGES", "problem"]
