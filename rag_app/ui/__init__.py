"""The chat page: `app.py` is what Streamlit runs, `page.py` lays it out.

Nothing here imports torch, chromadb or LangChain while a page is drawn: `engine.py` and `pending.py` do so in threads
of their own. What comes from a document, a file name or a question reaches the browser only through `safe_html.py`.
"""
