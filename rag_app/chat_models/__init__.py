"""Our GPT as a LangChain chat model."""
