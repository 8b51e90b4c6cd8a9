"""Inserts many rows at once: by COPY on PostgreSQL, else by one prepared statement for all rows.

SQLAlchemy's own insert binds each row by name, which takes longer than the database takes to store it.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError

Converter = Callable[[Any], Any]


def insert_rows(connection: Connection, table: Table, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows whose values are in the order of the table's columns. Raises SQLAlchemy's DBAPIError."""
    if rows:
        converters = _converters(table, connection.dialect)
        insert_lines(connection, table, [_line(row, converters) for row in rows])


def insert_lines(connection: Connection, table: Table, lines: Sequence[tuple[Any, ...]]) -> None:
    """The same with values as the driver takes them."""
    statement = _statement(table, connection.dialect)
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql(statement, list(lines))
        return
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for line in lines:
                copy.write_row(line)
    except driver.Error as error:  # the driver's own: SQLAlchemy does not see this statement
        raise DBAPIError.instance(statement, None, error, driver.Error, dialect=connection.dialect) from error


def _line(row: Sequence[Any], converters: Sequence[tuple[int, Converter]]) -> tuple[Any, ...]:
    if not converters:
        return tuple(row)
    line = list(row)
    for at, converted in converters:
        line[at] = converted(line[at])
    return tuple(line)


@lru_cache(maxsize=128)
def _converters(table: Table, dialect: Dialect) -> tuple[tuple[int, Converter], ...]:
    """Of each column whose values the driver does not take as they are, its place and what converts them."""
    kinds = (column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns)
    return tuple((at, converted) for at, converted in enumerate(kinds) if converted is not None)


@lru_cache(maxsize=128)
def _statement(table: Table, dialect: Dialect) -> str:
    quote = dialect.identifier_preparer
    target = f"{quote.format_table(table)} ({', '.join(quote.quote(column.name) for column in table.columns)})"
    if dialect.name == "postgresql":
        return f"COPY {target} FROM STDIN"
    return f"INSERT INTO {target} VALUES ({', '.join('?' * len(table.columns))})"  # noqa: S608 - names of our own
