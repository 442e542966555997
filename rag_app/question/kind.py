"""What kind of answer a question asks for, as far as it changes what is shown of it."""

from __future__ import annotations

import re

# "how do I", "which documents", "what are the steps"; but not "how many", "how long", "which class", "what does".
_ENGLISH = re.compile(
    r"\bhow (?:do|does|did|can|could|should|shall|must|may|to|is|are|was|were|would)\b"
    r"|\bwhat (?:do|must|should|can|shall) (?:\w+ ){1,3}do\b"
    r"|\bwhat (?:are|were|kinds?|types?|happens)\b|\bwhich (?:are|ones)\b"
    r"|\b(?:which|what) (?!does\b|this\b)\w{3,}[^s\W]s\b"
    r"|\b(?:list|enumerate|steps)\b",
    re.IGNORECASE,
)
_CHINESE = re.compile(
    r"哪些|怎么|怎麼|怎样|怎樣|如何|步骤|步驟|流程|分别|列出|列举|有什么(?:要求|条件|规定)|(?:该|要|需要?|得|都)做些?什么"
)


def asks_for_list(question: str) -> bool:
    """Whether a question asks for steps or several items, so that an item of a list is only part of its answer."""
    return bool(_ENGLISH.search(question) or _CHINESE.search(question))
