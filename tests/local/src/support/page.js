// The support page. Everything that comes from the server is set as text, never as HTML.
"use strict";

const key = location.hash.slice(1);
const $ = (id) => document.getElementById(id);
const result = $("result");

// ---- Calling the function ---------------------------------------------------------------------

// The answer as it came, and what is in it. JavaScript's numbers are not exact, so the text is what is saved.
async function ask(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", "x-support-key": key },
      body: JSON.stringify(body),
    });
    if (!answer.ok) return failed(`${answer.status}`, "Open the address that the program has printed, with all that stands after #.");
    const text = await answer.text();
    return { text, told: JSON.parse(text) };
  } catch {
    return failed("unavailable", "The program does not answer. If it has ended, start it again, and open the address that it prints.");
  }
}

const failed = (code, detail) => ({ text: "", told: { ok: false, errors: [{ code, detail }] } });

const post = async (path, body) => (await ask(path, body)).told;
const command = (name, fields) => post("/command", { command: name, ...fields });

// ---- Building the page ------------------------------------------------------------------------

function make(name, text, attributes = {}) {
  const element = document.createElement(name);
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

function button(text, act) {
  const element = make("button", text, { type: "button" });
  element.addEventListener("click", act);
  return element;
}

function pairs(values) {
  const list = make("dl");
  for (const [name, value] of values) {
    if (value === null || value === undefined || value === "") continue;
    list.append(make("dt", name), make("dd", `${value}`));
  }
  return list;
}

function show(...parts) {
  result.replaceChildren(...parts);
  result.focus();
}

// In place of the old result, which would look like the answer.
const showAsking = () => result.replaceChildren(make("p", "Asking."));

function showFaults(answer) {
  const box = make("div", undefined, { class: "fault", role: "alert" });
  for (const error of answer.errors ?? []) box.append(make("p", `${error.code}: ${error.detail}`));
  show(box);
}

// ---- A player ---------------------------------------------------------------------------------

// `found` is what was looked for: an entitlement's id, and its record if it is this player's. The record is
// shown first, because the list may have it on a later page.
async function player(id, found = {}, cursor) {
  const fields = { player_id: id, limit: 50 };
  if (cursor) fields.cursor = cursor;
  const answer = await command("player.get", fields);
  if (!answer.ok) return showFaults(answer);
  const isFirst = found.record && !cursor;
  const again = isFirst ? () => entitlement(found.id) : () => player(id, found, cursor);
  const listed = answer.entitlements;
  const all = isFirst ? [found.record, ...listed.filter((it) => it.entitlement_id !== found.id)] : listed;
  const link = answer.link;
  const parts = [
    make("h2", `Player ${answer.player_id}`),
    ...unreadable(answer),
    pairs([
      ["Link", link.status], ["Linked at", link.linked_at], ["Amazon account", link.amazon_user_id],
      ["Amazon last asked", link.checked_at], ["Next check", link.next_check_at], ["Amazon wants rest until", link.retry_at],
    ]),
    row([
      button("Let the next check ask Amazon", () => order("link.retry", { player_id: id }, again)),
      button("Unlink", () => order("player.unlink", { player_id: id }, again)),
      button("Export", () => exportAll(id)),
      button("Erase", () => order("player.erase", { player_id: id }, again)),
    ]),
    make("h2", "Entitlements"),
    ...all.map((it) => card(it, again, it.entitlement_id === found.id)),
  ];
  if (all.length === 0) parts.push(make("p", "None."));
  if (answer.cursor) parts.push(button("Older ones", () => player(id, found, answer.cursor)));
  parts.push(make("h2", "What operators did"), audit(answer.audit));
  show(...parts);
}

function unreadable(answer) {
  return (answer.unreadable ?? []).map((it) => make("p", `A row can't be read: ${it}`, { class: "fault" }));
}

function row(buttons) {
  const box = make("p", undefined, { class: "buttons" });
  box.append(...buttons.filter((it) => it));
  return box;
}

function card(it, again, isFound) {
  const box = make("article", undefined, isFound ? { class: "found" } : {});
  const verdict = it.verdict ?? {};
  const reason = it.reason ? `, ${it.reason}` : "";
  box.append(make("h3", `${it.title ?? it.sku ?? "an offer without a SKU"}: ${it.status}${reason}`));
  if (verdict.say) {
    const say = make("p", verdict.say, { class: "say" });
    box.append(say, row([button("Copy the sentence", () => navigator.clipboard.writeText(verdict.say))]));
  }
  box.append(
    pairs([
      ["Who has to act", verdict.turn], ["Why", verdict.code], ["Since", verdict.since], ["Next try", verdict.next_try_at],
      ["Last cause", it.last_cause], ["Tries", it.attempts], ["SKU", it.sku], ["Entitlement", it.entitlement_id],
      ["Player", it.player_id], ["Amazon account", it.amazon_user_id],
    ]),
    timeline(it),
    row(actions(it, verdict, again)),
  );
  return box;
}

function timeline(it) {
  const names = {
    first_seen_at: "Amazon listed it", handed_out_at: "handed out", delivered_at: "delivered",
    reported_at: "reported to Amazon", attention_at: "an operator was told",
  };
  const list = make("ol");
  Object.entries(names)
    .filter(([field]) => it[field])
    .sort(([a], [b]) => it[a].localeCompare(it[b]))
    .forEach(([field, text]) => list.append(make("li", `${it[field]}: ${text}`)));
  return list;
}

function actions(it, verdict, again) {
  const fields = { player_id: it.player_id, entitlement_id: it.entitlement_id };
  const helps = verdict.do;
  const buttons = [];
  if (helps) {
    const { command: name, ...rest } = helps;
    // An offer needs a title and content, which this page does not know.
    if (name !== "offers.put") buttons.push(button(`What helps: ${name}`, () => order(name, rest, again)));
  }
  const add = (name, text) => {
    if (helps?.command !== name) buttons.push(button(text, () => order(name, fields, again)));
  };
  if (["duplicate_offer", "delivery_refused", "delivery_unknown", "operator"].includes(it.reason)) add("entitlement.release", "Release");
  if (it.status === "pending") add("entitlement.hold", "Hold");
  if (["delivered", "reported"].includes(it.status)) add("entitlement.rereport", "Report again");
  if (it.status === "pending" || it.status === "held") {
    const move = { entitlement_id: it.entitlement_id, from_player_id: it.player_id };
    buttons.push(button("Move to another player", () => order("entitlement.reassign", move, again)));
  }
  return buttons;
}

function audit(records) {
  if (!records || records.length === 0) return make("p", "Nothing.");
  const table = make("table");
  const head = make("tr");
  for (const name of ["When", "Command", "Who", "Why", "Entitlement", "Note"]) head.append(make("th", name, { scope: "col" }));
  table.append(head);
  for (const it of records) {
    const line = make("tr");
    for (const value of [it.at, it.command, it.actor, it.reason, it.entitlement_id, it.note]) line.append(make("td", value ?? ""));
    table.append(line);
  }
  return table;
}

async function exportAll(id) {
  const pages = [];
  let cursor = null;
  do {
    const fields = cursor ? { player_id: id, cursor } : { player_id: id };
    const { text, told } = await ask("/command", { command: "player.export", ...fields });
    if (!told.ok) return showFaults(told);
    pages.push(text);
    cursor = told.cursor;
  } while (cursor);
  const link = make("a", "", { download: `player-${id}.json` });
  link.href = URL.createObjectURL(new Blob([`[\n${pages.join(",\n")}\n]\n`], { type: "application/json" }));
  link.click();
  URL.revokeObjectURL(link.href);
}

// ---- Other searches ---------------------------------------------------------------------------

async function entitlement(id) {
  const answer = await command("entitlement.get", { entitlement_id: id });
  if (!answer.ok) return showFaults(answer);
  await player(answer.entitlement.player_id, { id, record: answer.entitlement });
  const others = answer.also.map((other) => button(`Also a row of ${other}`, () => player(other, { id })));
  result.prepend(...unreadable(answer));
  if (others.length > 0) result.prepend(row(others));
}

async function account(id) {
  const answer = await command("amazon.get", { amazon_user_id: id });
  if (!answer.ok) return showFaults(answer);
  const parts = [
    make("h2", `Amazon account ${id}`),
    ...unreadable(answer),
    pairs([["Linked to", answer.player_id ?? "nobody"], ["Reports are owed", answer.owes ? "yes" : "no"], ["Parked", answer.parked.length]]),
  ];
  if (answer.player_id) parts.push(row([button(`Player ${answer.player_id}`, () => player(answer.player_id))]));
  show(...parts);
}

const REASONS = ["attention", "delivery_refused", "delivery_unknown", "duplicate_offer", "operator", "other_player"];

async function waiting(held, cursor) {
  const fields = {};
  if (held) fields.held = held;
  if (cursor) fields.cursor = cursor;
  const answer = await command("attention.list", fields);
  if (!answer.ok) return showFaults(answer);
  const again = () => waiting(held, cursor);
  const choices = [button("All", () => waiting()), ...REASONS.map((it) => button(it, () => waiting(it)))];
  const parts = [make("h2", `What waits for an operator${held ? `: ${held}` : ""}`), row(choices)];
  if (held && held !== "other_player") {
    parts.push(row([button(`Release a page of ${held}`, () => order("attention.release", cursor ? { held, cursor } : { held }, again))]));
  }
  parts.push(...unreadable(answer));
  if (answer.entitlements.length === 0) parts.push(make("p", answer.cursor ? "None on this page." : "None."));
  parts.push(...answer.entitlements.map((it) => card(it, again, false)));
  if (answer.cursor) parts.push(button("Next page", () => waiting(held, answer.cursor)));
  show(...parts);
}

async function health() {
  show(make("p", "Asking; this takes up to 20 seconds."));
  const answer = await command("doctor", {});
  if (!answer.checks) return showFaults(answer);
  const parts = [make("h2", answer.ok ? "All is well" : "Something is unwell")];
  for (const check of answer.checks) {
    const box = make("article");
    box.append(make("h3", `${check.ok ? "well" : "UNWELL"}: ${check.name}`, check.ok ? {} : { class: "unwell" }), make("p", check.detail));
    if (check.fix) box.append(make("p", check.fix, { class: "say" }));
    parts.push(box);
  }
  show(...parts);
}

// ---- A command that changes something -----------------------------------------------------------

let current = null;

function order(name, fields, then) {
  current = { name, fields, then, request: crypto.randomUUID() };
  $("order-title").textContent = name;
  $("order-fields").textContent = JSON.stringify(fields, null, 2);
  $("order-answer").textContent = "";
  $("reason").value = "";
  $("to").value = "";
  $("order-further").hidden = name !== "entitlement.reassign" || "to_player_id" in fields;
  $("do").disabled = true;
  $("order").showModal();
  $("reason").focus();
}

// The answer; `null` if the form shows another command, or other fields, by the time it comes.
async function send(isTry) {
  const mine = current;
  const { name, fields, request } = mine;
  const body = { ...fields, reason: $("reason").value };
  if (!$("order-further").hidden) body.to_player_id = $("to").value;
  if (isTry) body.dry_run = true;
  else body.request_id = request;
  $("order-answer").textContent = "…";
  const answer = await command(name, body);
  if (current !== mine || mine.request !== request || !$("order").open) return null;
  $("order-answer").textContent = JSON.stringify(answer, null, 2);
  return answer;
}

// Enter tries, too; only a press of the other button does it.
$("order").addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await send(true);
  if (answer) $("do").disabled = !answer.ok;
});

$("do").addEventListener("click", async () => {
  $("do").disabled = true;
  const { name, then } = current;
  const answer = await send(false);
  if (answer?.ok) {
    $("order").close();
    await then();
    // The answer may have what is nowhere else: a receipt, what was skipped.
    const done = make("p", `Done: ${name}`, { class: "say", role: "status", id: "done" });
    result.prepend(done, make("pre", JSON.stringify(answer, null, 2)));
  }
});

$("close").addEventListener("click", () => $("order").close());

// What was tried is not what would be done, once a field has changed.
for (const id of ["reason", "to"]) {
  $(id).addEventListener("input", () => {
    $("do").disabled = true;
    current.request = crypto.randomUUID();
  });
}

$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = $("id").value.trim();
  const search = { player, entitlement, account }[$("kind").value];
  showAsking();
  search(id);
});
$("waiting").addEventListener("click", () => {
  showAsking();
  waiting();
});
$("health").addEventListener("click", () => health());

post("/about", {}).then((about) => {
  if (about.errors) return showFaults(about);
  $("place").textContent = `${about.actor} at ${about.place}`;
  $("id").focus();
});
