"""Airflow on one machine: `python -m deploy.local up` and `python -m deploy.local demo`."""

# Arguments of every connection to Airflow's SQLite database, which allows one writer at a time. The default timeout of
# five seconds is too short for five services on a busy machine: requests then fail with `database is locked`.
SQLITE_PATIENCE = {"timeout": 60}
