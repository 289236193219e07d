"""The cases that a billing clerk can read (``*.md``), and what turns them into workspaces. See README.md."""
