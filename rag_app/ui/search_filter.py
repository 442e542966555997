"""The sidebar's "search in": which documents a question looks into. It lists only what there is."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import PurePath
from typing import Any

import streamlit as st

from ingest.catalogue.document_filter import DocumentFilter
from ingest.catalogue.facets import Facets
from ingest.errors import FilterError
from ingest.library import Library
from rag_app.ui import session
from rag_app.ui.format_names import type_name
from rag_app.ui.string_fields import Strings
from rag_app.ui.strings import LANGUAGE_NAMES, language_of_strings

_MAX_VALUES = 300  # values offered of one kind


def show_search_filter(library: Library, strings: Strings) -> tuple[DocumentFilter, str]:
    """Draw it, where there is anything to choose between.

    Returns:
        The documents chosen, and the choice in the page's words ("" when all are searched).
    """
    facets = library.facets()
    names = _folder_names(list(facets.folders), library, strings)
    page_language = language_of_strings(strings)
    kinds: list[tuple[str, str, Sequence[str], Callable[[str], str]]] = [
        ("folder", strings.filter_folder, list(facets.folders)[:_MAX_VALUES], lambda v: names.get(v, v)),
        ("type", strings.filter_type, list(facets.types), lambda v: type_name(v, page_language)),
        ("tag", strings.filter_tag, list(facets.tags)[:_MAX_VALUES], lambda v: v),
        ("language", strings.filter_language, list(facets.languages), _language_name),
    ]
    # A tag is worth a choice even if there is only one: other documents may have none.
    kinds = [kind for kind in kinds if len(kind[2]) > (kind[0] != "tag")]
    has_days = facets.first_day != facets.last_day
    if not kinds and not has_days:
        return DocumentFilter(), ""
    box = st.container()
    values: dict[str, Any] = {}
    words: list[str] = []
    with st.expander(strings.search_in, expanded=bool(session.filter_words())):
        for name, label, options, shown in kinds:
            chosen = _choose(name, label, options, shown)
            if chosen:
                values[name] = chosen
                words.append((" / ").join(map(shown, chosen)))
        if has_days:
            values |= _days(facets, strings, words)
    try:
        found = DocumentFilter.of(**values)
    except FilterError as error:  # the days are the wrong way round
        box.caption(str(error))
        found, words = DocumentFilter(), []
    session.set_filter_words(", ".join(words))
    return found, session.filter_words()


def _choose(name: str, label: str, options: Sequence[str], shown: Callable[[str], str]) -> list[str]:
    key = session.filter_key(name)
    # What was chosen may be gone with the last document that had it.
    session.keep_only(key, options)
    return st.multiselect(label, options, key=key, format_func=shown, placeholder=label, label_visibility="collapsed")


def _days(facets: Facets, strings: Strings, words: list[str]) -> dict[str, date]:
    first, last = date.fromisoformat(facets.first_day), date.fromisoformat(facets.last_day)
    found: dict[str, date] = {}
    for name, label in (("since", strings.filter_since), ("until", strings.filter_until)):
        day = st.date_input(
            label,
            value=None,
            min_value=min(first, date(1970, 1, 1)),
            max_value=max(last, date.today()),
            key=session.filter_key(name),
            format="YYYY-MM-DD",
        )
        if isinstance(day, date):
            found[name] = day
            words.append(f"{label} {day}")
    return found


def _language_name(code: str) -> str:
    return LANGUAGE_NAMES["zh" if code == "zh" else "en"]


def _folder_names(folders: Sequence[str], library: Library, strings: Strings) -> dict[str, str]:
    """Folders as paths from the one above all of them; the library's own is that of uploads."""
    uploads = str(library.folder / "uploads")
    others = [f for f in folders if f != uploads and os.path.isabs(f)]
    above = PurePath(os.path.commonpath(others)).parent if others else PurePath("/")
    names = {f: str(PurePath(f).relative_to(above)) for f in others}
    return {**names, uploads: strings.uploaded}
