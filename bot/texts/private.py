"""What the bot says to one person alone: tasks and answers for staff, answers for a resident in his own talk."""

URGENT = {"emergency": "【特急】", "high": "【紧急】", "normal": "", "low": ""}


def acknowledged(*, matter: str, number: str, place: str, who: str, by: str, phone: str) -> str:
    call = f"，急事请拨 {phone}" if phone else ""
    where = f"，地点{place}" if place else ""
    return f"收到，编号{number}。已记录：{matter}{where}。\n{who}{by}联系您{call}。有变化直接回我就行。"


def nobody_yet(*, number: str, phone: str) -> str:
    call = f"，急事请拨 {phone}" if phone else ""
    return f"收到，编号{number}。社区正在安排人联系您{call}。"


def task_title(*, urgency: str, matter: str, reassigned: bool = False) -> str:
    return f"{URGENT.get(urgency, '')}{'转来：' if reassigned else ''}{matter}"


def task_due(*, by: str, left: str) -> str:
    return f"{left}，{by}联系居民"


def task_standing(standing: str, why: str) -> str:
    """Why the card came to somebody who is not the grid's own worker; empty for the worker himself."""
    return "" if standing == "worker" else f"派给您：{why}"


def task_rows(*, reporter: str, number: str, place: str, words: str, group: str) -> tuple[tuple[str, str], ...]:
    rows = (("编号", number), ("地点", place or "还不清楚"), ("报事人", reporter), ("来自", group), ("原话", words))
    return tuple((key, value) for key, value in rows if value)


def task_text(*, title: str, due: str, rows: tuple[tuple[str, str], ...], hint: str) -> str:
    """The card as plain text, for clients and channels that show none. Says everything the card says."""
    return "\n".join([f"新任务 {title}", due, *(f"{key}：{value}" for key, value in rows), hint]).strip()


def task_taken(*, number: str, who: str, at: str) -> str:
    return f"{number} {who}已接单（{at}）"


ACCEPT_BUTTON = "接单"
ACCEPT_HINT = "回“接单”表示您来办"
SOURCE = "网格贴心人"


def call_out(*, matter: str, place: str, unsure: bool, words: str, reporter: str) -> str:
    """The emergency call to worker, stand-in and leader: where, what, who says so."""
    where = f"{place}（报事人登记的住址，正在核实）" if place and unsure else place or "还不清楚，已在问"
    return f"【特急】{matter}\n地点：{where}\n原话：{words}\n报事人：{reporter}\n请马上联系并赶到现场。"


def please_post(*, group: str, text: str) -> str:
    """Where no robot may post, the gridworker carries the words into the group himself."""
    return f"“{group}”里机器人不能发言，请把下面这段发到群里：\n{text}"


def which_case(numbers: list[str]) -> str:
    listed = "、".join(numbers[:5])
    example = numbers[0]
    return f"您手上待接的有{len(numbers)}件：{listed}。请回“接单 编号”，比如“接单 {example}”。"


NO_CASE_WAITS = "您手上没有待接的事。"
STAFF_HELP = "没看懂。现在可以回：接单、接单 编号；报事直接说地点和什么事。"


def masked_reporter(*, nick: str, name: str, phone: str) -> str:
    """Whoever reported, for the card: 「秀英 王**」 and a phone with its middle hidden."""
    who = f"{name[0]}**" if name else ""
    number = f"{phone[:3]}****{phone[-4:]}" if len(phone) == 11 else ""
    return " ".join(part for part in (nick, who, number) if part)
