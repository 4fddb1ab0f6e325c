/* One line of a log as an element. */

import { findLinks, findMarks, parseLine, pieces } from "./log_text.js";

const MAX_CHARACTERS = 4000; // of a line at first: longer lines make scrolling slow

const CLOCK = new Intl.DateTimeFormat("en-GB", {
  year: "numeric", month: "2-digit", day: "2-digit",
  hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});

/* Draw a line; `raw` is undefined until it is loaded. */
export function drawRow(line, raw, display) {
  const row = make("div", "log-row");
  row.dataset.line = line;
  const [first, last] = display.chosen;
  if (first <= line && line <= last) row.setAttribute("aria-current", "true");
  const number = make("a", "log-number", String(line));
  number.href = `${display.address}&line=L${line}`;
  number.tabIndex = -1; // the field "Go to line" serves keyboards
  row.append(number);
  if (raw === undefined) {
    row.append(make("span", "log-line log-awaited", "…"));
    return row;
  }
  const parts = display.parts.get(line);
  const parsed = parseLine(parts ? raw + parts.more.join("") : raw);
  if (parsed.kind) row.dataset.kind = parsed.kind;
  row.append(drawFold(display.folds.get(line), parsed.text), drawTime(parsed.time), drawText(line, parsed, display));
  return row;
}

function drawFold(isFolded, title) {
  if (isFolded === undefined) return make("span", "log-gap");
  const button = make("button", "log-fold");
  button.type = "button";
  button.setAttribute("aria-expanded", String(!isFolded));
  button.setAttribute("aria-label", title || "Group");
  button.innerHTML = '<svg class="icon" aria-hidden="true"><use href="#icon-next"></use></svg>';
  return button;
}

function drawTime(time) {
  const node = make("time", "log-time");
  const moment = time && new Date(time.replace(/(\.\d{3})\d*/, "$1"));
  if (time && Number.isNaN(moment.getTime())) node.textContent = time;
  else if (time) {
    const parts = Object.fromEntries(CLOCK.formatToParts(moment).map((each) => [each.type, each.value]));
    node.append(
      make("span", "log-date", `${parts.year}-${parts.month}-${parts.day} `),
      `${parts.hour}:${parts.minute}:${parts.second}`,
      make("span", "log-date", ` ${parts.timeZoneName}`),
    );
    node.title = `${moment.toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" })} (${time})`;
    node.dateTime = moment.toISOString();
  }
  return node;
}

function drawText(line, parsed, display) {
  const node = make("span", "log-line");
  const parts = display.parts.get(line);
  const whole = parsed.text;
  const isCut = whole.length > MAX_CHARACTERS && !display.expanded.has(line);
  const text = isCut ? whole.slice(0, MAX_CHARACTERS) : whole;
  const missing = parts ? parts.total - parts.more.length - 1 : 0;
  const marks = findMarks(text, display.searched);
  for (const piece of pieces(text, parsed.styles, marks, findLinks(text))) {
    const drawn = !piece.style && !piece.isMarked ? piece.text : drawPiece(piece);
    if (piece.link) node.append(drawLink(piece.link, drawn));
    else node.append(drawn);
  }
  if (isCut || missing) {
    const count = (whole.length - text.length).toLocaleString("en");
    const more = make("button", "log-more", missing ? "… show more of this line" : `… ${count} more characters`);
    more.type = "button";
    node.append(more);
  }
  return node;
}

function drawLink(address, drawn) {
  const node = make("a", "log-link");
  node.href = address;
  node.target = "_blank";
  node.rel = "noreferrer noopener";
  node.append(drawn);
  return node;
}

function drawPiece({ text, style, isMarked }) {
  const node = make(isMarked ? "mark" : "span", "", text);
  const { colour, background, ...switches } = style || {};
  node.className = Object.keys(switches).map((name) => `ansi-${name}`).join(" ");
  if (colour !== undefined) node.style.color = readable(colour, "50%", "var(--text)");
  if (background !== undefined && !isMarked) node.style.background = readable(background, "30%", "var(--surface)");
  return node;
}

/* Mix a color with the theme's, so that it is readable in light and dark. */
function readable(colour, share, own) {
  return typeof colour === "number" ? `color-mix(in oklab, var(--ansi-${colour}) ${own === "var(--text)" ? "100%" : share}, ${own})`
    : `color-mix(in oklab, ${colour} ${share}, ${own})`;
}

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}
