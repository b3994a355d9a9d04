"""A run's result in words, for the terminal."""

from __future__ import annotations

from app.workflows.learning.views import Comparison

SCORE_NAMES = {
    "pq": "panoptic quality",
    "ap50": "AP50, by category",
    "ap50_any": "AP50, any category",
    "ar": "recall: AR100",
    "r50": "recall: R50",
    "accept_rate": "accept rate",
    "named": "accepted with the right label",
    "covered": "segments that a proposal serves",
}


def format_comparison(comparison: Comparison, after_name: str) -> str:
    """Old and new as a Markdown table, or why they were not compared."""
    if not comparison.images:
        return "no image was left to compare old and new model by; finish more images"
    lines = [
        f"proposals are shown from a score of {comparison.before_threshold:.2f} ({comparison.before_name}) "
        f"and {comparison.after_threshold:.2f} ({after_name}) on",
        "",
        f"| on {count(comparison.images, 'held-back image')} | {comparison.before_name} | {after_name} |",
        "| --- | ---: | ---: |",
    ]
    for name, words in SCORE_NAMES.items():
        lines.append(f"| {words} | {_share(comparison.before[name])} | {_share(comparison.after[name])} |")
    return "\n".join(lines)


def count(number: int, what: str) -> str:
    """A number and its noun: 1 image, 2 images."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
