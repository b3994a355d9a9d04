"""The workspace on disk: a SQLite database through SQLAlchemy, and blobs named by their hash."""
