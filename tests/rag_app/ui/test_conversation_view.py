"""The conversation as Streamlit draws it."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def conversation_page() -> None:
    """A page with questions answered twice, not at all, and with small talk; AppTest runs this source by itself."""
    from rag_app.answers.answer import Answer, Citation, QuotedAnswer
    from rag_app.answers.evidence import AnswerEvidence, Evidence, Piece
    from rag_app.ui.conversation import Conversation
    from rag_app.ui.conversation_view import show_conversation
    from rag_app.ui.exchange import Exchange
    from rag_app.ui.strings import ENGLISH

    def answer(number: int, quote: str) -> tuple[QuotedAnswer, AnswerEvidence]:
        cited = Citation("a.txt", "d", "c", 0, 1, quote, None, 0.5, quote, 0, 1)
        sentence = (Piece("It is ", is_quote=False), Piece(quote, is_quote=True))
        place = Evidence(number, f"{quote} **x**.txt", None, (), None, None, sentence, sentence)
        return QuotedAnswer(quote, 0.9, (cited,)), AnswerEvidence((place,), ())

    (one, first), (two, second) = answer(1, "<b>28</b>"), answer(2, "30")
    answered = Exchange("How many?", Answer("How many?", one.text, True, 0.9, (one, two)), (first, second))
    refused = Exchange("Who?", Answer("Who?", "Not in your documents.", False, 0.1))
    greeted = Exchange("Hi!", Answer("Hi!", "Happy to <help>!", False, 0.0, small_talk=True), searched_in="a folder")
    show_conversation(Conversation([answered, refused, greeted]), None, ENGLISH, is_local=True)  # type: ignore[arg-type]


def test_exchanges_are_drawn_as_escaped_html() -> None:
    page = AppTest.from_function(conversation_page, default_timeout=120).run()
    assert not page.exception
    drawn = [element.proto.body for element in page.get("html")]
    assert len(drawn) == 6
    assert drawn[1].count('<details class="rag-citation">') == 2
    assert 'It is <strong class="rag-short">&lt;b&gt;28&lt;/b&gt;</strong>' in drawn[1]
    assert "Not in your documents." in drawn[3]
    assert "Happy to &lt;help&gt;!" in drawn[5] and "Your documents were not searched" in drawn[5]
    assert "rag-quote" not in drawn[5] and "rag-notice" not in drawn[5] and "a folder" not in drawn[5]
    assert not page.markdown, "what documents say does not go through Markdown"
