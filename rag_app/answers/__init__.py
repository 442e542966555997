"""What is answered: quotes with their places, checked against the stored text."""
