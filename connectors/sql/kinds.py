"""What a database declares a column to be, by the codes that its driver gives types.

Where a code leaves it open, as SQL Server's one for all numbers and Oracle's for dates that have a
time, nothing is said, and cells tell.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from schemas.lineage import ColumnType

POSTGRESQL: Mapping[object, ColumnType] = MappingProxyType(
    {
        16: ColumnType.BOOLEAN,
        **dict.fromkeys((20, 21, 23), ColumnType.INTEGER),
        **dict.fromkeys((700, 701, 1700), ColumnType.DECIMAL),
        1082: ColumnType.DATE,
        **dict.fromkeys((1114, 1184), ColumnType.INSTANT),
    }
)
MARIADB: Mapping[object, ColumnType] = MappingProxyType(
    {
        **dict.fromkeys((1, 2, 3, 8, 9, 13), ColumnType.INTEGER),
        **dict.fromkeys((0, 4, 5, 246), ColumnType.DECIMAL),
        **dict.fromkeys((10, 14), ColumnType.DATE),
        **dict.fromkeys((7, 12), ColumnType.INSTANT),
    }
)
SQL_SERVER: Mapping[object, ColumnType] = MappingProxyType(
    {1: ColumnType.TEXT, 5: ColumnType.DECIMAL}
)
ORACLE: Mapping[object, ColumnType] = MappingProxyType(
    {
        "DB_TYPE_BINARY_INTEGER": ColumnType.INTEGER,
        "DB_TYPE_BOOLEAN": ColumnType.BOOLEAN,
        **dict.fromkeys(
            (f"DB_TYPE_{name}" for name in ("CHAR", "NCHAR", "VARCHAR", "NVARCHAR", "CLOB")),
            ColumnType.TEXT,
        ),
        **dict.fromkeys(
            (f"DB_TYPE_TIMESTAMP{zone}" for zone in ("", "_TZ", "_LTZ")), ColumnType.INSTANT
        ),
    }
)

# The types of PostgreSQL and MariaDB that are not listed all come as text.
WITHOUT_A_GAP = frozenset({"psycopg", "pymysql"})
BY_DRIVER: Mapping[str, Mapping[object, ColumnType]] = MappingProxyType(
    {"psycopg": POSTGRESQL, "pymysql": MARIADB, "pymssql": SQL_SERVER, "oracledb": ORACLE}
)


def declared_type(type_code: object, driver: str) -> ColumnType | None:
    """Return what a column is declared to be; None where its code does not tell."""
    if type_code is None or driver not in BY_DRIVER:
        return None
    code = getattr(type_code, "name", type_code)
    found = BY_DRIVER[driver].get(code)
    return ColumnType.TEXT if found is None and driver in WITHOUT_A_GAP else found
