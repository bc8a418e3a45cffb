// Disturbing a function at one of its requests, and the mistakes that a game can make.

import { $, choices, keep, mark, say, toggle } from "/console/dom.js";
import { act } from "/console/server.js";

const MODES = [
  ["killed_before", "the process is killed, the request never arrives"],
  ["killed_after", "the request has its effect, then the process is killed"],
  ["timed_out_before", "the request never arrives, the time limit passes"],
  ["timed_out_after", "the request has its effect, the time limit passes"],
  ["request_lost", "the request is lost, the process lives"],
  ["answer_lost", "the request has its effect, its answer is lost"],
  ["cut_off", "from there on no request arrives"],
  ["unheard", "from there on no answer comes"],
];
// The text of a mistake, and the field that is then false.
const MISTAKES = [
  ["saves_before_confirming", "It confirms before it has saved what it granted"],
  ["grants_once_per_id", "It grants again what it has granted under this id"],
];

let game = {};

export function show(state) {
  choices($("kill-function"), state.functions.map((name) => [name, name]));
  choices($("kill-mode"), MODES);
  if (!began) begin(state.functions);
  armed(state.kill);
  game = state.game;
  keep($("mistakes"), MISTAKES, ([field]) => field, ([field, text]) => {
    const element = toggle(text, (on) => act({ do: "game", ...game, [field]: !on }), { "data-mistake": field });
    element.update = () => mark(element, "aria-checked", !game[field]);
    return element;
  });
}

let began = false;

// A check is what most people want to see killed.
function begin(functions) {
  began = true;
  if (functions.includes("entitlements")) $("kill-function").value = "entitlements";
}

function armed(kill) {
  mark($("armed"), "data-armed", kill !== null);
  const [, what] = MODES.find(([mode]) => mode === kill?.mode) ?? [];
  say($("armed"), kill ? `Armed: in the next invocation of ${kill.function}, at request ${kill.at}, ${what ?? kill.mode}.` : "Nothing is armed.");
  mark($("spare"), "aria-disabled", kill === null);
}

$("kill").addEventListener("submit", (event) => {
  event.preventDefault();
  act({ do: "kill", function: $("kill-function").value, at: Number($("kill-at").value), mode: $("kill-mode").value });
});
$("spare").addEventListener("click", () => {
  if ($("spare").getAttribute("aria-disabled") !== "true") act({ do: "spare" });
});
