"""A Hugging Face image folder."""
