"""Photo → proposals."""
