// Building the page, and changing it in place. Data is set as text, never as HTML.

export const $ = (id) => document.getElementById(id);

export function make(name, text, attributes = {}) {
  const element = document.createElement(name);
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  return element;
}

export function svg(name, attributes = {}, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

export function button(text, act, attributes = {}) {
  const element = make("button", text, { type: "button", ...attributes });
  element.addEventListener("click", act);
  return element;
}

// A switch has its text beside it. `flip` is told whether it is to be on.
export function toggle(text, flip, attributes = {}) {
  const element = make("button", undefined, { type: "button", role: "switch", "aria-checked": "false", ...attributes });
  element.append(make("span", undefined, { class: "slide" }), make("span", text));
  element.addEventListener("click", () => flip(element.getAttribute("aria-checked") !== "true"));
  return element;
}

// A text that is already there is left alone: what is set anew is read out anew.
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function mark(element, attribute, value) {
  if (element.getAttribute(attribute) !== `${value}`) element.setAttribute(attribute, value);
}

// Shows an item by each child of `box`. A child whose item is still there stays where it is, and
// with it the focus and what was typed. `create` makes a child; its `update` gets the item.
export function keep(box, items, keyOf, create) {
  const keys = new Set(items.map((item) => `${keyOf(item)}`));
  const old = new Map();
  for (const child of [...box.children]) {
    if (keys.has(child.dataset.key)) old.set(child.dataset.key, child);
    else child.remove();
  }
  let place = box.firstElementChild;
  for (const item of items) {
    const key = `${keyOf(item)}`;
    let child = old.get(key);
    if (!child) {
      child = create(item);
      child.dataset.key = key;
    }
    if (child === place) place = place.nextElementSibling;
    else box.insertBefore(child, place);
    child.update?.(item);
  }
}

// The same for the options of a select.
export function choices(select, values) {
  keep(select, values, ([value]) => value, ([value, text]) => make("option", text, { value }));
}

// Enough to tell a handful apart.
export const short = (id) => id.slice(0, 4);

export function count(number, one, many) {
  return `${number} ${number === 1 ? one : many}`;
}
