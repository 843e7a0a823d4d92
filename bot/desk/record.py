"""Writing down what was done: the case's own events, and the audit that covers everything. Changes nothing else."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from storage.audit import AuditRow
from storage.case import CaseEvent
from storage.late import insert_late


@dataclass(frozen=True, slots=True)
class By:
    """Who acts, and through which door (``wecom clock console command`` …). ``actor`` is an id, never a name."""

    actor: str
    door: str


BOT = "bot"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was done. ``data`` holds ids and codes, no personal data."""

    kind: str
    by: By
    data: dict[str, Any]


def event(session: Session, *, case_id: int, kind: str, by: By, now: datetime, **data: Any) -> None:
    """One step in a case's life, with its audit row."""
    events(session, case_id=case_id, steps=[Step(kind, by, data)], now=now)


def events(session: Session, *, case_id: int, steps: list[Step], now: datetime) -> None:
    """Several steps of one moment, in their order."""
    insert_late(
        session,
        CaseEvent,
        [
            {"case_id": case_id, "at": now, "kind": step.kind, "actor": step.by.actor, "door": step.by.door,
             "data": step.data}
            for step in steps
        ],
    )  # fmt: skip
    insert_late(session, AuditRow, [_audited(step, f"case:{case_id}", now) for step in steps])


def audit(session: Session, *, verb: str, subject: str, by: By, now: datetime, **data: Any) -> None:
    """Something that was done to no case."""
    insert_late(session, AuditRow, [_audited(Step(verb, by, data), subject, now)])


def _audited(step: Step, subject: str, now: datetime) -> dict[str, Any]:
    return {"at": now, "actor": step.by.actor, "door": step.by.door, "verb": step.kind, "subject": subject,
            "data": step.data, "digest": ""}  # fmt: skip


def seal(session: Session, *, most: int = 1_000) -> int:
    """Chain the audit rows that are not chained yet; returns how many. One sealer at a time (the caller's lock)."""
    last = session.exec(
        select(AuditRow).where(col(AuditRow.seal).is_not(None)).order_by(col(AuditRow.seal).desc()).limit(1)
    ).first()
    number, digest = (last.seal or 0, last.digest) if last else (0, "")
    rows = session.exec(
        select(AuditRow).where(col(AuditRow.seal).is_(None)).order_by(col(AuditRow.id)).limit(most)
    ).all()
    for row in rows:
        number += 1
        digest = _digest(row, number, digest)
        row.seal, row.digest = number, digest
        session.add(row)
    return len(rows)


def broken_seal(session: Session) -> int | None:
    """The first sealed row that does not fit its chain (its seal number), or None while all is well."""
    digest = ""
    rows = session.exec(select(AuditRow).where(col(AuditRow.seal).is_not(None)).order_by(col(AuditRow.seal)))
    for number, row in enumerate(rows, start=1):
        digest = _digest(row, number, digest)
        if row.seal != number or row.digest != digest:
            return number
    return None


def unsealed(session: Session) -> int:
    return session.exec(select(func.count()).select_from(AuditRow).where(col(AuditRow.seal).is_(None))).one()


def _digest(row: AuditRow, number: int, before: str) -> str:
    content = [number, row.id, row.at.isoformat(), row.actor, row.door, row.verb, row.subject, row.data]
    plain = before + json.dumps(content, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(plain.encode()).hexdigest()
