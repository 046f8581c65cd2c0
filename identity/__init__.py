"""Who speaks: identifier grammar, keys, typed data and signatures; no SQL, HTTP or chain."""
