"""Writes the views for councils' database administrators.

`PYTHONPATH=tests .venv/bin/python -m sql.views` writes them anew; `test_views` fails where somebody
forgot to.
"""

from pathlib import Path

from connectors.sql.views import SCRIPTS, view_definition

FOLDER = Path(__file__).parents[2] / "docs" / "views"


def expected() -> dict[Path, str]:
    """Return what each file should hold."""
    return {FOLDER / f"{backend}.sql": view_definition(backend) for backend in SCRIPTS}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for path, content in expected().items():
        path.write_text(content, encoding="utf-8")
