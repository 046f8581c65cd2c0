"""Networks of validators: their keys, their genesis and the files that start them."""
