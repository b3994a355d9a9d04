"""BSDS500, import only."""
