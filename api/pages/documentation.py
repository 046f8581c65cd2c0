"""The API's documentation at `/docs`: Swagger UI as vendored, so it is there offline too."""

from fastapi import APIRouter, Depends, Request, Response

from api.pages.language import asked_language
from api.pages.rendering import page

router = APIRouter()


@router.get("/docs", include_in_schema=False, dependencies=[Depends(asked_language)])
def show_documentation(request: Request) -> Response:
    return page(request, "docs.html")
