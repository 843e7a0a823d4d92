// The simulator's page: two chats and the thoughts between them. Never decides anything; shows what the server says.
"use strict";
const SLOTS = { building: "$号楼", unit: "$单元", room: "$室", phone: "电话$", time: "时间：$", target: "对象：$", name: "称呼：$" };
const DECISIONS = { act: "受理", maybe: "拿不准，交给人看", silent: "安静" };
const CLOCKS = { first_reply: "首次联系", finish: "办结" };
const UNITS = { min: "分钟", h: "小时", wh: "个工作小时", d: "天", wd: "个工作日" };
const ROLES = { worker: "网格员", standin: "B角网格员", leader: "网格长", chief: "总网格长", dispatcher: "社区值守" };
const [MINE, PLAYED, LARGE] = ["said", "persona", "size"].map((name) => `gridbot-simulator-${name}`);
const [tabs, wide] = [document.querySelectorAll(".tabs button"), matchMedia("(min-width: 1100px)")];
const $ = (id) => document.getElementById(id);
const el = (tag, className, ...children) => {
  const node = Object.assign(document.createElement(tag), { className });
  node.append(...children.filter(Boolean));
  return node;
};
const button = (label, className, onclick) => Object.assign(el("button", className, label), { type: "button", onclick });
const blank = ({ dataset }) => el("div", "empty", el("strong", "", dataset.empty), el("span", "", state.groups.length ? dataset.next : dataset.none));
const list = (value) => (Array.isArray(value) ? value : value ? [value] : []);
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const remembered = (store, key, other) => { try { return JSON.parse(store.getItem(key)) ?? other; } catch { return other; } };
const remember = (store, key, value) => { try { store.setItem(key, JSON.stringify(value)); } catch { /* a full or closed store */ } };

const state = {
  groups: [], personas: [], staff: [], fresh: 0, offset: 0, switched: 0,
  items: new Map(), unread: new Map(), thoughts: new Map(), pressed: new Map(),
};
const stranger = { id: "new-neighbour", name: "新邻居", about: "刚进群，还没登记" };

// ---- time, in the words people use -------------------------------------------------------------------------------
const clock = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", hourCycle: "h23", month: "numeric", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit",
});
const parts = (ms) => Object.fromEntries(clock.formatToParts(new Date(ms)).map((part) => [part.type, part.value]));
const now = () => Date.now() + state.offset;
function when(ms) {
  const that = parts(ms);
  const isDay = (days) => ["month", "day"].every((part) => parts(now() + days * 864e5)[part] === that[part]);
  const near = isDay(0) ? "今天 " : isDay(1) ? "明天 " : isDay(-1) ? "昨天 " : "";
  return `${near || `${that.month}月${that.day}日（${that.weekday}）`}${that.hour}:${that.minute}`;
}
const due = (value) => (/^\d{4}-\d\d-\d\dT/.test(value || "") ? `${when(Date.parse(value))}前` : value || "");
const limit = (value) => String(value || "").replace(/(\d+)(min|wh|wd|h|d)\b/g, (_, count, unit) => `${count}${UNITS[unit]}`);

// ---- who and where -----------------------------------------------------------------------------------------------
const persona = () => [...state.personas, stranger, ...state.staff].find((one) => one.id === $("persona").value) || stranger;
const worker = () => state.staff.find((one) => one.id === state.worker);
const panes = {
  group: { log: $("group-log"), input: $("group-input"), me: persona, room: () => $("room").value },
  staff: { log: $("staff-log"), input: $("staff-input"), me: worker, room: () => (worker() ? `person:${worker().id}` : "") },
};
const isMine = (item, pane) => item.kind === "said" && pane.me()?.id === item.sender;
const visible = (tab) => wide.matches || document.body.dataset.tab === tab;
const groupOf = (room) => state.groups.find((one) => one.room === room)?.id || "";
const isStaffRoom = (room) => state.staff.some((one) => room === `person:${one.id}`);
const roomOf = ({ group, sender }) => state.groups.find((one) => one.id === group)?.room || (group ? `group:${group}` : `person:${sender}`);
const roomName = (room) => state.groups.find((one) => one.room === room)?.name || "私聊：网格贴心人";

function face({ kind, sender, name }) {
  if (kind !== "said") return el("span", "face bot", "格");
  const tone = isStaffRoom(`person:${sender}`) ? "staff" : `tone${Array.from(sender).reduce((sum, sign) => sum + sign.codePointAt(0), 0) % 6}`;
  return el("span", `face ${tone}`, Array.from(name || "居")[0]);
}

// ---- bubbles and cards -------------------------------------------------------------------------------------------
function drawCard(item) {
  const { card } = item;
  const tone = /【(特急|超时)/.test(card.title) ? "red" : /【紧急/.test(card.title) ? "orange" : "";
  const box = el("div", "ticket", el("div", "source", card.source || item.name), el("div", `title ${tone}`, card.title || item.text));
  for (const part of ["desc", "body"]) if (card[part]) box.append(el("div", part, card[part]));
  const rows = list(card.rows).flatMap(([name, value]) => [el("dt", "", name), el("dd", "", value)]);
  if (rows.length) box.append(el("dl", "", ...rows));
  if (/^(https?:\/\/|\/(?!\/))/.test(card.url)) {
    box.append(Object.assign(el("a", "", "查看详情"), { href: card.url, target: "_blank", rel: "noopener noreferrer" }));
  }
  const pressed = state.pressed.get(item.key);
  const disabled = Boolean(pressed && !pressed.bad);
  const buttons = list(card.buttons).map((one) => Object.assign(button(one.text, `style${one.style}`, () => press(item, one)), { disabled }));
  if (pressed) buttons.push(el("p", `pressed ${pressed.bad ? "bad" : ""}`, pressed.note));
  if (buttons.length) box.append(el("div", "buttons", ...buttons));
  return box;
}

function drawRow(item, pane) {
  const isCard = item.kind === "card";
  const row = el("div", `row is-${item.kind} ${isMine(item, pane) ? "mine" : ""}`);
  row.dataset.key = item.key;
  const said = el("div", "said", isCard || isMine(item, pane) ? null : el("div", "who", item.name));
  said.append(isCard ? drawCard(item) : el("div", "bubble", item.text));
  if (item.failed) said.append(el("div", "failed", item.failed, button("重发", "", () => deliver(item))));
  row.append(el("div", "body", face(item), said));
  return row;
}

function place(item, flash = false) {
  for (const pane of Object.values(panes).filter((each) => each.room() === item.room)) {
    const { log } = pane;
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 160;
    const at = (row) => state.items.get(row.dataset.key).at;
    log.querySelector(".empty")?.remove();
    const row = drawRow(item, pane);
    const old = [...log.children].find((child) => child.dataset.key === item.key);
    let before = old ? old.previousElementSibling : log.lastElementChild;
    while (!old && before && at(before) > item.at) before = before.previousElementSibling;
    if (old) old.replaceWith(row); else if (before) before.after(row); else log.prepend(row);
    if (!before || item.at - at(before) > 3e5) row.prepend(el("p", "time", when(item.at)));
    if (flash) row.classList.add("flash");
    if (atEnd || (isMine(item, pane) && !old)) log.scrollTop = log.scrollHeight;
    else if (old && flash) row.scrollIntoView({ block: "nearest" });
  }
}

function redraw(pane) {
  pane.log.setAttribute("aria-busy", "true");
  pane.log.replaceChildren(blank(pane.log));
  [...state.items.values()].filter((item) => item.room === pane.room()).sort((a, b) => a.at - b.at).forEach((item) => place(item));
  pane.log.scrollTop = pane.log.scrollHeight;
  pane.log.removeAttribute("aria-busy");
}

// ---- badges, selectors, tabs -------------------------------------------------------------------------------------
function badges() {
  const tell = (badge, count) => Object.assign(badge, { hidden: !count, textContent: count > 99 ? "99+" : count });
  const sum = (test) => [...state.unread].reduce((total, [room, count]) => total + (test(room) ? count : 0), 0);
  for (const name of Object.keys(panes)) if (visible(name)) state.unread.delete(panes[name].room());
  if (visible("mind")) state.fresh = 0;
  for (const option of $("room").options) {
    const count = state.unread.get(option.value);
    option.textContent = roomName(option.value) + (count ? `（${count}条新）` : "");
  }
  for (const chip of $("people").children) {
    chip.setAttribute("aria-pressed", String(chip.value === state.worker));
    tell(chip.lastElementChild, state.unread.get(`person:${chip.value}`));
  }
  const isGroupSide = (room) => room.startsWith("group:") || room === `person:${persona().id}`;
  const totals = { group: sum(isGroupSide), staff: sum(isStaffRoom), mind: state.fresh };
  for (const tab of tabs) tell(tab.lastElementChild, totals[tab.dataset.tab]);
}

function showTab(name) {
  document.body.dataset.tab = name;
  for (const tab of tabs) tab.setAttribute("aria-pressed", String(tab.dataset.tab === name));
  if (panes[name]) panes[name].log.scrollTop = panes[name].log.scrollHeight;
  badges();
}

function showWorker(id) {
  state.worker = id;
  const { roles = [], grids = [] } = worker() || {};
  $("staff-about").textContent = [roles.join("、"), grids.join("、")].filter(Boolean).join(" · ");
  redraw(panes.staff);
  badges();
  const chip = [...$("people").children].find((one) => one.value === id);
  if (chip) $("people").scrollTo({ left: chip.offsetLeft - $("people").offsetLeft - 60 });
}

function rooms() {
  const [chosen, own] = [$("room").value, `person:${persona().id}`];
  const all = [...state.groups.map((group) => group.room), own];
  $("room").replaceChildren(...all.map((room) => new Option(roomName(room), room)));
  $("room").value = all.includes(chosen) ? chosen : chosen.startsWith("person:") ? own : all[0];
}

function selectors() {
  const entry = (one) => new Option(`${one.name} · ${one.about || one.roles.join("、")}`, one.id);
  const group = (label, people) => Object.assign(el("optgroup", "", ...people.map(entry)), { label });
  const chosen = $("persona").value || remembered(sessionStorage, PLAYED, "");
  $("persona").replaceChildren(group("居民和网格辅助员", [...state.personas.filter((one) => one.id !== stranger.id), stranger]));
  if (state.staff.length) $("persona").append(group("网格员在群里说话", state.staff));
  if ([...$("persona").options].some((option) => option.value === chosen)) $("persona").value = chosen;
  rooms();
  $("people").replaceChildren(...state.staff.map(({ id, name }) => {
    const chip = Object.assign(button(name, "", () => showWorker(id)), { value: id });
    chip.append(el("span", "badge"));
    return chip;
  }));
}

// ---- what happens ------------------------------------------------------------------------------------------------
function hear({ message_id: id, kind, sender, sender_name: name, group, text, at }, live) {
  const words = text || { image: "［图片］", voice: "［语音］", location: "［位置］" }[kind];
  const item = { key: `said-${id}`, id, kind: "said", room: roomOf({ group, sender }), sender, name, text: words, at: Date.parse(at) };
  if (state.items.has(item.key) || !sender || !words) return;
  state.items.set(item.key, item);
  if (live) place(item);
}

function showLine({ id, room, kind, name, text, card, at }, live) {
  const key = card ? `card-${room}-${card.task.split("@")[0]}` : `line-${id}`;
  const old = state.items.get(key);
  if (kind === "said" || (old && old.line >= id)) return;
  const item = { key, line: id, kind: card ? "card" : "text", room, name, text, card, at: old ? old.at : Date.parse(at) };
  state.items.set(key, item);
  if (!live) return;
  for (const each of [...state.pressed.keys()].filter((one) => state.items.get(one).room === room)) {
    state.pressed.delete(each);
    place(state.items.get(each));
  }
  // one matter may go to several people at once: the first of a burst is the one who acts
  if (card && !old && isStaffRoom(room) && !$("staff-input").value.trim() && Date.now() - state.switched > 4000) {
    state.switched = Date.now();
    showWorker(room.slice("person:".length));
  }
  place(item, true);
  if (!Object.keys(panes).some((pane) => panes[pane].room() === room && visible(pane))) state.unread.set(room, (state.unread.get(room) || 0) + 1);
  badges();
}

function takeThought(row, live) {
  if (row.kind === "action") return; // a pressed button needs no thinking
  hear(row, live);
  state.thoughts.set(row.message_id, row);
  if (!live) return;
  const item = state.items.get(`said-${row.message_id}`);
  if (item?.failed) place(Object.assign(item, { failed: "" })); // it had arrived after all
  state.fresh += 1;
  showThought(row.message_id);
  badges();
}

async function post(body) {
  const request = { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" }, signal: AbortSignal.timeout?.(10000) };
  const status = await fetch("hook/simulator", request).then((answer) => answer.text().then(() => answer.status)).catch(() => 0);
  if (status === 200) return "";
  if (!status) return "没发出去：连不上服务，请确认它还在运行，再试一次。";
  return status === 413 ? "没发出去：这句话太长，请分成两句。" : `没发出去：服务没有接收（${status}），请稍后再试。`;
}

async function deliver(item) {
  const { id, sender, name, group, text } = item;
  place(Object.assign(item, { failed: "" }));
  place(Object.assign(item, { failed: await post({ id, sender, name, group, kind: "text", text }) }));
  remember(sessionStorage, MINE, [...state.items.values()].filter((one) => one.local).slice(-200));
  if (item.failed) return;
  if (!state.thoughts.has(id)) showThought(id);
  await new Promise((done) => { setTimeout(done, 1500); });
  if (state.thoughts.has(id) || !group) return; // whatever is said in private is kept, so its thought will come
  const answer = await fetch(`demo/think?text=${encodeURIComponent(text.slice(0, 500))}`).catch(() => null);
  const thought = answer?.ok ? await answer.json() : null;
  if (!thought || state.thoughts.has(id)) return;
  takeThought({ message_id: id, outcome: "", state: "chatter", sender_name: name, text, thought }, true);
}

function say(pane, text) {
  const [me, room, id] = [pane.me(), pane.room(), newId()];
  if (!me || !room || !text.trim()) return;
  const { id: sender, name } = me;
  const group = groupOf(room);
  const item = { key: `said-${id}`, id, kind: "said", room, group, sender, name, text: text.trim(), at: now(), local: true };
  state.items.set(item.key, item);
  deliver(item);
}

async function press(item, { key, text }) {
  const [group, task] = [groupOf(item.room), item.card.task];
  const me = group ? persona() : [...state.staff, ...state.personas, stranger].find((each) => item.room === `person:${each.id}`);
  if (!me) return;
  const note = (said) => { state.pressed.set(item.key, said); place(state.items.get(item.key)); };
  note({ note: `已点“${text}”，正在办理` });
  const bad = await post({ id: newId(), sender: me.id, name: me.name, group, kind: "action", key, task });
  if (bad) note({ note: bad, bad });
  else setTimeout(() => state.pressed.delete(item.key) && place(state.items.get(item.key)), 6000);
}

// ---- what the bot thinks -----------------------------------------------------------------------------------------
function highlighted(text, hits) {
  const signs = Array.from(text); // the server counts whole characters, JavaScript counts halves of some
  const marked = signs.map(() => false);
  for (const { start, end, word } of hits) {
    const fits = signs.slice(start, end).join("").toLowerCase() === word.toLowerCase();
    const at = fits ? start : Array.from(text.split(word)[0]).length;
    marked.fill(true, at, at + Array.from(word).length);
  }
  const line = el("p", "main quote");
  signs.forEach((sign, i) => {
    if (!i || marked[i] !== marked[i - 1]) line.append(el(marked[i] ? "mark" : "span", ""));
    line.lastChild.append(sign);
  });
  return line;
}

const why = (...words) => el("p", "why", words.filter(Boolean).join("；"));
const main = (...words) => el("p", "main", ...words);
const calm = (title, more) => ["结果", el("div", "calm", el("strong", "", title), more)];

function outcome({ thought: t, state: stage, outcome: result }) {
  if (stage === "chatter" && !t.kept) return [calm("没有需要办的事，安静", "闲聊不回复，也不保存。")];
  if (t.kept) return [calm("已经收下，还在办理", "办好后这里会补全。")];
  if (stage === "failed") return [calm("这句话没有办成", "已留给工作人员查看。")];
  const sent = list(t.messages).map((one) => el("div", "sent", one.label && el("small", "", one.label), one.text || String(one)));
  if (sent.length) return [["发出的消息", ...sent]];
  return [calm(t.decision === "maybe" ? "没有开口，已交给工作人员判断" : "听到了，没有开口", /[一-龥]/.test(result) && result)];
}

function steps(row) {
  const [t, hits] = [row.thought, list(row.thought.hits)];
  const chain = [["听到的话", highlighted(t.text || row.text || "", hits), why(row.sender_name)]];
  if (row.state === "wait") return [...chain, ["意图", why("正在想")]];
  const words = hits.map((hit) => el("span", "word", hit.word, el("b", "", `+${hit.weight}`), ` ${hit.layer || ""}`));
  words.push(...list(t.vetoes).map((veto) => el("span", "word veto", veto)));
  const score = t.score ? [`合计${+t.score.toFixed(1)}分`, t.margin ? `比第二名多${+t.margin.toFixed(1)}分` : ""] : [];
  chain.push(["命中的词和分值", words.length ? el("div", "words", ...words) : main("没有命中办事的词"), why(...score)]);
  const named = t.item_name || (t.intent && t.intent !== "none" ? t.intent : "没有要办的事");
  const tag = DECISIONS[t.decision] && el("span", `tag ${t.decision}`, DECISIONS[t.decision]);
  chain.push(["意图", main(named, tag), why(t.reason), el("p", "code", t.item || "")]);
  const spoken = Object.entries(t.slots || {}).map(([key, value]) => (SLOTS[key] || "$").replace("$", () => value)).join(" ");
  const { place: where, grid, person } = t;
  const role = person?.as && el("span", "tag", ROLES[person.as] || person.as);
  if (where || spoken) chain.push(["地点", main(where?.text || spoken), why(where?.how, where && spoken && `话里说的：${spoken}`)]);
  if (grid) chain.push(["网格", main(grid.name || "还不知道"), el("p", "code", grid.code)]);
  if (person) chain.push(["网格员", main(person.name || "还没有人", role), why(person.why)]);
  const limits = list(t.deadlines).flatMap((one) => [
    main(`${CLOCKS[one.kind] || "时限"}：${due(one.due) || limit(one.limit)}`), why(one.due && limit(one.limit), ...list(one.explain))]);
  if (limits.length) chain.push([t.case ? `时限（编号${t.case}）` : "时限", ...limits]);
  return [...chain, ...outcome(row)];
}

function showThought(id) {
  const said = state.items.get(`said-${id}`);
  const row = { sender_name: said?.name, text: said?.text || "", state: "wait", thought: {}, ...state.thoughts.get(id) };
  const shown = (parts) => parts.filter((node) => node.textContent);
  const draw = ([title, ...rest]) => el("li", row.thought.decision === "silent" ? "quiet" : "", el("h3", "", title), ...shown(rest));
  $("thought").replaceChildren(id ? el("ol", "chain", ...steps(row).map(draw)) : blank($("thought")));
  const earlier = [...state.thoughts.values()].reverse().slice(0, 12);
  $("earlier").hidden = earlier.length < 2;
  $("earlier-list").replaceChildren(...earlier.map((one) => {
    const node = button("", "", () => { showThought(one.message_id); $("mind-scroll").scrollTop = 0; });
    node.append(el("span", "", one.thought.text || one.text), el("span", "", one.thought.item_name || DECISIONS[one.thought.decision] || ""));
    if (one.message_id === id) node.setAttribute("aria-current", "true");
    return node;
  }));
}

// ---- the live line to the server ---------------------------------------------------------------------------------
const link = (word, text) => { Object.assign($("link"), { textContent: text }).dataset.state = word; };
function listen() {
  state.source?.close();
  const source = new EventSource(`demo/stream?after=${state.line}&thought=${state.thought}`);
  const on = (name, handle) => source.addEventListener(name, (event) => {
    if (event.lastEventId) [state.line, state.thought] = event.lastEventId.split(".");
    handle(JSON.parse(event.data), true);
  });
  on("line", showLine);
  on("thought", takeThought);
  on("reset", () => { source.close(); sessionStorage.removeItem(MINE); load(); });
  source.onopen = () => link("on", "已连接");
  source.onerror = () => {
    link("off", "连接断开，正在重连");
    if (source.readyState === EventSource.CLOSED && state.source === source) setTimeout(listen, 2000);
  };
  state.source = source;
}

async function load() {
  const stage = await fetch("demo/stage").then((answer) => (answer.ok ? answer.json() : null)).catch(() => null);
  if (!stage) { link("off", "连不上服务，正在重试"); setTimeout(load, 3000); return; }
  const { now: time, groups, personas, staff, line, thought } = stage;
  for (const map of [state.items, state.thoughts, state.unread, state.pressed]) map.clear();
  Object.assign(state, { groups, personas, staff, line, thought, offset: Date.parse(time) - Date.now() });
  selectors();
  stage.heard.forEach((said) => hear(said, false));
  for (const item of remembered(sessionStorage, MINE, [])) if (!state.items.has(item.key)) state.items.set(item.key, item);
  stage.lines.forEach((one) => showLine(one, false));
  stage.thoughts.forEach((row) => takeThought(row, false));
  const cards = stage.lines.filter((one) => one.card && isStaffRoom(one.room));
  const latest = cards.find((one) => one.card.task === cards.at(-1).card.task);
  redraw(panes.group);
  showWorker(state.worker || latest?.room.slice("person:".length) || staff[0]?.id);
  showThought([...state.thoughts.keys()].at(-1) || "");
  listen();
}

for (const [name, pane] of Object.entries(panes)) {
  const form = $(`${name}-form`);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    say(pane, pane.input.value);
    pane.input.value = "";
  });
  pane.input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

function setSize(size) {
  document.documentElement.dataset.size = size;
  $("size").setAttribute("aria-pressed", String(size === "large"));
  for (const { log } of Object.values(panes)) log.scrollTop = log.scrollHeight;
  remember(localStorage, LARGE, size);
}

document.querySelectorAll("#phrases button").forEach((one) => one.addEventListener("click", () => say(panes.group, one.textContent)));
$("room").addEventListener("change", () => { redraw(panes.group); badges(); });
$("persona").addEventListener("change", () => { remember(sessionStorage, PLAYED, persona().id); rooms(); redraw(panes.group); badges(); });
$("size").addEventListener("click", () => setSize(document.documentElement.dataset.size === "large" ? "" : "large"));
tabs.forEach((tab) => tab.addEventListener("click", () => showTab(tab.dataset.tab)));
wide.addEventListener("change", badges);
setSize(remembered(localStorage, LARGE, ""));
load();
