// What was done so far, to be saved and played again.

import { $, keep, make } from "/console/dom.js";
import { copy, script, tell } from "/console/server.js";

const FILE = "console-script.json";

export function show(state) {
  const steps = state.script.map((action, index) => ({ action, index }));
  keep($("actions"), steps, ({ action, index }) => `${index} ${JSON.stringify(action)}`, step);
}

function step({ action }) {
  const { do: name, ...fields } = action;
  const word = (value) => (typeof value === "string" ? value : JSON.stringify(value));
  const element = make("li");
  const line = make("span");
  const rest = Object.entries(fields).map(([field, value]) => `${field} ${word(value)}`);
  line.append(make("b", name), ` ${rest.join(", ")}`);
  element.append(line);
  return element;
}

$("download").addEventListener("click", async () => {
  try {
    const link = make("a", "", { download: FILE });
    link.href = URL.createObjectURL(await script());
    link.click();
    URL.revokeObjectURL(link.href);
    tell(`Downloaded ${FILE}.`);
  } catch (error) {
    tell(`The script can't be had: ${error.message}`, true);
  }
});

$("copy-replay").addEventListener("click", () => copy($("replay").textContent, "the command"));
