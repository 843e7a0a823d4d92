"""The resident about a case of his that is there: how it goes, more of it, elsewhere, taken back, rated, not solved.

Which case is meant is found, not guessed: where several fit he is asked. A line about somebody else's matter, and a
clear request about another one, are passed on.
"""

import re
from collections.abc import Callable
from datetime import timedelta

from bot.desk import asking, closing, following, questions
from bot.desk.asking import Mine
from bot.desk.errors import Refusal
from bot.desk.lifecycle import AT_WORK, REPORTER
from bot.handlers.base import COMPLAINT, Turn, said_in
from bot.handlers.base_follow import (
    SPEAKS_OF_A_CASE,
    added,
    asks_anew,
    elsewhere,
    is_fresh,
    is_secret,
    likely,
    meant,
    no_case,
    not_solved,
    own,
    place_is_a_guess,
    put_where,
    rows_of,
    say,
    say_refusal,
    stands_so,
)
from bot.intents.base import NONE, FollowUp
from bot.texts import progress, times
from storage.case import Case

MEDIA = ("image", "video", "file", "location")
ALARM_AGAIN, BARE_WITHDRAWAL, CORRECTED = timedelta(minutes=10), timedelta(hours=2), timedelta(hours=24)
_BARE, _MOST_URGED = 6, 3
How = Callable[[Turn, FollowUp, Mine], str | None]


def alarm_again(turn: Turn) -> str | None:
    """The same cry from the same mouth within minutes is the same danger: it goes to those who are called already."""
    if not turn.knows_cases or not turn.meaning.urgent or turn.meaning.decision != "act" or not _may_follow(turn):
        return None
    running = asking.mine(turn.session, acting=turn.acting, group=turn.group).of_item(turn.meaning.item).running
    since = turn.now - ALARM_AGAIN
    case = next((each for each in running if each.urgency == "emergency" and each.opened_at >= since), None)
    if case is None or elsewhere(turn, case):
        return None
    return put_where(turn, case, said_in(turn.meaning.slots), turn.incoming.text) or added(turn, case)


def follow(turn: Turn) -> str | None:
    """A line or a picture that belongs to what he already reported."""
    if not _may_follow(turn):
        return None
    if turn.incoming.kind in MEDIA:
        return _picture(turn)
    if turn.incoming.kind not in ("text", "voice") or turn.meaning.intent == "relay":
        return None
    said = turn.meaning.follow or _by_intent(turn)
    if not turn.knows_cases:
        return _joins_what_waits(turn, said) or no_case(turn, said)
    mine = asking.mine(turn.session, acting=turn.acting, group=turn.group)
    if asks_anew(turn) and turn.meaning.intent == COMPLAINT:
        return None  # it may be about whoever handles the one before
    if asks_anew(turn) and not (said and said.then):
        mine = mine.of_item(turn.meaning.item)
    done = _HOW[said.kind](turn, said, mine) if said is not None and said.kind in _HOW else None
    if done is not None or (said is not None and said.then):
        return done
    if said is not None and said.number and not asks_anew(turn):
        return stands_so(turn, said, mine)
    return _said_again(turn, mine) or _free_words(turn, said, mine) or _joins_what_waits(turn, said)


def _progress(turn: Turn, said: FollowUp, mine: Mine) -> str | None:
    found = [case for case in meant((*mine.running, *mine.handled), said) if not elsewhere(turn, case)]
    found = found or (meant(mine.closed, said)[:1] if said.sure else [])
    if not found:
        if said.sure and not asks_anew(turn) and (private := meant(mine.elsewhere, said)):
            say(turn, progress.several(nick="", rows=rows_of(turn, private, alone=True)), alone=True)
            return "progress"
        return no_case(turn, said)
    alone = any(is_secret(case) for case in found)
    rows = rows_of(turn, found, alone=alone)
    say(turn, rows[0] if len(rows) == 1 else progress.several(nick="", rows=rows), alone=alone)
    return "progress:" + ",".join(str(case.id) for case in found)


def _urge(turn: Turn, said: FollowUp, mine: Mine) -> str | None:
    found = [case for case in meant(mine.running, said) if case.state in AT_WORK][:_MOST_URGED]
    if asks_anew(turn):  # 「灯不亮了，赶紧派人」 right after 「灯不亮了」 tells more than it presses
        found = [case for case in found if not is_fresh(turn, case) and not elsewhere(turn, case)]
    lines = []
    for case in found:
        letters = following.urge(turn.session, acting=turn.acting, case=case)
        turn.note_letters(letters)
        who = asking.lead_of(turn.session, acting=turn.acting, case=case)
        due = following.deadline_of(turn.session, case)
        by = times.by(due, turn.now) if due and due > turn.now else ""
        lines.append(
            progress.nudged(nick="", number=case.number, who=who)
            if letters
            else progress.nudged_before(nick="", number=case.number, by=by)
        )
    if not lines:
        return None
    say(turn, "\n".join(lines), alone=any(is_secret(case) for case in found))
    return "urged:" + ",".join(str(case.id) for case in found)


def _add(turn: Turn, said: FollowUp, mine: Mine) -> str | None:
    """More about the one he spoke of just now; long after only where the words leave no doubt."""
    if turn.meaning.echo is not None or (turn.incoming.text.lstrip().startswith("@") and not said.sure):
        return None
    open_ = (*mine.running, *mine.handled)
    fitting = [case for case in likely(open_, said) if not (asks_anew(turn) and elsewhere(turn, case))]
    fresh = [case for case in fitting if is_fresh(turn, case)]
    if not fresh and (said.number or (said.sure and len(fitting) == 1)):
        fresh = fitting
    if not fresh:
        return None
    case, where = fresh[0], said_in(turn.meaning.slots)
    wrong = elsewhere(turn, case) and place_is_a_guess(turn, case)
    return put_where(turn, case, where, turn.incoming.text, corrects=wrong) or added(turn, case)


def _place(turn: Turn, said: FollowUp, mine: Mine) -> str | None:
    running = [case for case in own(turn, meant(mine.running, said)) if said.number or _is_recent(turn, case)]
    if not running or said.place is None:
        return None
    return put_where(turn, running[0], said_in(said.place), said.rest, corrects=True) or added(turn, running[0])


def _withdraw(turn: Turn, said: FollowUp, mine: Mine) -> str | None:
    running = own(turn, meant(mine.running, said))
    bare = len(turn.incoming.text.strip()) <= _BARE and not said.number and not said.like
    if turn.group is not None and (not said.sure or bare):
        # said into a group, the same words may be meant for anybody: only soon after
        running = [case for case in running if said.sure and case.opened_at >= turn.now - BARE_WITHDRAWAL]
    if not running:
        return None
    if len(running) > 1:
        alone = any(is_secret(case) for case in running)
        rows = rows_of(turn, running, alone=alone)
        say(turn, progress.which_withdraw(nick="", rows=rows, example=running[0].number), alone=alone)
        return "which:" + ",".join(str(case.id) for case in running)
    outcome = f"withdrawn:{running[0].id}"
    try:
        turn.note_letters(
            following.withdraw(turn.session, acting=turn.acting, case=running[0], words=turn.incoming.text)
        )
    except Refusal as refusal:
        outcome = say_refusal(turn, refusal)
    turn.thought["follow"] = outcome
    # 「快递不用取了，帮我妈买点药」: the rest is heard too
    return None if said.then and asks_anew(turn) else outcome


def _rate(turn: Turn, said: FollowUp, mine: Mine) -> str | None:
    """One digit, or a word for it, to the last that was asked about; nobody waits for it: it means something else."""
    waiting = asking.waits_for_rating(turn.session, acting=turn.acting, cases=meant(mine.handled, said))
    if not waiting:
        return None
    if said.rating == closing.UNSOLVED:
        return not_solved(turn, waiting[0])
    turn.note_letters(closing.confirm(turn.session, acting=turn.acting, case=waiting[0], rating=said.rating))
    return f"rated:{waiting[0].id}"


def _solved(turn: Turn, said: FollowUp, mine: Mine) -> str | None:
    """「解决了谢谢」: what was handled is confirmed, what still runs is no longer needed."""
    handled = own(turn, meant(mine.handled, said))
    if handled:
        turn.note_letters(closing.confirm(turn.session, acting=turn.acting, case=handled[0], rating=closing.SATISFIED))
        return f"rated:{handled[0].id}"
    running = own(turn, meant(mine.running, said))
    if len(running) != 1 or not (said.like or said.number or turn.group is None):
        return None
    no_longer = FollowUp(kind="withdraw", sure=True, number=said.number, like=said.like)
    return _withdraw(turn, no_longer, Mine(tuple(running), (), ()))


def _again(turn: Turn, said: FollowUp, mine: Mine) -> str | None:
    """「又坏了」: what was handled or closed lately goes back to work; whoever still works on it hears it too."""
    if turn.meaning.echo is not None:
        return None
    if handled := [case for case in own(turn, meant(mine.handled, said)) if not elsewhere(turn, case)]:
        return not_solved(turn, handled[0])
    running = [case for case in meant(mine.running, said) if not elsewhere(turn, case)]
    if running and (turn.group is None or len(running) == 1 or is_fresh(turn, running[0])):
        return added(turn, running[0])
    closed = [case for case in own(turn, meant(mine.closed, said)) if not elsewhere(turn, case)]
    # what strikes a whole house again is a new thing, and neighbours may say so too
    closed = [case for case in closed if not (case.incident and asks_anew(turn))]
    if closed and (said.like or said.number or len(closed) == 1):
        return not_solved(turn, closed[0])
    return None


_HOW: dict[str, How] = {
    "progress": _progress,
    "urge": _urge,
    "add": _add,
    "place": _place,
    "withdraw": _withdraw,
    "rate": _rate,
    "solved": _solved,
    "again": _again,
}


def _said_again(turn: Turn, mine: Mine) -> str | None:
    """The same request from the same speaker, in other words and at no other place, is not a second one."""
    if not asks_anew(turn) or turn.meaning.echo is not None:
        return None
    case = next((each for each in mine.running if is_fresh(turn, each)), None)
    if case is None or elsewhere(turn, case) or REPORTER not in turn.acting.parts(turn.session, case):
        return None
    return put_where(turn, case, said_in(turn.meaning.slots), turn.incoming.text) or added(turn, case)


def _free_words(turn: Turn, said: FollowUp | None, mine: Mine) -> str | None:
    """What he says to the bot alone soon after is for whoever handles it, unless it is small talk."""
    if turn.group is not None or turn.meaning.intent != NONE or turn.meaning.decision == "act":
        return None
    if (said is not None and said.kind != "proxy") or len(re.findall(r"[\u4e00-\u9fff]", turn.incoming.text)) < 2:
        return None
    open_ = [*mine.running, *mine.handled]
    case = next((each for each in open_ if is_fresh(turn, each)), None)
    case = case or next((each for each in open_ if asking.waits_for_him(turn.session, each)), None)
    return added(turn, case) if case is not None else None


def _joins_what_waits(turn: Turn, said: FollowUp | None) -> str | None:
    """More words while the bot waits for the place: they belong to the request that waits."""
    question = questions.waiting(turn.session, turn.lane) if turn.asked and said is not None else None
    if question is None or said is None or said.kind not in ("add", "again") or not question.draft["reports"]:
        return None
    questions.add_words(turn.session, question=question, words=turn.incoming.text, quote=turn.quote)
    return "added"


def _picture(turn: Turn) -> str | None:
    """To what he spoke of just now; in private, where he writes to nobody else, to whatever runs."""
    if not turn.knows_cases:
        return None
    mine = asking.mine(turn.session, acting=turn.acting, group=turn.group)
    open_ = [*mine.running, *mine.handled]
    case = next((each for each in open_ if turn.group is None or is_fresh(turn, each)), None)
    if case is None:
        return None
    if turn.incoming.kind == "location":
        words = progress.location(latitude=turn.incoming.latitude, longitude=turn.incoming.longitude)
        return added(turn, case, words=words)
    return added(turn, case, words="", media=f"{turn.incoming.channel}:{turn.incoming.media}")


def _may_follow(turn: Turn) -> bool:
    return turn.may_report and turn.incoming.action is None


def _is_recent(turn: Turn, case: Case) -> bool:
    return turn.group is None or case.opened_at >= turn.now - CORRECTED


def _by_intent(turn: Turn) -> FollowUp | None:
    """What the catalogue understood as a word about a case, where the plain patterns did not."""
    if turn.meaning.decision != "act" or turn.meaning.intent not in SPEAKS_OF_A_CASE:
        return None
    if turn.meaning.intent == "progress_query":
        return FollowUp(kind="progress", sure=turn.group is None)
    return FollowUp(kind="withdraw", sure=True) if turn.meaning.intent == "cancel_request" else None
