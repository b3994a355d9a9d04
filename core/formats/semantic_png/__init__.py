"""Semantic PNG."""
