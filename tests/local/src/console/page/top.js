// The lamps and the clock.

import { $, count, keep, make, mark, say } from "/console/dom.js";
import { act } from "/console/server.js";

const UNITS = [["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];

export function show(state) {
  lamp($("lost"), state.lost);
  lamp($("doubled"), state.doubled);
  const lit = [["LOST", state.lost], ["DOUBLED", state.doubled]].filter(([, why]) => why.length > 0);
  document.title = lit.length > 0 ? `${lit.map(([name]) => name).join(", ")}: console` : "Console";
  say($("now"), `${state.now.slice(0, 10)} ${state.now.slice(11, 19)} UTC`);
  mark($("now"), "datetime", state.now);
  say($("forwarded"), state.forwarded_seconds > 0 ? `${span(state.forwarded_seconds)} ahead` : "");
  place(state);
  keep($("limits"), state.limits, (it) => it, (it) => make("li", it));
}

function lamp(element, sentences) {
  const isLit = sentences.length > 0;
  mark(element, "data-lit", isLit);
  say(element.querySelector(".is"), isLit ? "is lit" : "dark");
  keep(element.querySelector("ul"), sentences, (it) => it, (it) => make("li", it));
}

function span(seconds) {
  let left = seconds;
  const parts = [];
  for (const [unit, length] of UNITS) {
    const number = Math.floor(left / length);
    left -= number * length;
    if (number > 0) parts.push(count(number, unit, `${unit}s`));
  }
  return parts.join(", ") || "less than a minute";
}

function place(state) {
  const delivery = state.delivery === "webhook" ? "by webhook" : "the game confirms";
  const facts = [["The API", state.api, state.api], ["Amazon, stand-in", state.amazon, state.amazon], ["Delivery", delivery]];
  keep($("place"), facts.filter(([, text]) => text), ([name, text]) => `${name} ${text}`, ([name, text, url]) => {
    const part = make("span", `${name}: `);
    if (url) part.append(make("a", text.replace(/^http:\/\/|\/$/g, ""), { href: url, target: "_blank", rel: "noreferrer" }));
    else part.append(text);
    part.append(". ");
    return part;
  });
}

for (const button of document.querySelectorAll("[data-forward]")) {
  button.addEventListener("click", () => act({ do: "forward", seconds: Number(button.dataset.forward) }));
}
$("reconcile").addEventListener("click", () => act({ do: "reconcile" }));
