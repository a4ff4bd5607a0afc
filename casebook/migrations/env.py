"""What Alembic runs to reach our database: the connection comes from `casebook.upgrade`."""

from __future__ import annotations

from alembic import context

from casebook.notice_models import NOTICE
from casebook.upgrade import VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=NOTICE.metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
