"""The conversation on the page: questions, answers with their evidence, and the one being answered."""

from __future__ import annotations

import time

import streamlit as st

from rag_app.ui.conversation import Conversation
from rag_app.ui.engine import Engine, Stage
from rag_app.ui.error_messages import explain
from rag_app.ui.exchange import Exchange
from rag_app.ui.pending import PendingAnswer
from rag_app.ui.progress import Phase
from rag_app.ui.rendering import (
    answer_html,
    nearest_html,
    not_found_html,
    possible_html,
    progress_html,
    question_html,
    question_read_html,
    searched_for_html,
    searched_in_html,
    small_talk_html,
    streaming_html,
    trouble_html,
)
from rag_app.ui.string_fields import Strings

_LOOK_EVERY = 0.1  # seconds
# Our own words and a number, nothing of a document: Streamlit follows a growing page only while it stands at its end.
_SCROLL = """<script>{{ // {}
  const questions = document.querySelectorAll(".rag-question");
  if (questions.length) questions[questions.length - 1].scrollIntoView({{block: "start"}});
}}</script>"""
_PERSON, _DOCUMENTS = ":material/person:", ":material/format_quote:"


def show_conversation(conversation: Conversation, engine: Engine, strings: Strings, *, is_local: bool) -> None:
    """Draw all exchanges; with a question in the making, stay until it is answered, then draw the page again."""
    for exchange in conversation.exchanges:
        _show_question(exchange.question)
        with st.chat_message("assistant", avatar=_DOCUMENTS):
            _show_exchange(exchange, strings, is_local=is_local)
    pending = conversation.pending
    if pending is not None:
        _show_question(pending.question)
        with st.chat_message("assistant", avatar=_DOCUMENTS):
            _scroll_to_question(conversation)
            _follow(pending, engine, strings, is_local=is_local)
        conversation.exchanges.append(pending.exchange)
        conversation.pending = None
        conversation.is_fresh = True
        st.rerun()
    if conversation.is_fresh:
        conversation.is_fresh = False
        _scroll_to_question(conversation)


def _scroll_to_question(conversation: Conversation) -> None:
    """Bring the last question to the top of the window, so that its answer is in view."""
    # The browser runs a script again only if it is another one.
    step = f"{len(conversation.exchanges)}{'…' if conversation.pending else ''}"
    st.html(_SCROLL.format(step), unsafe_allow_javascript=True)


def _show_question(question: str) -> None:
    with st.chat_message("user", avatar=_PERSON):
        st.html(question_html(question))


def _show_exchange(exchange: Exchange, strings: Strings, *, is_local: bool) -> None:
    if exchange.error is not None:
        st.html(trouble_html(explain(exchange.error, strings)))
        return
    answer = exchange.answer
    if answer is None:
        return
    if answer.small_talk:
        st.html(small_talk_html(answer))
        return
    searched = "".join(
        (
            searched_for_html(answer, strings),
            question_read_html(answer, strings),
            searched_in_html(exchange.searched_in, strings),
        )
    )
    if searched:
        st.html(searched)
    if not answer.answered:
        st.html(possible_html(answer, exchange.evidence, strings) if answer.possible else not_found_html(answer))
        if answer.passages:
            with st.expander(strings.nearest):
                st.html(nearest_html(answer.passages, strings))
        return
    st.html(answer_html(answer, exchange.evidence, strings, is_local=is_local))


def _follow(pending: PendingAnswer, engine: Engine, strings: Strings, *, is_local: bool) -> None:
    """Show how far the answer is. Only changes are sent; the seconds are one, so the page can interrupt this loop."""
    progress, reply = st.empty(), st.empty()
    started = time.monotonic()
    shown = ("", "")
    while not pending.finished.wait(_LOOK_EVERY):
        label = progress_html(_doing(pending, engine, strings), int(time.monotonic() - started))
        now = label, pending.progress.text
        if now[0] != shown[0]:
            progress.html(now[0])
        if now[1] != shown[1]:
            reply.html(streaming_html(now[1], "" if is_local else strings.unchecked))
        shown = now


def _doing(pending: PendingAnswer, engine: Engine, strings: Strings) -> str:
    if pending.progress.phase is Phase.LOADING:
        return strings.loading_search if engine.stage is Stage.SEARCH else strings.loading_reader
    return strings.searching if pending.progress.phase is Phase.SEARCHING else strings.reading
