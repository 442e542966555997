"""Text into HTML: documents, file names and questions are data and never become markup.

Streamlit's Markdown would read `**bold**`, `$x$`, `:material/…:` and links out of them, so nothing that we did not
write ourselves goes through Markdown; it goes through `st.html`, escaped here.
"""

from __future__ import annotations

import html
import re

# Control characters, and those that turn the direction of what follows: a name must look like what it is.
_INVISIBLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


def escaped(text: str) -> str:
    """Text as HTML that shows exactly these characters, without the invisible ones."""
    return html.escape(_INVISIBLE.sub("", text), quote=True)


def element(tag: str, css_class: str, *children: str) -> str:
    """An element around HTML that is safe already."""
    return f'<{tag} class="{css_class}">{"".join(children)}</{tag}>'
