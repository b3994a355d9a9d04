"""How good a model is: each metric takes one image at a time and keeps numbers, not masks."""
