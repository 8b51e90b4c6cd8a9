-- The container makes the database `catalog`; Airflow's own metadata lies beside it.
CREATE DATABASE airflow;
