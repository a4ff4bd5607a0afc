"""Cases: what there is to do, lists, one case whole, and what people do with them."""

from __future__ import annotations

from worklist.cases import bulk
from worklist.cases.pages import PAGES
from worklist.cases.words import FILTERS

for name, tell in FILTERS.items():
    PAGES.add_app_template_filter(tell, name)

__all__ = ["PAGES", "bulk"]
