"""Zips and gzips: what lies in them, by what name, behind which password."""
