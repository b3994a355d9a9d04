"""One training engine: data sets in, a judged checkpoint out."""
