"""The paper of an audit as a PDF. DejaVu Sans (static/fonts) writes Latin, Greek, Cyrillic, Arabic, Hebrew, Armenian
and Georgian letters, shaped and in their direction; what it can't write is a box, and a note says so."""

from __future__ import annotations

import logging
import unicodedata
from functools import cache
from pathlib import Path
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _
from fontTools.ttLib import TTFont
from fpdf import FPDF, FontFace
from fpdf.enums import TableBordersLayout, VAlign, XPos, YPos

from reservations.night_audit import words
from reservations.night_audit.rows import Cell
from reservations.night_audit.sheet import Block, Late, Sheet
from reservations.night_audit.words import Times

FONT: Final = "DejaVu"
INK: Final = 20
GREY: Final = 110
LINE: Final = 190
BOX: Final = "\N{WHITE VERTICAL RECTANGLE}"
# Columns of the wide tables, in parts of the width.
COLUMNS: Final = {7: (8, 16, 17, 10, 17, 17, 15), 5: (14, 20, 34, 14, 18)}

# It tells of every table that a font lacks.
logging.getLogger("fontTools.subset").setLevel(logging.WARNING)
logging.getLogger("fpdf").setLevel(logging.ERROR)


def _font(name: str) -> Path:
    return Path(settings.BASE_DIR) / "static" / "fonts" / name


@cache
def _letters() -> frozenset[int]:
    """What the font can write."""
    with TTFont(_font("dejavu-sans.ttf"), lazy=True) as font:
        return frozenset(font.getBestCmap())


def render(sheet: Sheet) -> bytes:
    """The whole paper on A4, in the active language."""
    paper = _Paper(sheet)
    paper.head()
    for block in sheet.blocks:
        paper.block(block)
    for late in sheet.late:
        paper.addendum(late)
    paper.foot()
    return bytes(paper.output())


class _Paper(FPDF):
    def __init__(self, sheet: Sheet) -> None:
        super().__init__(format="A4")
        self.sheet, self.lacks = sheet, False
        self.times = Times(sheet.place.zone, sheet.audit.business_date)
        self.add_font(FONT, "", _font("dejavu-sans.ttf"))
        self.add_font(FONT, "B", _font("dejavu-sans-bold.ttf"))
        self.set_text_shaping(True, direction="ltr")
        self.set_margins(14, 16)
        self.set_auto_page_break(True, 18)
        title = _("Night audit of %(name)s, %(day)s")
        self.set_title(title % {"name": sheet.place.name, "day": sheet.audit.business_date.isoformat()})
        self.set_creator("Bellhop")
        self.set_draw_color(LINE)
        self.set_line_width(0.15)
        self.add_page()

    def footer(self) -> None:
        self.set_y(-12)
        self._set(7, grey=True)
        self.cell(0, 4, "Bellhop")
        self.set_x(-34)
        self.cell(20, 4, f"{self.page_no()} / {{nb}}", align="R")

    def _set(self, size: float, *, bold: bool = False, grey: bool = False) -> None:
        self.set_font(FONT, "B" if bold else "", size)
        self.set_text_color(GREY if grey else INK)

    def _written(self, text: str) -> str:
        """The text with a box for each letter that the font lacks."""
        known = _letters()
        found = "".join(
            letter if ord(letter) in known or letter in "\n\t" else BOX
            for letter in unicodedata.normalize("NFC", text)
            if unicodedata.category(letter) != "Mn" or ord(letter) in known
        )
        self.lacks = self.lacks or BOX in found
        return found

    def _say(self, text: str, size: float = 8.5, *, bold: bool = False, grey: bool = False) -> None:
        self._set(size, bold=bold, grey=grey)
        self.multi_cell(
            0, size * 0.5, self._written(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L"
        )  # fmt: skip

    def head(self) -> None:
        sheet = self.sheet
        self._say(_("Night audit: conversations"), 8, grey=True)
        self._say(sheet.place.name, 16, bold=True)
        day = words.long_day(sheet.audit.business_date)
        self._say(_("Business date %(day)s") % {"day": day}, 9)
        self._say(run_line(sheet), 7.5, grey=True)
        self.ln(2)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())
        self.ln(2)
        counts = [f"{figure.label}: {figure.count}" for figure in sheet.figures]
        self._say("   ".join(counts), 8.5)

    def block(self, block: Block) -> None:
        if self.will_page_break(22):
            self.add_page()
        self.ln(3)
        self._say(f"{block.number}. {block.title}", 9.5, bold=True)
        if block.summary:
            self._say(block.summary)
        if block.count_line:
            self._say(block.count_line)
        if block.rows and block.is_table:
            self._table(block)
            return
        for row in block.rows:
            self._say(line(row))

    def _table(self, block: Block) -> None:
        self._set(7.5)
        widths = COLUMNS.get(len(block.heads))
        with self.table(
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            col_widths=widths,
            headings_style=FontFace(emphasis="BOLD"),
            line_height=4,
            padding=(0.6, 1, 0.6, 0),
            text_align="LEFT",
            v_align=VAlign.T,
        ) as table:
            table.row([self._written(head) for head in block.heads])
            for cells in block.rows:
                table.row([self._written(cell.plain) for cell in cells])

    def addendum(self, late: Late) -> None:
        self.ln(3)
        at = self.times.short(late.found_at.isoformat())
        self._say(_("Addendum, %(at)s") % {"at": at}, 9, bold=True)
        for one in late.lines:
            self._say(one.plain)

    def foot(self) -> None:
        if self.lacks:
            self.ln(2)
            note = _("A box stands for letters that this file can't show; the screen shows them.")
            self._say(note, 7.5, grey=True)
        if self.will_page_break(24):
            self.add_page()
        self.ln(12)
        self._say(_("Read and handed over"), 7.5, grey=True)
        self.ln(9)
        y, half = self.get_y(), self.epw / 2
        for n, name in enumerate((_("Night"), _("Morning"))):
            x = self.l_margin + n * half
            self.line(x, y, x + half - 10, y)
            self.set_xy(x, y + 1)
            self.cell(half - 10, 4, name)


def run_line(sheet: Sheet) -> str:
    """When it ran, by whom, and what came later."""
    row = sheet.audit
    local = row.run_at.astimezone(sheet.place.zone)
    told = [
        _("Run %(day)s, %(at)s") % {"day": words.short_day(local.date()), "at": f"{local:%H:%M:%S}"},
        row.run_by_name or _("by schedule"),
        _("frozen"),
    ]
    if sheet.late:
        told.append(_("addenda: %(n)d") % {"n": len(sheet.late)})
    return ", ".join(told)


def line(row: tuple[Cell, ...]) -> str:
    """A row of a short section as a sentence."""
    return ", ".join(cell.plain for cell in row if cell.text)
