// The alarms of template.yaml, as CloudWatch would compute them.

import { $, count, keep, make, mark, say } from "/console/dom.js";

const STATES = { OK: "quiet", ALARM: "rings", INSUFFICIENT_DATA: "no data" };

export function show(state) {
  const ringing = state.alarms.filter((it) => it.state === "ALARM");
  mark($("ringing"), "data-lit", ringing.length > 0);
  say($("ringing"), ringing.length > 0 ? `${count(ringing.length, "alarm rings", "alarms ring")}: ${ringing.map((it) => it.name).join(", ")}.` : `None of ${state.alarms.length} rings. They are computed for each whole minute; move the clock to see them.`);
  keep($("alarm-list"), state.alarms, (it) => it.name, alarm);
}

// It opens when the alarm begins to ring, and a person may close it.
function alarm(it) {
  const element = make("details");
  const is = make("span", undefined, { class: "is" });
  const head = make("summary");
  head.append(make("span", undefined, { class: "bulb", "aria-hidden": "true" }), make("span", it.name), " ", is);
  element.append(head, make("p", it.description));
  let before = null;
  element.update = (now) => {
    mark(element, "data-state", now.state);
    say(is, STATES[now.state] ?? now.state);
    if (now.state !== before && (now.state === "ALARM" || before === "ALARM")) element.open = now.state === "ALARM";
    before = now.state;
  };
  return element;
}
