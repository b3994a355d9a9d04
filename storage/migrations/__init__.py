"""Alembic's scripts, one a schema; `storage.schema` runs them."""
