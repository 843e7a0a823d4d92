"""The contact cards (连心卡) as pages to print and as pictures: ``/card``, ``/card/{grid code}`` and ``….png``.

Public by rule and without a login: a grid's name, its worker and the public phones must hang in every stairwell.
Shows nothing of any resident, changes nothing, and needs no JavaScript.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session, col, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.templating import Jinja2Templates

from bot.console.card_image import Face, NoFont, Person, picture, qr_svg
from bot.desk.contacts import Card, all_cards, card_of, stands
from bot.desk.directory import View, read_view
from bot.texts import contacts as say
from bot.texts import times
from storage import revision
from storage.db import reading
from storage.grid import Community, Grid, GridCode

HERE = Path(__file__).parent
STYLE = HERE / "static" / "card.css"
PER_PAGE = 10
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class Shelf:
    """The communities as they are now, each read once per revision of the reference data."""

    def __init__(self) -> None:
        self._views: dict[tuple[int, int], View] = {}

    def view(self, session: Session, community_id: int) -> View:
        now = revision.current(session)
        view = self._views.get((now, community_id)) or read_view(session, community_id)
        # a new dictionary, so that a thread that reads the old one is not disturbed
        self._views = {key: each for key, each in self._views.items() if key[0] == now} | {(now, community_id): view}
        return view


def routes(engine: Engine, *, card_url: str, clock: Callable[[], datetime]) -> list[BaseRoute]:
    """The routes of the cards, for the app to mount at its root. ``card_url``: where a QR code leads, or empty."""
    pages = Jinja2Templates(directory=HERE / "templates")
    shelf = Shelf()

    def page(request: Request, status: int = 200, **content: object) -> Response:
        # the whole path, because a page of one card lies one folder deeper than the page of all
        style = f"{request.scope.get('root_path', '')}/card/card.css?v={int(STYLE.stat().st_mtime)}"
        shown = {"say": say, "code": qr_svg, "style": style, "base": style.partition("/card.css")[0], **content}
        return pages.TemplateResponse(request, "card.html", shown, status_code=status, headers=HEADERS)

    async def sheet(request: Request) -> Response:
        wanted = request.query_params.get("community", "")
        communities, faces = await run_in_threadpool(_sheet, engine, shelf, wanted, card_url, clock())
        if not communities:
            return page(request, 404, message=say.NO_COMMUNITY)
        sheets = [faces[start : start + PER_PAGE] for start in range(0, len(faces), PER_PAGE)]
        return page(request, title=communities[0].name, communities=communities, sheets=sheets)

    async def one(request: Request) -> Response:
        face = await run_in_threadpool(_face_of, engine, shelf, request.path_params["code"], card_url, clock())
        return page(request, title=face.grid, face=face) if face else page(request, 404, message=say.NO_CARD)

    async def image(request: Request) -> Response:
        face = await run_in_threadpool(_face_of, engine, shelf, request.path_params["code"], card_url, clock())
        if face is None:
            return PlainTextResponse(say.NO_CARD, 404, headers=HEADERS)
        try:
            drawn = await run_in_threadpool(picture, face)
        except NoFont:
            return PlainTextResponse(say.NO_FONT, 503, headers=HEADERS)
        return Response(drawn, media_type="image/png", headers=HEADERS)

    async def style(_: Request) -> Response:
        return FileResponse(STYLE, media_type="text/css", headers={**HEADERS, "Cache-Control": "max-age=86400"})

    return [
        Route("/card", sheet, name="cards"),
        Route("/card/card.css", style, name="card-style"),
        Route("/card/{code}.png", image, name="card-image"),
        Route("/card/{code}", one, name="card"),
    ]


def _sheet(
    engine: Engine, shelf: Shelf, wanted: str, card_url: str, now: datetime
) -> tuple[Sequence[Community], list[Face]]:
    """The communities that fit, and the cards of the only one; several are a list to choose from."""
    with reading(engine) as session:
        query = select(Community).order_by(col(Community.code))
        if wanted:
            query = query.where(Community.code == _plain(wanted))
        communities = session.exec(query).all()
        if len(communities) != 1:
            return communities, []
        view = shelf.view(session, communities[0].id or 0)
        return communities, [_face(view, card, card_url) for card in all_cards(view, now=now)]


def _face_of(engine: Engine, shelf: Shelf, code: str, card_url: str, now: datetime) -> Face | None:
    """The card of the grid that bears this code, or bore it once: an old card on a wall still leads somewhere."""
    with reading(engine) as session:
        grid = session.exec(select(Grid).where(Grid.code == _plain(code))).first()
        if grid is None:
            former = select(Grid).join(GridCode).where(GridCode.code == _plain(code))
            grid = session.exec(former.order_by(col(GridCode.valid_from).desc())).first()
        if grid is None or not stands(grid, times.local(now).date()):
            return None
        view = shelf.view(session, grid.community_id)
        card = card_of(view, grid.id or 0, now=now)
        return _face(view, card, card_url) if card else None


def _face(view: View, card: Card, card_url: str) -> Face:
    community, hours = view.community, view.hours
    call = community.phone or community.duty_phone
    instead = say.absent(card.people)
    people = tuple(
        Person(label=say.ON_PAPER[each.standing], name=each.name, phone=each.phone, away=instead if each.away else "")
        for each in say.printed(card.people)
    )
    return Face(
        code=card.code,
        grid=card.grid,
        community=community.name,
        community_code=community.code,
        people=people,
        phone=community.phone,
        duty_phone=community.duty_phone if community.duty_phone != community.phone else "",
        hours=(say.week(hours.spans), *(say.season(*season) for season in hours.seasons)),
        qr=card_url + card.code if card_url else f"tel:{say.dialled(call)}" if call else "",
        scan=say.SCAN_CARD if card_url else say.SCAN_CALL,
    )


def _plain(code: str) -> str:
    """A code as one may be; anything else finds nothing (PostgreSQL refuses a NUL)."""
    return code if re.fullmatch(r"[0-9A-Za-z_-]{1,20}", code) else ""
