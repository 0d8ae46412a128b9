/**
 * Style and script of the flame graph page. Plain JavaScript for browsers, kept as text because it is sent inside the
 * page; colours are from a palette that stays apart for the common kinds of colour blindness, and each kind of
 * function also differs in lightness.
 */
export const FLAME_STYLE = `
:root { color-scheme: light; --bg: #fff; --fg: #1b1b1b; --dim: #666; --line: #ddd; --hit: #000; }
:root[data-theme=dark] { color-scheme: dark; --bg: #16181d; --fg: #e8e8e8; --dim: #9aa0a6; --line: #333; --hit: #fff; }
body { margin: 0 12px 24px; background: var(--bg); color: var(--fg); font: 13px/1.4 system-ui, sans-serif; }
h1 { font-size: 16px; margin: 12px 0 0; } p { margin: 2px 0; color: var(--dim); }
#bar { display: flex; gap: 6px; flex-wrap: wrap; align-items: center; padding: 8px 0; position: sticky; top: 0; background: var(--bg); }
#bar button, #bar input { font: inherit; padding: 3px 8px; border: 1px solid var(--line); border-radius: 4px; background: var(--bg); color: var(--fg); }
#bar button[aria-pressed=true] { outline: 2px solid var(--dim); }
#legend { color: var(--dim); } #legend i { display: inline-block; width: 11px; height: 11px; margin: 0 4px 0 10px; vertical-align: -1px; border: 1px solid var(--dim); }
#status { min-height: 1.4em; font-variant-numeric: tabular-nums; }
canvas { display: block; width: 100%; cursor: pointer; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; } th, td { padding: 1px 10px 1px 0; text-align: right; } th { color: var(--dim); font-weight: normal; }
td:last-child, th:last-child { text-align: left; } summary { margin: 10px 0 4px; cursor: pointer; } #notes { color: var(--dim); }
`;

export const FLAME_SCRIPT = `
"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const canvas = byId("flame"), pen = canvas.getContext("2d"), status = byId("status");
const ROW = 19, MIN = 0.4;
const PALETTE = {
  light: { js: "#e9a13b", builtin: "#6db3e8", native: "#b9b9b9", wasm: "#c79bc9", gc: "#d55e00", idle: "#e4e4e4", program: "#d0d0d0", group: "#eeeeee" },
  dark: { js: "#b97a14", builtin: "#2f78ad", native: "#6b6b6b", wasm: "#8d5f90", gc: "#d55e00", idle: "#3a3a3a", program: "#4c4c4c", group: "#2c2f36" },
};
const NAMES = { js: "your code", builtin: "Node", native: "native", wasm: "wasm", gc: "garbage collector" };
const state = { invert: false, threads: true, focus: null, query: "" };
const diff = Boolean(data.before);

const stacks = [];
data.self.forEach((self, i) => {
  const before = diff ? data.before[i] : 0;
  if (self === 0 && before === 0) return;
  const path = [];
  for (let n = i; n > 0; n = data.parent[n]) path.push(data.frame[n]);
  stacks.push({ path: path.reverse(), self, before });
});
const hasGroups = data.frames.some((f, i) => i > 0 && f[2] === "group");
byId("threads").hidden = !hasGroups;
const sum = (key) => stacks.reduce((n, s) => n + s[key], 0);
const totals = { self: sum("self"), before: sum("before") };

function build() {
  const node = (frame, parent) => ({ frame, parent, total: 0, self: 0, before: 0, children: new Map() });
  const root = node(0, null);
  for (const s of stacks) {
    let path = state.threads && !state.invert ? s.path : s.path.filter((f) => data.frames[f][2] !== "group");
    if (state.invert) path = path.slice().reverse();
    let at = root;
    at.total += s.self; at.before += s.before;
    for (const f of path) {
      if (!at.children.has(f)) at.children.set(f, node(f, at));
      at = at.children.get(f);
      at.total += s.self; at.before += s.before;
    }
    at.self += s.self;
  }
  return root;
}

let root, boxes = [];
function rebuild() { root = build(); state.focus = root; draw(); }

const value = (n) => diff && totals.self === 0 ? n.before : n.total;
function layout() {
  boxes = [];
  const width = canvas.clientWidth;
  const chain = [];
  for (let n = state.focus; n; n = n.parent) chain.unshift(n);
  chain.forEach((n, depth) => boxes.push({ n, x: 0, w: width, depth, faded: n !== state.focus }));
  const place = (n, x, w, depth) => {
    let at = x;
    const kids = [...n.children.values()].sort((a, b) => label(a) < label(b) ? -1 : 1);
    for (const c of kids) {
      const cw = value(n) === 0 ? 0 : w * value(c) / value(n);
      if (cw >= MIN) { boxes.push({ n: c, x: at, w: cw, depth, faded: false }); place(c, at, cw, depth + 1); }
      at += cw;
    }
  };
  place(state.focus, 0, width, chain.length);
}

const frameOf = (n) => data.frames[n.frame];
const label = (n) => { const [name, place] = frameOf(n); return place ? name + " (" + place + ")" : name; };
const theme = () => document.documentElement.dataset.theme === "dark" ? "dark" : "light";
const share = (n, key) => totals[key === "total" ? "self" : "before"] ? n[key] / totals[key === "total" ? "self" : "before"] : 0;
const change = (n) => share(n, "total") - share(n, "before");

function colour(n) {
  if (!diff) return PALETTE[theme()][frameOf(n)[2]] || PALETTE[theme()].js;
  const c = change(n), strength = Math.min(1, Math.sqrt(Math.abs(c)) * 2);
  const base = theme() === "dark" ? [60, 62, 68] : [238, 238, 238];
  const target = c > 0 ? [213, 94, 0] : [0, 114, 178];
  return "rgb(" + base.map((b, i) => Math.round(b + (target[i] - b) * (Math.abs(c) < 0.001 ? 0 : strength))).join(",") + ")";
}

function matcher() {
  if (!state.query) return null;
  try { const r = new RegExp(state.query, "i"); return (n) => r.test(label(n)); }
  catch { const q = state.query.toLowerCase(); return (n) => label(n).toLowerCase().includes(q); }
}

function draw() {
  layout();
  const ratio = window.devicePixelRatio || 1;
  const height = (Math.max(...boxes.map((b) => b.depth)) + 1) * ROW;
  canvas.style.height = height + "px";
  canvas.width = canvas.clientWidth * ratio; canvas.height = height * ratio;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.font = "12px system-ui, sans-serif"; pen.textBaseline = "middle";
  const css = getComputedStyle(document.documentElement), match = matcher();
  for (const b of boxes) {
    const hit = match && match(b.n), y = b.depth * ROW;
    pen.globalAlpha = (match && !hit) ? 0.25 : b.faded ? 0.6 : 1;
    pen.fillStyle = colour(b.n);
    pen.fillRect(b.x, y, Math.max(b.w - 0.6, 0.4), ROW - 1);
    if (hit) { pen.strokeStyle = css.getPropertyValue("--hit"); pen.lineWidth = 1.5; pen.strokeRect(b.x + 0.75, y + 0.75, Math.max(b.w - 2.1, 0.4), ROW - 2.5); }
    if (b.w > 28) {
      pen.fillStyle = diff && Math.abs(change(b.n)) > 0.06 ? "#fff" : css.getPropertyValue("--fg");
      let text = label(b.n);
      if (diff) text = signed(change(b.n)) + " " + text;
      const room = Math.floor((b.w - 6) / 6.1);
      if (text.length > room) text = text.slice(0, Math.max(1, room - 1)) + "\\u2026";
      pen.fillText(text, b.x + 3, y + ROW / 2, b.w - 5);
    }
    pen.globalAlpha = 1;
  }
  if (match) status.textContent = "Matched: " + percent(matched(root, match) / (root.total || 1)) + " of all";
  else status.textContent = diff ? "Orange: more than before. Blue: less." : "";
  table(match);
}

function matched(n, match) {
  if (n !== root && match(n)) return n.total;
  let total = 0;
  for (const c of n.children.values()) total += matched(c, match);
  return total;
}

const percent = (x) => (100 * x).toFixed(x < 0.1 ? 2 : 1) + " %";
const signed = (x) => (x >= 0 ? "+" : "\\u2212") + percent(Math.abs(x));
function amount(x) {
  if (data.unit === "seconds") return x >= 1 ? x.toFixed(2) + " s" : (x * 1e3).toFixed(1) + " ms";
  if (data.unit === "bytes") return x >= 1e6 ? (x / 1e6).toFixed(1) + " MB" : (x / 1e3).toFixed(1) + " kB";
  return Math.round(x) + " samples";
}
function describe(n) {
  let text = label(n) + "  \\u2014  " + amount(n.total) + ", " + percent(n.total / (root.total || 1)) + " of all, own " + amount(n.self);
  if (diff) text += ", before " + percent(share(n, "before")) + " (" + signed(change(n)) + ")";
  return text;
}

function table(match) {
  const rows = new Map();
  for (const s of stacks) {
    const leaf = s.path[s.path.length - 1];
    for (const f of new Set(s.path)) {
      if (data.frames[f][2] === "group") continue;
      const row = rows.get(f) || { frame: f, own: 0, total: 0, before: 0 };
      row.total += s.self; if (f === leaf) { row.own += s.self; row.before += s.before; }
      rows.set(f, row);
    }
  }
  const list = [...rows.values()].filter((r) => !match || match(r)).sort((a, b) => b.own - a.own || b.total - a.total).slice(0, 25);
  const all = totals.self || 1;
  byId("table").replaceChildren(rowOf("th", ["own", "", "total", ""].concat(diff ? ["change"] : [], ["function"])),
    ...list.map((r) => rowOf("td", [percent(r.own / all), amount(r.own), percent(r.total / all), amount(r.total)]
      .concat(diff ? [signed(r.own / all - r.before / (totals.before || 1))] : [], [label(r)]))));
}
function rowOf(tag, texts) {
  const row = document.createElement("tr");
  for (const text of texts) { const cell = document.createElement(tag); cell.textContent = text; row.append(cell); }
  return row;
}

function boxAt(event) {
  const r = canvas.getBoundingClientRect(), x = event.clientX - r.left, depth = Math.floor((event.clientY - r.top) / ROW);
  return boxes.find((b) => b.depth === depth && x >= b.x && x < b.x + b.w);
}
function toggle(id, key) {
  state[key] = !state[key];
  byId(id).setAttribute("aria-pressed", String(state[key]));
  rebuild();
}
function reset() { state.focus = root; draw(); }
function flipTheme() { document.documentElement.dataset.theme = theme() === "dark" ? "light" : "dark"; legend(); draw(); }
function legend() {
  byId("legend").replaceChildren(...(diff ? [] : Object.keys(NAMES).filter((k) => data.frames.some((f) => f[2] === k)).map((k) => {
    const item = document.createElement("span"), box = document.createElement("i");
    box.style.background = PALETTE[theme()][k]; item.append(box, NAMES[k]); return item;
  })));
}

canvas.addEventListener("mousemove", (e) => { const b = boxAt(e); if (b) { status.textContent = describe(b.n); canvas.title = describe(b.n); } });
canvas.addEventListener("click", (e) => { const b = boxAt(e); if (b) { state.focus = b.n; draw(); status.textContent = describe(b.n); } });
byId("search").addEventListener("input", (e) => { state.query = e.target.value; draw(); });
byId("invert").addEventListener("click", () => toggle("invert", "invert"));
byId("threads").addEventListener("click", () => toggle("threads", "threads"));
byId("reset").addEventListener("click", reset);
byId("theme").addEventListener("click", flipTheme);
addEventListener("resize", draw);
addEventListener("keydown", (e) => {
  if (e.target.tagName === "INPUT") { if (e.key === "Escape") { e.target.value = ""; state.query = ""; e.target.blur(); draw(); } return; }
  if (e.ctrlKey || e.metaKey || e.altKey) return;
  if (e.key === "/") { e.preventDefault(); byId("search").focus(); }
  else if (e.key === "Escape") reset();
  else if (e.key === "i") toggle("invert", "invert");
  else if (e.key === "t" && hasGroups) toggle("threads", "threads");
  else if (e.key === "d") flipTheme();
});
document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
for (const part of location.hash.slice(1).split("&")) {
  const [key, text] = part.split("=");
  if (key === "theme") document.documentElement.dataset.theme = text;
  if (key === "search") { state.query = decodeURIComponent(text); byId("search").value = state.query; }
  if (key === "invert") { state.invert = true; byId("invert").setAttribute("aria-pressed", "true"); }
}
legend();
rebuild();
})();
`;
