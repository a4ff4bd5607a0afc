"""A Prefect API server that ends with the process that started it.

Prefect can start a server for the while by itself, but that one lives on when we are killed: with
its memory, its port, and our standard output, for whose end a caller may be waiting.
"""

from __future__ import annotations

import os
import threading
from typing import Any

STDIN = 0


def create() -> Any:
    """Return the server's application, for uvicorn; end the process when its input is closed."""
    # Prefect is heavy, and this module's name is all that its caller needs of it.
    from prefect.server.api.server import create_app

    threading.Thread(target=_leave_when_alone, daemon=True).start()
    return create_app(ephemeral=True, final=True)


def _leave_when_alone() -> None:
    # A read through `sys.stdin` would hold a lock that Python wants back when it ends of itself.
    while os.read(STDIN, 1):
        pass
    os._exit(0)
