"""Alembic migrations of the catalog's tables. Opening the catalog applies those that a database lacks.

To change a table: edit `tables.py`, add `versions/v<NNNN>_<what>.py` with the next revision, name it in `NEWEST` of
`database.py`, and run tests/catalog, which compare the migrations with the tables on SQLite and PostgreSQL. A
released migration is never edited.
"""
