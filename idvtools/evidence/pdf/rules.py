"""Ruling lines of a page, read by pdfium from the shapes that are drawn on it. Nothing is rendered."""

from __future__ import annotations

import ctypes
from typing import Any

import pypdfium2 as pdfium
from pypdfium2 import raw

from idvtools.evidence.limits import Budget
from idvtools.evidence.pdf.page import FAR, Layer

#: Objects of a page that are looked at for lines; a page with more is a drawing.
OBJECTS = 60_000
#: A filled rectangle thinner than this is a ruling line, in points.
THIN = 3.0


def read_rules(page: pdfium.PdfPage, layer: Layer, budget: Budget) -> None:
    """Ruling lines of a page, turned as its text was; pictures and shapes are counted.

    Examples
    --------
    >>> from idvtools.evidence.limits import Limits
    >>> layer = Layer()
    >>> read_rules(pdfium.PdfDocument.new().new_page(200, 100), layer, Budget(Limits()))
    >>> layer.across
    []
    """
    box = page.get_mediabox()
    area = abs((box[2] - box[0]) * (box[3] - box[1])) or 1.0
    left = OBJECTS
    pending: list[tuple[Any, int, bool, tuple[float, ...], int]] = [
        (page.raw, raw.FPDFPage_CountObjects(page.raw), False, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), 0)
    ]
    while pending:
        holder, count, inner, matrix, depth = pending.pop()
        get = raw.FPDFFormObj_GetObject if inner else raw.FPDFPage_GetObject
        for index in range(min(count, left)):
            if not index % 500:
                budget.tick()
            item = get(holder, index)
            kind = raw.FPDFPageObj_GetType(item)
            if kind == raw.FPDF_PAGEOBJ_FORM and depth < 6:
                form = _matrix(item, matrix)
                pending.append((item, raw.FPDFFormObj_CountObjects(item), True, form, depth + 1))
            elif kind == raw.FPDF_PAGEOBJ_PATH:
                layer.shapes += 1
                _path(item, matrix, layer, area)
            elif kind == raw.FPDF_PAGEOBJ_IMAGE:
                x0, y0, x1, y1 = _bounds(item, matrix)
                layer.pictures += max(0.0, (x1 - x0) * (y1 - y0)) / area
                if min(x1 - x0, y1 - y0) < THIN < max(x1 - x0, y1 - y0):  # some printers draw lines as pictures
                    layer.draw((x0, y0, x1, y1))
        left -= count
        if left <= 0:
            layer.crowded = True
            layer.across.clear()
            layer.down.clear()
            return


def _matrix(item: Any, outer: tuple[float, ...]) -> tuple[float, ...]:
    own = raw.FS_MATRIX()
    if not raw.FPDFPageObj_GetMatrix(item, ctypes.byref(own)):
        return outer
    a, b, c, d, e, f = own.a, own.b, own.c, own.d, own.e, own.f
    p, q, r, s, t, u = outer
    return a * p + b * r, a * q + b * s, c * p + d * r, c * q + d * s, e * p + f * r + t, e * q + f * s + u


def _bounds(item: Any, m: tuple[float, ...]) -> tuple[float, float, float, float]:
    left, low, right, high = ctypes.c_float(), ctypes.c_float(), ctypes.c_float(), ctypes.c_float()
    raw.FPDFPageObj_GetBounds(item, left, low, right, high)
    corners = [
        (x * m[0] + y * m[2] + m[4], x * m[1] + y * m[3] + m[5])
        for x in (left.value, right.value)
        for y in (low.value, high.value)
    ]
    xs, ys = [c[0] for c in corners], [c[1] for c in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _path(item: Any, m: tuple[float, ...], layer: Layer, area: float) -> None:
    """Ruling lines of a path: a thin shape is one, a box is four, a stroke is one a segment."""
    x0, y0, x1, y1 = _bounds(item, m)
    if not (-FAR < x0 <= x1 < FAR and -FAR < y0 <= y1 < FAR):
        return
    wide, tall = x1 - x0, y1 - y0
    if min(wide, tall) <= THIN:
        layer.draw((x0, y0, x1, y1))
        return
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    raw.FPDFPath_GetDrawMode(item, fill, stroke)
    if not fill.value and not stroke.value:
        return
    count = raw.FPDFPath_CountSegments(item)
    if count > 2000 or (fill.value and not stroke.value and wide * tall > 0.7 * area):  # the background of the page
        return
    segments = _segments(item, count)
    own = _matrix(item, m)
    for xa, ya, xb, yb in segments:
        ax, ay = xa * own[0] + ya * own[2] + own[4], xa * own[1] + ya * own[3] + own[5]
        bx, by = xb * own[0] + yb * own[2] + own[4], xb * own[1] + yb * own[3] + own[5]
        if abs(ax - bx) < 1.0 or abs(ay - by) < 1.0:
            layer.draw((min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)))


def _segments(item: Any, count: int) -> list[tuple[float, float, float, float]]:
    """The straight lines of a path; a curve counts only where it is none."""
    points: list[tuple[float, float]] = []
    bent: list[tuple[float, float]] = []
    segments: list[tuple[float, float, float, float]] = []
    px, py = ctypes.c_float(), ctypes.c_float()
    for index in range(count):
        segment = raw.FPDFPath_GetPathSegment(item, index)
        kind = raw.FPDFPathSegment_GetType(segment)
        raw.FPDFPathSegment_GetPoint(segment, px, py)
        at = (px.value, py.value)
        if kind == raw.FPDF_SEGMENT_MOVETO or not points:
            points = [at]
        elif kind == raw.FPDF_SEGMENT_BEZIERTO:
            bent.append(at)
            if len(bent) == 3:
                curve, bent = [points[-1], *bent], []
                if any(max(p[i] for p in curve) - min(p[i] for p in curve) < 0.3 for i in (0, 1)):
                    segments.append((*curve[0], *at))
                points.append(at)
        else:
            segments.append((*points[-1], *at))
            points.append(at)
        if raw.FPDFPathSegment_GetClose(segment) and len(points) > 1:
            segments.append((*points[-1], *points[0]))
    return segments
