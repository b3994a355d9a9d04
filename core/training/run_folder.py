"""What a training leaves in its folder, by name; light to import, for those who only look."""

from __future__ import annotations

STATE_NAME = "state.safetensors"
METRICS_NAME = "metrics.jsonl"
CURVES_NAME = "curves.png"
LAST_NAME = "last"
BEST_NAME = "best"
