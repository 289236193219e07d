"""`acme` is copied into a package of its own by `test_sixth_vendor`; here it has no code table."""

collect_ignore = ["acme.py"]
