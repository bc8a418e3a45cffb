// The requests, as they happen, with what each wrote.

import { $, button, make, mark, say } from "/console/dom.js";

const SERVICES = [["api", "API"], ["dynamodb", "DynamoDB"], ["lwa", "LWA"], ["prime_gaming", "Prime Gaming"], ["webhook", "Webhook"]];
const NAMES = new Map(SERVICES);
// A jump of the clock makes some hundred.
const MOST = 1000;

const list = $("feed-list");
const hidden = new Set();
let writesOnly = false;
let withReconcile = true;
let paused = [];
let left = false;

export function show(state) {
  left ||= state.feed_left;
  if (isPaused()) paused = [...paused, ...state.feed].slice(-MOST);
  else add(state.feed);
  note();
}

// A new server has entries of its own.
export function forget() {
  list.replaceChildren();
  paused = [];
  left = false;
}

function add(entries) {
  if (entries.length === 0) return;
  // It follows the newest, unless a person has scrolled away from there.
  const follows = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  list.append(...entries.map(line));
  while (list.childElementCount > MOST) {
    // While time passes reconcile looks for work each minute. That goes first.
    const idle = list.querySelector(":scope > [data-function=reconcile][data-writes=false]");
    (idle ?? list.firstElementChild).remove();
    left = true;
  }
  if (follows) list.scrollTop = list.scrollHeight;
}

function line(entry) {
  const { at, service, request, status, wrote, note: what } = entry;
  const element = make("li", undefined, { "data-service": service, "data-function": entry.function, "data-writes": wrote.length > 0 });
  // With HEAD a function only opens a connection, whatever the answer is.
  const isWell = status !== null && (status < 400 || request.startsWith("HEAD "));
  const answer = make("span", status ?? "no answer", { class: "status", "data-well": isWell });
  element.append(
    make("time", clock(at), { datetime: at }), " ",
    make("span", entry.function, { class: "function" }), " ",
    make("span", NAMES.get(service) ?? service, { class: "service" }), " ",
    make("code", request), " ", answer,
  );
  if (what) element.append(" ", make("strong", what));
  if (wrote.length > 0) {
    const writes = make("ul", undefined, { "aria-label": "It wrote" });
    writes.append(...wrote.map(row));
    element.append(writes);
  }
  element.hidden = !isShown(element);
  return element;
}

// In what is written to a row, its new state matters most.
function row(text) {
  const element = make("li");
  element.append(...text.split(/\b(status=\w+)/).map((part, index) => (index % 2 === 1 ? make("b", part) : part)));
  return element;
}

// RFC 3339 may leave out zeros at the end.
function clock(at) {
  const [seconds, fraction = ""] = at.slice(11, -1).split(".");
  return `${seconds}.${fraction.padEnd(3, "0").slice(0, 3)}`;
}

function isShown(element) {
  const { service, writes, function: name } = element.dataset;
  return !hidden.has(service) && (!writesOnly || writes === "true") && (withReconcile || name !== "reconcile");
}

function filter() {
  for (const element of list.children) element.hidden = !isShown(element);
  list.scrollTop = list.scrollHeight;
  note();
}

const isPaused = () => $("pause").getAttribute("aria-pressed") === "true";

function note() {
  const parts = [];
  if (isPaused()) parts.push(`Paused; ${paused.length} new.`);
  if (left) parts.push("Older ones are left out.");
  if (list.childElementCount === 0) parts.push("None yet.");
  else if (!list.querySelector(":scope > li:not([hidden])")) parts.push("What is chosen above hides them all.");
  say($("feed-note"), parts.join(" "));
}

// ---- The buttons above it ---------------------------------------------------------------------------

// `press` gives whether the button is pressed then.
function choice(text, isPressed, press, attributes) {
  const element = button(text, () => {
    mark(element, "aria-pressed", press());
    filter();
  }, { "aria-pressed": isPressed, ...attributes });
  $("pause").before(element);
}

for (const [service, name] of SERVICES) {
  const press = () => {
    if (!hidden.delete(service)) hidden.add(service);
    return !hidden.has(service);
  };
  choice(name, true, press, { "data-service": service });
}
choice("By reconcile", true, () => (withReconcile = !withReconcile), { id: "by-reconcile" });
choice("Only what wrote", false, () => (writesOnly = !writesOnly), { id: "writes-only" });

$("pause").addEventListener("click", () => {
  mark($("pause"), "aria-pressed", !isPaused());
  if (!isPaused()) {
    add(paused);
    paused = [];
  }
  note();
});
