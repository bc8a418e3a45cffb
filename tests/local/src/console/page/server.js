// Talking to the server: looking at the state, and doing something.

import { $, mark, say } from "/console/dom.js";

const OWN = { "x-console": "1" };
const SOON = 500;
const HIDDEN = 5000;
const GONE = 2000;

let shown = () => {};
let forget = () => {};
let after = 0;
let gone = false;
let timer = null;
let looking = false;
let again = false;

// Calls `show` with each new state, and `restart` if a new server may have other entries.
export function watch(show, restart) {
  shown = show;
  forget = restart;
  document.addEventListener("visibilitychange", refresh);
  refresh();
}

// Looks now, or once more if a look is under way: that one may have begun too early.
export function refresh() {
  clearTimeout(timer);
  if (looking) again = true;
  else look();
}

async function look() {
  looking = true;
  again = false;
  let state = null;
  try {
    const answer = await fetch(`/console/api/state?after=${after}`, { headers: OWN });
    if (!answer.ok) throw new Error(`it answered ${answer.status}`);
    state = await answer.json();
  } catch (error) {
    missing(error);
  }
  looking = false;
  // After a silence it may be another server, whose feed begins anew.
  const isAnew = state && gone && after > 0;
  if (state) found();
  if (isAnew) {
    after = 0;
    forget();
  }
  timer = setTimeout(look, again || isAnew ? 0 : gone ? GONE : document.hidden ? HIDDEN : SOON);
  if (!state || isAnew) return;
  after = state.feed.at(-1)?.number ?? after;
  shown(state);
}

function missing(error) {
  gone = true;
  $("gone").hidden = false;
  say($("gone"), `The server can't be asked (${error.message}). If it has ended, start it again: cargo run -p local. This page goes on by itself.`);
}

function found() {
  gone = false;
  $("gone").hidden = true;
  say($("gone"), "");
}

// Says it where every answer is said.
export function tell(text, isWrong = false) {
  say($("said"), text);
  mark($("said"), "class", isWrong ? "wrong" : "");
}

const running = new Set();

// Carries out one action, and says what came of it. A second press meanwhile does nothing.
export async function act(action) {
  const body = JSON.stringify(action);
  if (running.has(body)) return false;
  running.add(body);
  mark($("said"), "aria-busy", true);
  let ok = false;
  try {
    const headers = { ...OWN, "content-type": "application/json" };
    const answer = await fetch("/console/api/act", { method: "POST", headers, body });
    const told = await answer.json();
    ok = told.ok;
    tell(told.said, !ok);
  } catch (error) {
    tell(`The server did not answer: ${error.message}`, true);
  }
  running.delete(body);
  mark($("said"), "aria-busy", running.size > 0);
  refresh();
  return ok;
}

// The script as the server keeps it. A link could not send the header.
export async function script() {
  const answer = await fetch("/console/api/script", { headers: OWN });
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
  return answer.blob();
}

export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    tell(`Copied ${what}.`);
  } catch {
    tell(`The browser does not let this page copy ${what}.`, true);
  }
}
