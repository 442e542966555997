import pytest

from ingest.loaders.errors import LoadError
from ingest.loaders.restructuredtext import load_restructuredtext

SOURCE = """
=====
Guide
=====

Intro with ``code``, :ref:`a link <target>` and *stress*.

.. note:: Mind the gap.

安装
----

* one
* two

.. versionadded:: 3.1
   Now it does.

.. list-table:: Rates
   :header-rows: 1

   * - Place
     - Rate
   * - Kiel
     - 140

+------+-----+
| Name | Age |
+======+=====+
| Ann  | 12  |
+------+-----+

::

   x = 1
     y = 2

.. A comment.
.. include:: /etc/passwd
.. raw:: html

   <b>raw</b>
"""


def test_sections_lists_tables_and_code_are_kept_without_their_markup() -> None:
    document = load_restructuredtext(SOURCE.encode(), "stem")
    assert document.text.split("\n\n") == [
        "Guide", "Intro with code, a link and stress.", "Mind the gap.", "安装", "- one\n- two", "3.1", "Now it does.",
        "Rates", "Place: Kiel; Rate: 140", "Name: Ann; Age: 12", "x = 1\n  y = 2",
    ]  # fmt: skip
    assert [(h.level, h.title) for h in document.headings] == [(1, "Guide"), (2, "安装")]
    assert all(document.text[h.start :].startswith(h.title) for h in document.headings)
    assert document.title == "Guide"


def test_nothing_is_read_from_elsewhere() -> None:
    assert "root:" not in load_restructuredtext(SOURCE.encode(), "s").text
    assert "root:" not in load_restructuredtext(b"x\n\n.. csv-table::\n   :file: /etc/passwd\n", "s").text


def test_what_nests_too_deep_is_refused() -> None:
    lines = "".join("  " * i + "* x\n\n" for i in range(400))
    with pytest.raises(LoadError, match="nests"):
        load_restructuredtext(lines.encode(), "s")
