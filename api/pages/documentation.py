"""The API's documentation at `/docs`: Swagger UI as vendored, so it is there offline too."""

from fastapi import APIRouter, Request, Response

from api.pages.language import Language
from api.pages.rendering import page

router = APIRouter()


@router.get("/docs", include_in_schema=False)
def show_documentation(request: Request, lang: Language | None = None) -> Response:
    return page(request, "docs.html")
