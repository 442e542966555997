"""Words by which a passage is found, and the search for them."""
