"""The catalog team's web pages, served alone by `catalog ui` and inside Airflow."""
