"""PDF: text and tables, page by page."""
