// Players of the game with their tokens, and what accounts have claimed at Amazon.

import { $, button, choices, count, keep, make, mark, say, short } from "/console/dom.js";
import { act, copy } from "/console/server.js";

const LINKS = { linked: "linked", unlinked: "not linked", relink_required: "must link again" };
// A sku that the service does not have: the entitlement is held.
const UNKNOWN = "an-offer-we-do-not-have";

export function show(state) {
  mark($("new-id"), "placeholder", freeId(state.players.map((it) => it.id)));
  keep($("player-list"), state.players, (it) => it.id, card);
  const offers = [...state.offers, UNKNOWN];
  choices($("claim-offer"), offers.map((sku) => [sku, sku === UNKNOWN ? "unknown to the service" : sku]));
  const names = new Set(state.accounts.map((it) => it.name));
  choices($("account-names"), [...names].map((name) => [name, name]));
  keep($("accounts"), state.accounts, (it) => it.name, account);
}

function card(player) {
  const element = make("article", undefined, { "data-player": player.id });
  const head = make("h3", player.name);
  head.append(" ", make("code", player.id));
  const link = make("span", undefined, { class: "link" });
  const has = make("span", undefined, { class: "has" });
  const token = make("code", undefined, { class: "token" });
  let whole = player.token;
  const lines = make("p");
  lines.append(link, " ", has);
  const tokens = make("p", "Token ");
  tokens.append(token, " ", button("Copy", () => copy(whole, `the token of ${player.name}`), { "aria-label": `Copy the token of ${player.name}` }));
  // Where the studio's keys are not known here, only the studio can issue tokens.
  tokens.hidden = player.token === null;
  element.append(head, lines, tokens, buttons(player));
  element.update = (now) => {
    whole = now.token;
    say(token, `${(now.token ?? "").slice(0, 12)}…`);
    mark(link, "data-link", now.link);
    const words = LINKS[now.link] ?? now.link;
    say(link, now.account ? `${words}, account ${now.account}` : words);
    say(has, stock(now.entitlements));
  };
  return element;
}

function freeId(taken) {
  let number = taken.length + 1;
  while (taken.includes(`player-${number}`)) number += 1;
  return `player-${number}`;
}

function stock(entitlements) {
  const states = ["pending", "delivered", "reported", "held"];
  const parts = states.map((state) => [entitlements.filter((it) => it.status === state).length, state]);
  return parts.filter(([number]) => number > 0).map(([number, state]) => `${number} ${state}`).join(", ");
}

function buttons(player) {
  const row = make("form", undefined, { class: "row" });
  const id = `account-of-${player.id}`;
  const name = player.account ?? (player.name.toLowerCase().replace(/[^a-z0-9]+/g, "-") || "robin");
  const input = make("input", undefined, { id, required: "", maxlength: "100", autocomplete: "off", spellcheck: "false", list: "account-names" });
  input.value = name;
  const order = (what) => button(what[0].toUpperCase() + what.slice(1), () => act({ do: what, player: player.id }), { "data-do": what, "aria-label": `${what} ${player.name}` });
  row.append(
    make("label", "Amazon account", { for: id }), input,
    make("button", "Link", { "data-do": "link", "aria-label": `link ${player.name}` }),
    order("check"), order("confirm"), order("unlink"),
  );
  row.addEventListener("submit", (event) => {
    event.preventDefault();
    act({ do: "link", player: player.id, account: input.value.trim() });
  });
  return row;
}

// ---- Accounts -----------------------------------------------------------------------------------

function account(it) {
  const element = make("li");
  const list = make("ul");
  const total = make("span");
  const choose = button(it.name, () => {
    $("claim-account").value = it.name;
    $("claim-offer").focus();
  }, { title: "Choose this account" });
  element.append(choose, " ", total, list);
  element.update = (now) => {
    say(total, now.claimed.length > 0 ? count(now.claimed.length, "claim", "claims") : "has claimed nothing");
    keep(list, now.claimed, (claim) => claim.entitlement_id, claimed);
  };
  return element;
}

function claimed() {
  const element = make("li");
  element.update = (it) => {
    const open = it.instruction === "FULFILL" ? "not yet fulfilled" : `listed with ${it.instruction}`;
    const told = [open, "fulfilled"][it.fulfilled] ?? `fulfilled ${it.fulfilled} times`;
    mark(element, "data-fulfilled", it.fulfilled > 0);
    say(element, `${it.sku ?? "no SKU"} ${short(it.entitlement_id)}: ${told}`);
  };
  return element;
}

const atAmazon = () => ({ account: $("claim-account").value.trim(), sku: $("claim-offer").value });

$("claim").addEventListener("submit", (event) => {
  event.preventDefault();
  act({ do: "claim", ...atAmazon() });
});
$("withdraw").addEventListener("click", () => {
  if ($("claim").reportValidity()) act({ do: "withdraw", ...atAmazon() });
});
$("revoke").addEventListener("click", () => {
  if ($("claim").reportValidity()) act({ do: "revoke", account: atAmazon().account });
});

$("new-player").addEventListener("submit", async (event) => {
  event.preventDefault();
  const player = $("new-id").value.trim() || $("new-id").placeholder;
  if (await act({ do: "player", player, name: $("new-name").value.trim() })) {
    $("new-id").value = "";
    $("new-name").value = "";
  }
});
