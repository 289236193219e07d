"""Known layouts, one file each."""
