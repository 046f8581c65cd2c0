"""Pages for people: the park's year, one report, the API's documentation, what a refusal means.

A page is a client of the API in the same process: it asks the routes under the visitor's own
credentials, so it cannot show more than they do. Nothing here is built: Jinja renders HTML, the
chart is inline SVG, and every asset lies in api/static, so a page works without script and offline.
"""
