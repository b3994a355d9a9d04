"""Plain photos, import only."""
