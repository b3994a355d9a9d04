"""What the N queries start from."""
