"""Whether a workspace is whole: every row, mask and photo of it, looked at while it may be in use."""
