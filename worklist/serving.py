"""Serves the site with gunicorn: one process or several, and a stop that lets requests end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from settings.worklist import Worklist as Settings

THREADS = 8
GRACE_SECONDS = 20
REQUEST_SECONDS = 60


class Served(BaseApplication):  # type: ignore[misc]
    """The site under gunicorn; each process makes its own, with its own connections."""

    def __init__(self, make_app: Callable[[], Flask], options: Mapping[str, Any]) -> None:
        self.make_app = make_app
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        """Take our settings, and nothing from files or the environment."""
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Make the site of one process."""
        return self.make_app()


def serve(make_app: Callable[[], Flask], settings: Settings) -> None:
    """Serve until told to stop; requests that are being answered then may end.

    No request is written to a log: addresses of pages and of people are not for everybody.
    """
    options = {
        "bind": f"{settings.host}:{settings.port}",
        "workers": settings.workers,
        "threads": THREADS,
        "worker_class": "gthread",
        "timeout": REQUEST_SECONDS,
        "graceful_timeout": GRACE_SECONDS,
        "keepalive": 15,
        "limit_request_line": 4096,
        "limit_request_fields": 60,
        "accesslog": None,
        "loglevel": "warning",
        "proc_name": "cpli-worklist",
    }
    Served(make_app, options).run()
