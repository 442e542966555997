"""What the GPT reads for a follow-up question: the question with a mark before it, then the conversation.

[CLS] follow-up: question [SEP] conversation [SEP]; it quotes from the conversation the words that the question leaves
out or means by a pronoun, and stops at once where the question stands by itself. Training and use share this file.
"""

from __future__ import annotations

from collections.abc import Sequence

# The tokenizer reads special tokens in a text as plain text, so no token can be had that a person cannot type: these
# are four ordinary tokens. A person who types them asks for a completion, which does no harm: it is shown.
FOLLOW_UP_MARK = "follow-up: "
MOST_MESSAGES = 8           # four questions with their answers
MOST_CHARACTERS = 1000
_LONGEST_MESSAGE = 400


def conversation_passage(messages: Sequence[str]) -> str:
    """Messages as one passage, a line each, oldest first; only the last ones, long ones cut at their end.

    Args:
        messages: questions and answers in turn, oldest first; empty ones are passed over.
    """
    lines: list[str] = []
    room = MOST_CHARACTERS
    for message in reversed([" ".join(m.split())[:_LONGEST_MESSAGE].rstrip() for m in messages if m.strip()]):
        if len(lines) == MOST_MESSAGES or room < len(message):
            break
        lines.append(message)
        room -= len(message) + 1
    return "\n".join(reversed(lines))
