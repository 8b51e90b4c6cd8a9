"""The history of the catalog's tables, as Alembic migrations. Opening the catalog runs those that a database lacks.

To change a table: change `tables.py`, add `versions/v<NNNN>_<what>.py` with the next revision, and run tests/catalog:
they hold the migrations against the tables on SQLite and PostgreSQL. A migration that was released is never edited.
"""
