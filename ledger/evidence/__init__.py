"""Evidence behind reports: readings, documents, salts and the roots that commit to them."""
