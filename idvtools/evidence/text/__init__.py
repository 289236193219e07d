"""Delimited and other text: encodings, delimiters, quotes; large files by Arrow."""
