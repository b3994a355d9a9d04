"""Queries look at each other and at the photo, layer by layer."""
