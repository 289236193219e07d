"""The head of the settings file that ``idvtools init`` writes; each vendor's file has its own part."""

#: Valid as it stands; a line that begins with ``#`` and no space is an example to uncomment.
TEMPLATE = """\
# Settings of an idvtools workspace. Keys and passwords never stand here, only where they are:
# {file = "keys/…"} (relative to this folder) or {env = "NAME"}. Keep keys/ out of version control.
# A line that begins with "#" and no space is an example: remove the "#" to use it.

[workspace]
# Calendar days are days in this zone. An IANA name, never an offset.
timezone = "Asia/Shanghai"
# Most memory that reading and judging take; what does not fit goes to a temporary folder.
memory = "2GB"
# Turns id numbers into pseudonyms. Made on first use if it is missing; keep it, or the pseudonyms change.
pseudonym_key = {file = "keys/pseudonym.key"}
# Encrypts the evidence vault: Base64 of 32 bytes, as `openssl rand -base64 32` gives them. Without it, files lie
# there as they were received.
#vault_key = {file = "keys/vault.key"}
"""
