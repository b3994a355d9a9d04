"""From the backbone's features to per-pixel mask features and the maps that queries look at."""
