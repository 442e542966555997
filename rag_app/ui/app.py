"""The file that `rag chat` gives to Streamlit; it runs anew for every action of the person, so it holds no state."""

from rag_app.ui.page import show_page

show_page()
