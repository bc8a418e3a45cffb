// The ways in which Amazon fails, as switches, and how it behaves otherwise.

import { $, choices, keep, make, mark, say, toggle } from "/console/dom.js";
import { act } from "/console/server.js";

const status = (code, retry_after = null) => ({ status: { status: code, body: "", retry_after } });
const oauth = (error) => ({ o_auth_error: { error, description: "" } });

const COMMON = {
  "is down (503)": status(503),
  "throttles (429, retry after 60 s)": status(429, 60),
  "fails (500)": status(500),
  "is silent": { stall: 60_000 },
  "is slow (2 s)": { stall: 2_000 },
  "closes the connection": "reset",
  "breaks off half-way": "truncated",
  "takes it, and the answer is lost": { after_effect: "reset" },
  "answers with a page of HTML": "not_json",
  "answers with 20 MB": { huge: 20_000_000 },
};
const REFUSED = { "refuses the token (401)": status(401), "forbids it (403)": status(403) };
const ENDPOINTS = [
  ["authorize", "Consent page", { "is down (503)": status(503), "says access_denied": oauth("access_denied"), "says server_error": oauth("server_error"), "closes the connection": "reset" }],
  ["token", "Tokens", { "says invalid_grant": oauth("invalid_grant"), "says invalid_client": oauth("invalid_client"), "says ServerError": oauth("ServerError"), ...COMMON }],
  ["token_info", "Token info", { ...COMMON, ...REFUSED }],
  ["profile", "Profile", { ...COMMON, ...REFUSED }],
  ["codepair", "Code for a device", COMMON],
  ["entitlements", "List of entitlements", { ...COMMON, ...REFUSED }],
  ["fulfill", "Report (fulfill)", {
    ...COMMON, ...REFUSED,
    "says ERROR for each item": { item_result: "ERROR" },
    "says a new word for each item": { item_result: "A_NEW_WORD" },
    "does not name the item": "missing_item",
  }],
];
// The most that the server takes: they do not run out.
const ALL = 1000;

const BEHAVIOURS = [
  ["rotate_refresh_tokens", "A refresh gives a new refresh token, and the old one dies"],
  ["omit_refresh_token", "Answers with tokens have no refresh token"],
  ["noop_after_fulfillment", "Fulfilled entitlements stay in the list, as NOOP"],
];
const LIVES = [[60, "a minute"], [300, "5 minutes"], [3600, "an hour"]];

let waiting = [];
let behaviour = {};

export function show(state) {
  waiting = state.faults;
  // Without the stand-in there is nothing to switch.
  behaviour = state.behaviour ?? {};
  keep($("faults"), ENDPOINTS, ([name]) => name, row);
  keep($("behaviours"), BEHAVIOURS, ([name]) => name, ([name, text]) => {
    const element = toggle(text, (on) => act({ do: "behave", change: { [name]: on } }), { "data-behaviour": name });
    element.update = () => mark(element, "aria-checked", behaviour[name] ?? false);
    return element;
  });
  lives(behaviour.access_token_seconds ?? 3600);
}

// ---- One endpoint -----------------------------------------------------------------------------------

function row([endpoint, text, faults]) {
  const element = make("div", undefined, { class: "row fault" });
  const id = `fault-of-${endpoint}`;
  const select = make("select", undefined, { id, "aria-label": `${text}: what it does` });
  choices(select, Object.keys(faults).map((name) => [name, name]));
  const on = () => act({ do: "fault", endpoint, fault: faults[select.value], times: Number(document.querySelector("[name=times]:checked").value) });
  const flip = toggle(text, (isOn) => (isOn ? on() : off(endpoint)), { "data-fault": endpoint });
  const now = make("span", undefined, { class: "now" });
  element.append(flip, select, now);
  element.update = () => {
    const mine = waiting.filter((it) => it.endpoint === endpoint);
    mark(flip, "aria-checked", mine.length > 0);
    say(now, mine.map((it) => left(it, faults)).join("; then "));
  };
  return element;
}

function left({ fault, times }, faults) {
  const name = Object.keys(faults).find((it) => flat(faults[it]) === flat(fault)) ?? JSON.stringify(fault);
  return times > ALL / 2 ? `${name}, until switched off` : `${name}, ${times} more`;
}

// Two alike are alike whatever the order of their fields.
function flat(value) {
  if (value === null || typeof value !== "object") return `${value}`;
  return Object.entries(value).sort().map(([name, part]) => `${name}(${flat(part)})`).join();
}

// There is only an action that drops them all, so the others are switched on again.
async function off(endpoint) {
  const others = waiting.filter((it) => it.endpoint !== endpoint);
  await act({ do: "clear_faults" });
  for (const { endpoint: other, fault, times } of others) await act({ do: "fault", endpoint: other, fault, times });
}

$("clear-faults").addEventListener("click", () => act({ do: "clear_faults" }));

// ---- Behaviour ----------------------------------------------------------------------------------------

function lives(seconds) {
  const known = LIVES.some(([value]) => value === seconds);
  choices($("token-life"), known ? LIVES : [...LIVES, [seconds, `${seconds} s`]]);
  // While it is open, it shows what is being chosen.
  if (document.activeElement !== $("token-life")) $("token-life").value = seconds;
}

$("token-life").addEventListener("change", () => act({ do: "behave", change: { access_token_seconds: Number($("token-life").value) } }));
