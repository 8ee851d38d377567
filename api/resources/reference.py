"""The reference of the API, for people."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from api.reference import CONTENT_SECURITY_POLICY, page

router = APIRouter(tags=["service"])


@router.get("/docs", summary="Reference", response_class=HTMLResponse)
async def reference(request: Request) -> HTMLResponse:
    """Every route with its parameters and an example, on one page that needs neither scripts nor the internet."""
    html = page(request.app.openapi(), str(request.base_url))
    return HTMLResponse(html, headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY})
