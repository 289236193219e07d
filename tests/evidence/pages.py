"""Pages of PDF drawn freely, as statements and receipts look: figures on the right, lines of rules, small print."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

from reportlab.lib import colors, pagesizes, pdfencrypt
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Table, TableStyle

_WIDTH = pagesizes.A4[0]


class Sheet:
    """A page, drawn from the bottom left in points."""

    def __init__(self, canvas: Canvas, font: str) -> None:
        self._canvas, self._font = canvas, font

    def at(self, x: float, y: float, text: str, size: float = 10) -> None:
        """Write a text that begins at `x`."""
        self._canvas.setFont(self._font, size)
        self._canvas.drawString(x, y, text)

    def ends_at(self, x: float, y: float, text: str, size: float = 10) -> None:
        """Write a text that ends at `x`, as figures do."""
        self._canvas.setFont(self._font, size)
        self._canvas.drawRightString(x, y, text)

    def middle(self, y: float, text: str, size: float = 10) -> None:
        """Write a text in the middle."""
        self._canvas.setFont(self._font, size)
        self._canvas.drawCentredString(_WIDTH / 2, y, text)

    def rule(self, y: float) -> None:
        """Draw a line over the page."""
        self._canvas.setLineWidth(0.6)
        self._canvas.line(50, y, _WIDTH - 50, y)

    def table(
        self, y: float, rows: Sequence[Sequence[str]], widths: Sequence[float], figures: Sequence[int] = ()
    ) -> float:
        """Draw a ruled table from `y` down, headings on grey; columns of `figures` end on the right; give its end."""
        grid = Table([list(row) for row in rows], list(widths), hAlign="LEFT")
        style = [
            ("FONT", (0, 0), (-1, -1), self._font, 9),
            ("GRID", (0, 0), (-1, -1), 0.4, colors.grey),
            ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
            ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
            *(("ALIGN", (c, 0), (c, -1), "RIGHT") for c in figures),
        ]
        grid.setStyle(TableStyle(style))
        _, height = grid.wrapOn(self._canvas, _WIDTH, 800)
        grid.drawOn(self._canvas, 50, y - height)
        return float(y - height)


Page = Callable[[Sheet], None]


def drawn(pages: Sequence[Page], *, password: str | None = None, font: str = "STSong-Light") -> bytes:
    """Draw a PDF, with the same bytes each time."""
    pdfmetrics.registerFont(UnicodeCIDFont(font))
    lock = pdfencrypt.StandardEncryption(password, password, strength=128) if password else None
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=pagesizes.A4, invariant=1, encrypt=lock)
    for page in pages:
        page(Sheet(canvas, font))
        canvas.showPage()
    canvas.save()
    return out.getvalue()
