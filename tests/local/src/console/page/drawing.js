// The drawing of an entitlement's life: a box for each state, and a dot for each entitlement. It is
// the drawing of docs/architecture.md.

import { keep, mark, say, short, svg } from "/console/dom.js";

const STATES = [
  { name: "claimed", title: "not yet seen", means: ["claimed at Amazon"] },
  { name: "pending", title: "pending", means: ["to be granted"] },
  { name: "delivered", title: "delivered", means: ["the game has it"] },
  { name: "reported", title: "reported", means: ["Amazon knows"] },
];
const HELD = { name: "held", title: "held", means: ["kept, and not handed out; choose one to see why"] };
const STEPS = ["check", "confirm", "report"];

const HEAD = 46;
const ROW = 26;
const LETTER = 6.7;
const WIDE = 620;

let root = null;

// Draws them into `box`. `choose` gets the key of a dot that is pressed.
export function draw(box, all, chosen, choose) {
  const width = Math.max(280, box.clientWidth);
  const numbers = new Map();
  const spots = all.map((it) => {
    const row = numbers.get(it.status) ?? 0;
    numbers.set(it.status, row + 1);
    return { ...it, row };
  });
  const height = (state) => HEAD + ROW * Math.max(1, numbers.get(state.name) ?? 0) + 6;
  const plan = width >= WIDE ? wide(width, height) : narrow(width, height);
  if (!root) begin(box);
  // Dots glide to another state, and not to where another window puts the same one.
  mark(root.svg, "class", width === root.width ? "" : "still");
  root.width = width;
  mark(root.svg, "viewBox", `0 0 ${width} ${plan.height}`);
  mark(root.svg, "height", plan.height);
  frame(plan);
  const boxes = new Map(plan.boxes.map((it) => [it.name, it]));
  keep(root.dots, spots.filter((it) => boxes.has(it.status)), (it) => it.key, (it) => dot(it, choose));
  for (const [index, it] of spots.filter((one) => boxes.has(one.status)).entries()) {
    place(root.dots.children[index], it, boxes.get(it.status), it.key === chosen);
  }
}

function begin(box) {
  root = { svg: svg("svg", { width: "100%", role: "group", "aria-label": "Entitlements by state" }), frame: svg("g"), dots: svg("g"), plan: "", width: 0 };
  root.svg.append(root.frame, root.dots);
  box.append(root.svg);
}

// ---- Where everything is --------------------------------------------------------------------------

function wide(width, height) {
  const gap = 54;
  const each = (width - 3 * gap - 2) / 4;
  const tall = Math.max(...STATES.map(height));
  const boxes = STATES.map((state, index) => ({ ...state, x: 1 + index * (each + gap), y: 1, w: each, h: tall }));
  const [claimed, pending] = boxes;
  const below = tall + 42;
  boxes.push({ ...HELD, x: 1, y: below, w: each * 2 + gap, h: height(HELD) });
  const arrows = STEPS.map((text, index) => {
    const from = boxes[index].x + each;
    return { from: [from + 3, 34], to: [from + gap - 4, 34], text, at: [from + gap / 2, 26], anchor: "middle" };
  });
  const middle = pending.x + each / 2;
  arrows.push(
    { from: [claimed.x + each / 2, tall + 4], to: [claimed.x + each / 2, below - 3], text: "not to be given", at: [claimed.x + each / 2 + 8, tall + 26], anchor: "start" },
    { from: [middle - 6, tall + 4], to: [middle - 6, below - 3] },
    { from: [middle + 6, below - 3], to: [middle + 6, tall + 4], text: "again", at: [middle + 14, tall + 26], anchor: "start" },
  );
  return { boxes, arrows, height: below + height(HELD) + 2 };
}

function narrow(width, height) {
  const gap = 30;
  const w = width - 34;
  const boxes = [];
  const arrows = [];
  let y = 1;
  STATES.forEach((state, index) => {
    const h = height(state);
    boxes.push({ ...state, x: 1, y, w, h });
    y += h + gap;
    if (index < STEPS.length) {
      arrows.push({ from: [w / 2, y - gap + 3], to: [w / 2, y - 3], text: STEPS[index], at: [w / 2 + 10, y - gap / 2 + 4], anchor: "start" });
    }
  });
  boxes.push({ ...HELD, means: ["kept, and not handed out"], x: 1, y, w, h: height(HELD) });
  // Beside the boxes: from the first two down to the last.
  const side = w + 22;
  const into = [w + 4, y + 20];
  for (const { name, y: top } of boxes.slice(0, 2)) {
    arrows.push({ from: [w + 4, top + 20], by: [[side, top + 20], [side, y + 20]], to: into, back: name === "pending" });
  }
  return { boxes, arrows, height: y + height(HELD) + 2 };
}

// ---- Boxes and arrows -----------------------------------------------------------------------------

function frame(plan) {
  const now = JSON.stringify(plan);
  if (root.plan === now) return;
  root.plan = now;
  const parts = [];
  for (const { name, title, means, x, y, w, h } of plan.boxes) {
    parts.push(
      svg("rect", { x, y, width: w, height: h, rx: 8, class: `box ${name}` }),
      svg("text", { x: x + 12, y: y + 20, class: "title" }, title),
      ...means.map((line) => svg("text", { x: x + 12, y: y + 36, class: "means" }, fit(line, w - 20, 5.8))),
    );
  }
  for (const { from, by = [], to, back, text, at, anchor } of plan.arrows) {
    const points = [from, ...by, to];
    parts.push(svg("polyline", { points: points.join(" "), class: "arrow" }), svg("path", { d: head(points.at(-2), to), class: "head" }));
    if (back) parts.push(svg("path", { d: head(points[1], from), class: "head" }));
    if (text) parts.push(svg("text", { x: at[0], y: at[1], "text-anchor": anchor, class: "step" }, text));
  }
  root.frame.replaceChildren(...parts);
}

// The point of an arrow that comes from `[a, b]`, along one of the axes.
function head([a, b], [x, y]) {
  const [dx, dy] = [Math.sign(x - a), Math.sign(y - b)];
  const corner = (side) => `${x - 8 * dx + 4 * side * dy} ${y - 8 * dy + 4 * side * dx}`;
  return `M${x} ${y} L${corner(1)} L${corner(-1)} Z`;
}

function fit(text, width, letter) {
  const most = Math.floor(width / letter);
  return text.length <= most ? text : `${text.slice(0, Math.max(1, most - 1))}…`;
}

// ---- Dots -------------------------------------------------------------------------------------------

function dot(it, choose) {
  const element = svg("g", { tabindex: "0", role: "button" });
  element.append(svg("rect", { x: 2, y: -12, height: 24, rx: 6, class: "row" }), svg("circle", { cx: 14, cy: 0, r: 6 }), svg("text", { x: 25, y: 4 }), svg("title"));
  const press = () => choose(it.key);
  element.addEventListener("click", press);
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    press();
  });
  return element;
}

function place(element, it, box, isChosen) {
  const [row, , text, title] = element.children;
  const sku = it.sku ?? "no SKU";
  const why = it.status === "held" && it.reason ? `, ${it.reason}` : "";
  const tail = ` ${short(it.entitlement_id)}`;
  const room = box.w - 30;
  say(text, fit(`${fit(sku, room - tail.length * LETTER, LETTER)}${tail}${why}`, room, LETTER));
  mark(row, "width", box.w - 4);
  mark(element, "class", `dot ${it.status}`);
  mark(element, "data-status", it.status);
  mark(element, "aria-pressed", isChosen);
  const whose = it.player?.name ?? it.claim?.account;
  const whole = `${sku}${tail} of ${whose}: ${it.status === "claimed" ? "not yet seen" : it.status}${why}`;
  say(title, whole);
  mark(element, "aria-label", whole);
  // The property, not the attribute, so that it glides there.
  element.style.transform = `translate(${box.x}px, ${box.y + HEAD + ROW * it.row + 12}px)`;
}
