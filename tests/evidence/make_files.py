"""Write tests/evidence/files: each exercises one thing, and what should be read of it stands beside it.

`python tests/evidence/make_files.py` from the root; the same bytes each time. What is expected is written in the
``cases_*`` modules from what was put in, never from what a reader made of it. Only what is certain is expected: a key
that is absent is not compared (see test_evidence_golden.py).
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import cases_archives
import cases_banks
import cases_bills
import cases_books
import cases_markup
import cases_pages
import cases_text
from truths import Cases

FILES = Path(__file__).parent / "files"
ROOMS = (cases_text, cases_banks, cases_bills, cases_books, cases_pages, cases_archives, cases_markup)


def cases() -> Cases:
    """Every file, with its truth."""
    made = Cases()
    for room in ROOMS:
        for part in room.PARTS:
            part(made.add)
    return made


def main() -> None:
    made = cases()
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir(parents=True)
    for name, (data, truth) in made.items():
        (FILES / name).write_bytes(data)
        (FILES / f"{name}.expected.json").write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", "utf-8")
    sys.stdout.write(f"{len(made)} files, {sum(len(d) for d, _ in made.values())} bytes\n")


if __name__ == "__main__":
    main()
