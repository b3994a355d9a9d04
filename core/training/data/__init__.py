"""Data sets as training sees them: read, split by content, cached, augmented, batched."""
