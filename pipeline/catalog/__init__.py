"""The catalog database: tables, publishing, queries, lineage, export, HTML pages."""
