"""Checkpoints of other programs, read as they are: the Hugging Face layout and detectron2's."""
