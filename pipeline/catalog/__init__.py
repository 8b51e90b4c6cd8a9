"""The catalog database: tables, queries, lineage, export."""
