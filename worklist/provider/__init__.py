"""What providers see: questions about their own people, their lists, and their notices."""

from worklist.provider.pages import PAGES

__all__ = ["PAGES"]
