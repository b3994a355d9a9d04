"""Photo → proposals and views."""
