"""People's verbs: they speak HTTP through the client, as anybody's program could."""
