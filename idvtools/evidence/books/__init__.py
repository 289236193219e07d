"""Spreadsheets: xls from Excel 5 on, xlsx, locked ones."""
