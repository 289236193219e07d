"""The OLE container that an old or a locked workbook comes in; how it is unlocked."""

from __future__ import annotations

import io
import re
from array import array
from collections.abc import Sequence

import msoffcrypto
import olefile

from idvtools.errors import EvidenceError, PasswordError
from idvtools.evidence.books import lockedxls
from idvtools.evidence.books.container import OLE_MAGIC, contained
from idvtools.evidence.limits import Budget

#: Office locks books with it that are to be opened without asking.
_DEFAULT_PASSWORD = "VelvetSweatshop"  # noqa: S105
#: Rounds of hashing that are still bearable in Python; Office takes 100,000.
_MAX_SPIN = 2_000_000


def unlock(data: bytes, passwords: Sequence[str], budget: Budget) -> bytes:
    """A locked workbook in clear; what is not locked comes back as it is.

    Raises
    ------
    PasswordError
        None of the passwords opens it.
    EvidenceError
        It is locked in a way that cannot be opened here.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> unlock(b"PK\\x03\\x04", ["secret"], Budget(Limits()))
    b'PK\\x03\\x04'
    """
    if not data.startswith(OLE_MAGIC):
        return data
    try:
        old = _locked_records(data)
        locked = old is not None or _is_locked(data)
    except EvidenceError:
        raise
    except Exception:
        return data
    if not locked:
        return data
    for password in dict.fromkeys([_DEFAULT_PASSWORD, *(p for p in passwords if p)]):
        budget.tick()
        if old is None:
            found = _try(data, password)
        elif (clear := lockedxls.opened(old[1], password, budget)) is not None:
            found = contained(clear, name=old[0])
        else:
            found = None
        if found is not None:
            return found
    if passwords:
        raise PasswordError("the workbook is locked, and none of the passwords given opens it")
    raise PasswordError("the workbook is locked; a password is needed")


def _try(data: bytes, password: str) -> bytes | None:
    """The content of a locked package of Office 2007 and later; None where the password is wrong."""
    target = io.BytesIO()
    try:
        book = msoffcrypto.OfficeFile(io.BytesIO(data))
        book.load_key(password=password, verify_password=True)
        book.decrypt(target)
    except msoffcrypto.exceptions.InvalidKeyError:
        return None
    except msoffcrypto.exceptions.DecryptionError as error:
        if "nsupported" in str(error):
            raise EvidenceError("the workbook is locked in a way that is not known here") from error
        return None
    except Exception as error:
        if password != _DEFAULT_PASSWORD:
            raise EvidenceError("the workbook is locked, and damaged: it cannot be unlocked") from error
        return None
    return target.getvalue()


def _locked_records(data: bytes) -> tuple[str, bytes] | None:
    """The stream of a locked .xls with its name; None where there is none, or it is not locked."""
    with olefile.OleFileIO(io.BytesIO(data)) as container:
        book = next((n for n in ("Workbook", "Book") if container.exists(n)), None)
        stream = _stream(container, data, book) if book else b""
    return (book, stream) if book and lockedxls.filepass(stream) else None


def _is_locked(data: bytes) -> bool:
    with olefile.OleFileIO(io.BytesIO(data)) as container:
        if not container.exists("EncryptionInfo"):
            return False
        info = container.openstream("EncryptionInfo").read(1 << 16)
    spins = re.findall(rb'spinCount="(\d+)"', info)
    if b"<!" in info or any(len(s) > 9 or int(s) > _MAX_SPIN for s in spins):
        raise EvidenceError("the workbook asks for more work to unlock it than any Office does; it was not read")
    return True


def _stream(container: olefile.OleFileIO, data: bytes, name: str) -> bytes:
    """A stream: in one piece where its sectors lie in a row, as they nearly always do."""
    found = [e for e in container.direntries if e is not None and e.name.lower() == name.lower()]
    if len(found) == 1 and found[0].size >= container.minisectorcutoff:
        start, size, sector = found[0].isectStart, found[0].size, container.sectorsize
        count = -(-size // sector)
        chain = container.fat[start : start + count]
        row = array(chain.typecode, range(start + 1, start + count))
        if len(chain) == count and chain[:-1] == row and chain[-1] == olefile.ENDOFCHAIN:
            piece = data[sector * (start + 1) : sector * (start + 1) + size]
            if len(piece) == size:
                return piece
    content: bytes = container.openstream(name).read()
    return content


def book_stream(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """The records of a ``.xls`` and what lies beside them in its container; a file of bare records is taken as it is.

    Raises
    ------
    EvidenceError
        There is no workbook in it, or its container is damaged.
    """
    if not data.startswith(OLE_MAGIC):
        return data, ()
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as container:
            names = tuple("/".join(path) for path in container.listdir(streams=True, storages=True))
            book = next((n for n in ("Workbook", "Book") if container.exists(n)), None)
            if book is None:
                raise EvidenceError("an Office file without a workbook in it")
            return _stream(container, data, book), names
    except EvidenceError:
        raise
    except Exception as error:
        raise EvidenceError("the workbook is damaged: its container cannot be read (cut off or changed)") from error
