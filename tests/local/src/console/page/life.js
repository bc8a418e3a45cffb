// Which entitlements there are, in which state each is, and what is known of the chosen one.

import { draw } from "/console/drawing.js";
import { $, button, keep, make, say } from "/console/dom.js";
import { copy } from "/console/server.js";

const REASONS = {
  unknown_offer: "the service does not have this offer",
  unknown_instruction: "Amazon sent an instruction that the service does not know",
  withdrawn: "Amazon took it back before the game had it",
  offer_paused: "an operator has paused the offer",
  duplicate_offer: "the player has had this offer as often as it may be had",
  other_player: "it was handed to another player before",
  delivery_refused: "the game's webhook refused it",
  delivery_unknown: "the webhook was called, and nobody knows whether the game has it",
  operator: "an operator holds it",
};
const TIMES = ["no", "once", "twice"];

let chosen = null;
let all = [];

export function show(state) {
  all = gather(state);
  redraw();
}

function redraw() {
  draw($("drawing"), all, chosen, choose);
  details(all.find((it) => it.key === chosen));
}

function choose(key) {
  chosen = chosen === key ? null : key;
  redraw();
}

// What players have, then what accounts have claimed and no player has. An entitlement that two
// players have (the second one's is held) is there twice; its first dot keeps the plain id, so that
// a claim's dot moves on when the service sees it.
function gather(state) {
  const claims = new Map();
  for (const account of state.accounts) {
    for (const it of account.claimed) claims.set(it.entitlement_id, { account: account.name, ...it });
  }
  const found = [];
  const known = new Set();
  for (const player of state.players) {
    for (const it of player.entitlements) {
      const id = it.entitlement_id;
      const key = known.has(id) ? `${id} ${player.id}` : id;
      known.add(id);
      found.push({ ...it, key, player, claim: claims.get(id) });
    }
  }
  for (const [id, claim] of claims) {
    if (!known.has(id)) found.push({ entitlement_id: id, sku: claim.sku, status: "claimed", key: id, claim });
  }
  return found;
}

// ---- The chosen one -------------------------------------------------------------------------------

function details(it) {
  const box = $("details");
  if (!it) {
    if (!box.querySelector("p")) box.replaceChildren(make("p", "Choose a dot to see what it is."));
    return;
  }
  keep(box, [it], (one) => one.key, () => {
    const list = make("dl");
    list.update = (now) => keep(list, facts(now).filter(([, value]) => value !== undefined), ([name]) => name, fact);
    return list;
  });
}

function facts(it) {
  const { player, claim } = it;
  const fulfilled = claim && (TIMES[claim.fulfilled] ?? `${claim.fulfilled} times`);
  const state = { claimed: "claimed at Amazon; the service has not seen it" }[it.status] ?? it.status;
  return [
    ["State", it.reason ? `${state}: ${REASONS[it.reason] ?? it.reason} (${it.reason})` : state],
    ["Entitlement", it.entitlement_id],
    ["Offer (SKU)", it.sku ?? "none"],
    ["Player", player ? `${player.name} (${player.id})` : "none yet"],
    ["Amazon account", claim?.account ?? player?.account ?? undefined],
    ["The game granted it", player && (TIMES[it.granted] ?? `${it.granted} times`)],
    ["The game confirmed it", player && (it.confirmed ? "yes" : "no")],
    ["Amazon lists it with", claim?.fulfilled === 0 ? claim.instruction : undefined],
    ["Amazon was told", fulfilled],
  ];
}

function fact([name]) {
  const element = make("div");
  const value = make("dd");
  const text = make("span");
  value.append(text);
  if (name === "Entitlement") value.append(" ", button("Copy", () => copy(text.textContent, "the entitlement's id"), { "aria-label": "Copy the entitlement's id" }));
  element.append(make("dt", name), value);
  element.update = ([, now]) => say(text, now);
  return element;
}

new ResizeObserver(redraw).observe($("drawing"));
