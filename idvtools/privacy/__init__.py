"""Masks for people's data, free text without it, and keyed pseudonyms.

A mask is for eyes: it shows that something stood there. A pseudonym is for joins: the same person
has the same one within a workspace, and without the workspace's key nobody gets back.
"""

from idvtools.privacy.masks import PERSONAL_COLUMNS, mask_column, mask_id, mask_name, mask_phone
from idvtools.privacy.pseudonyms import Pseudonyms, as_hex
from idvtools.privacy.scrubbing import scrub

__all__ = [
    "PERSONAL_COLUMNS",
    "Pseudonyms",
    "as_hex",
    "mask_column",
    "mask_id",
    "mask_name",
    "mask_phone",
    "scrub",
]
