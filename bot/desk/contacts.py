"""Who is on the contact card (连心卡) of a grid, and which cards answer a question. Pure look-ups, without a word.

A card names the people of the grid and the phones that may be public; of residents it knows nothing.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime

from bot.desk.assignment import Located, Said
from bot.desk.directory import GroupView, View
from bot.texts import times
from storage.grid import Grid, GridLevel
from storage.person import Role, RoleKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One who answers for a grid, as ``worker``, ``standin`` or ``leader``. ``phone`` is empty unless it is public."""

    name: str
    standing: str
    phone: str
    away: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One grid and its people: first the workers, then those who stand in, then those who lead."""

    grid_id: int
    code: str
    grid: str
    people: tuple[Contact, ...]


def stands(grid: Grid, on: date) -> bool:
    """Whether the grid exists on that day."""
    return grid.valid_from <= on and (grid.valid_to is None or on < grid.valid_to)


def card_of(view: View, grid_id: int, *, now: datetime) -> Card | None:
    """The card of this grid, of the one above a micro-grid; None where the grid does not exist today."""
    grid = view.grids[view.working_grid(grid_id)]
    if not stands(grid, times.local(now).date()):
        return None
    people: dict[int, Contact] = {}
    for standing, roles in _standings(view, grid.id or 0):
        for role in roles:
            person = view.staff[role.person_id]
            contact = Contact(
                name=person.name,
                standing=standing,
                phone=person.phone if person.phone_public else "",
                away=view.away(role.person_id, now),
            )
            people.setdefault(role.person_id, contact)
    return Card(grid_id=grid.id or 0, code=grid.code, grid=grid.name, people=tuple(people.values()))


def all_cards(view: View, *, now: datetime) -> tuple[Card, ...]:
    """The cards of all grids that have workers of their own, by code."""
    return _cards(view, {key for key, grid in view.grids.items() if grid.level != GridLevel.MICRO}, now)


def cards_for(
    view: View,
    *,
    place: Located | None,
    said: Said,
    words: str,
    group: GroupView | None,
    roles: tuple[Role, ...],
    now: datetime,
) -> tuple[Card, ...]:
    """The one card of a known place; else those of all grids that can be meant, by code. Nobody is asked anything.

    ``roles`` are the speaker's own: staff in a private talk mean the grids they work in.
    """
    if place is not None and place.grid_id is not None:
        card = card_of(view, place.grid_id, now=now)
        if card is not None:
            return (card,)
    own = {role.grid_id for role in roles if role.grid_id is not None and role.grid_id in view.grids}
    near = _named(view, said, words, group) or (group.grids if group else own)
    return _cards(view, near, now) or all_cards(view, now=now)


def _cards(view: View, grids: AbstractSet[int], now: datetime) -> tuple[Card, ...]:
    found = (card_of(view, key, now=now) for key in {view.working_grid(grid) for grid in grids})
    return tuple(sorted((card for card in found if card is not None), key=lambda card: card.code))


def _named(view: View, said: Said, words: str, group: GroupView | None) -> AbstractSet[int]:
    """The grids of the estate or the buildings that were named, where that does not say which one."""
    estate = next((estate for word, estate in view.estate_words if word in words), None)
    buildings = [
        building
        for building in view.buildings_by_number.get(said.building.upper(), ())
        if estate in (None, building.estate_id)
    ]
    grids = {grid for building in buildings for grid in view.grids_of_building(building)}
    if grids:
        return (grids & group.grids or grids) if group else grids
    return view.grids_of_estate.get(estate, frozenset()) if estate is not None else frozenset()


def _standings(view: View, grid_id: int) -> list[tuple[str, list[Role]]]:
    workers = [role for role in view.roles if role.kind == RoleKind.WORKER and role.grid_id == grid_id]
    path = view.upwards(grid_id)
    leaders = [role for role in view.roles if role.kind == RoleKind.LEADER and role.grid_id in path]
    return [
        ("worker", [role for role in workers if not role.standin]),
        ("standin", [role for role in workers if role.standin]),
        ("leader", sorted(leaders, key=lambda role: path.index(role.grid_id or 0))),
    ]
