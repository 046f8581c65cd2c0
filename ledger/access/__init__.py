"""Who asks: tokens, sessions, and what they say of the one who brings them."""
