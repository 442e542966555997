"""From a question to passages: two searches over the library, fused, behind LangChain's retriever interface."""
