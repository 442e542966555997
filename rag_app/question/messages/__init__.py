"""What a message is: talk, a question about the program, or something to look up in the documents."""
