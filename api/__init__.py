"""HTTP only: wire schemas, routes, statuses, paging; no SQL and no chain."""
