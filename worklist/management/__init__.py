"""Pages for whoever steers the work or looks after the nights; nobody supported is named there."""

from __future__ import annotations

from worklist.management.pages import PAGES

__all__ = ["PAGES"]
