"""What the page's modules must agree on with Python: cases as plain JSON values, made by seed."""
