"""DEC's go-live checklist (seed 000 section 10) as far as it is DEC's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from idvtools.vendors.base import ByHand, Health, Probe, Unpacked, at_path, code_text
from idvtools.vendors.base.codes import FOLDER, load_codes


def _asked(sites: Sequence[str]) -> Mapping[str, object]:
    """The sites in use; where there are none yet, those of the platform's own list."""
    return {"sites": list(sites) or [row.code for row in load_codes(FOLDER / "dec_site.csv").rows]}


def _closed(opened: Unpacked) -> list[str]:
    told = at_path(opened.trees["answer"], "data")
    rows = [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []
    return [str(row.get("site")) for row in rows if code_text(row.get("status")) != "1"]


HEALTH = Health(
    needed=("app_key", "private_key", "aes_keys"),
    lengths={"app_key": 64},
    rsa_bits=2048,
    # "The site is not enabled for us" is said to those whose signature holds.
    probe=Probe("site_states", _asked, frozenset({"-50002"}), _closed),
    sealed="original_files",
    by_hand=(
        ByHand(
            "egress",
            "出网IP",
            "whether the platform has our callback address and all our egress IPs is not seen from here",
            "tell the platform, and of any change two days ahead",
        ),
        ByHand(
            "allow_list",
            "白名单",
            "whether the notary office's addresses and domains are on our allow-list is not seen from here",
            "put the addresses of the platform's document (sections 6 to 8) on it",
        ),
        ByHand(
            "agreement_form",
            "用户协议",
            "whether the signed agreement has the right form is not seen from here",
            "have product and the platform look at one PDF for each site: template, both names of the data type, name "
            "and id number in clear, CA signature, date; upload it before the user is done, at every operation",
        ),
        ByHand(
            "pages",
            "入口页和结果页",
            "what the production entry page and result page look like is not seen from here",
            "go through both once more, with H5",
        ),
        ByHand(
            "webhook",
            "Webhook",
            "whether you hear of new versions of the parsing project is not seen from here",
            "only where you parse on your own side: set up the Gitee webhook",
        ),
    ),
)
